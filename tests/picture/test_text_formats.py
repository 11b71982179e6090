"""Mermaid and Graphviz: everything is there once, and a name is only ever text."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from collections import Counter

import pytest
from hypothesis import given, settings

import taktora
from taktora.errors import InvalidArgument, WrongType
from taktora.picture import FORMATS, render, to_dot, to_mermaid, to_svg
from taktora.picture.measure import visible
from taktora.topology import ChannelNode, Edge, Node, Topology, TriggerNode
from tests.picture.strategies import topologies

MIXED = Topology(
    "cell 7",
    [
        Node("camera", triggers=[TriggerNode("interval", None, 33_000_000)]),
        Node("see", "chain", triggers=[TriggerNode("subscriber", "frames")]),
        Node("resize", "node", composition="see"),
        Node("detect", "node", composition="see"),
        Node("guard", "actor"),
    ],
    [
        Edge("camera", "frames", "publishes"),
        Edge("frames", "see", "wakes"),
        Edge("resize", "detect", "next"),
        Edge("detect", "query", "publishes"),
        Edge("guard", "see", "watches"),
    ],
    [ChannelNode("frames", "channel", "Frame"), ChannelNode("query", "service", "A -> B")],
)


def titles(topology: Topology) -> Counter[str]:
    """The first line of every label there should be."""
    return Counter(
        [visible(node.label) for node in topology.nodes]
        + [visible(channel.id) for channel in topology.channels]
    )


def named(topology: Topology) -> dict[str, list[tuple[str, str]]]:
    """Edges as pairs of short names, by kind."""
    found: dict[str, list[tuple[str, str]]] = {}
    nodes = {node.id: f"n{i}" for i, node in enumerate(topology.nodes)}
    channels = {channel.id: f"c{i}" for i, channel in enumerate(topology.channels)}
    for edge in topology.edges:
        source, target = topology.ends(edge)
        pair = tuple(
            nodes[end.id] if isinstance(end, Node) else channels[end.id] for end in (source, target)
        )
        found.setdefault(edge.kind, []).append((pair[0], pair[1]))
    return found


# --- Mermaid --------------------------------------------------------------------------------------

MERMAID_LINE = re.compile(
    r"""flowchart\ LR | ---
    | title:\ "([^"\\]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*"
    | \ +subgraph\ n\d+\["(?P<frame>[^"]*)"\] | \ +end
    | \ +[nc]\d+(\[|\(\[|\{\{)"(?P<label>[^"]*)"(\]|\]\)|\}\})
    | \ +(?P<source>[nc]\d+)\ (-->|-\.->)\ (?P<target>[nc]\d+)
    | \ +classDef\ \w+Look\ [\w:#,\-\ ]+ | \ +class\ [nc\d,]+\ \w+Look | \ +linkStyle\ [\d,]+\ stroke:\#\w+
    """,
    re.VERBOSE,
)


@pytest.mark.rule("TOPO-27", "TOPO-28")
@given(topologies())
def test_mermaid_holds_everything_once_and_nothing_that_it_could_take_for_its_own(
    topology: Topology,
) -> None:
    labels: list[str] = []
    joined: list[tuple[str, str]] = []
    depth = 0
    for line in to_mermaid(topology).splitlines():
        found = MERMAID_LINE.fullmatch(line)
        assert found, line
        depth += line.strip().startswith("subgraph ") - (line.strip() == "end")
        assert depth >= 0
        label = found["frame"] if found["frame"] is not None else found["label"]
        if label is not None:
            for part in label.split("<br/>"):
                assert re.fullmatch(r"(#\d+;|[^\W_]|(?<=[^\W_])[ /_-](?=[^\W_]))*", part), part
            first = label.split("<br/>")[0]
            labels.append(re.sub(r"#(\d+);", lambda code: chr(int(code[1])), first))
        if found["source"]:
            joined.append((found["source"], found["target"]))
    assert depth == 0
    assert Counter(labels) == titles(topology)
    assert Counter(joined) == Counter(pair for pairs in named(topology).values() for pair in pairs)


@pytest.mark.rule("TOPO-28")
def test_mermaid_of_a_small_cell() -> None:
    assert to_mermaid(MIXED).splitlines()[:18] == [
        "---",
        'title: "cell 7"',
        "---",
        "flowchart LR",
        '    n0["camera<br/>every 33 ms"]',
        '    subgraph n1["see<br/>chain<br/>on frames"]',
        '        n2["resize"]',
        '        n3["detect"]',
        "    end",
        '    n4["guard<br/>actor"]',
        '    c0(["frames<br/>Frame"])',
        '    c1{{"query<br/>service#32;#183;#32;A#32;#45;#62;#32;B"}}',
        "    n0 --> c0",
        "    c0 --> n1",
        "    n2 --> n3",
        "    n3 --> c1",
        "    n4 -.-> n1",
        "    classDef itemLook fill:#f8fafc,stroke:#475569,color:#0f172a",
    ]


# --- Graphviz -------------------------------------------------------------------------------------

QUOTED = r'"(?:[^"\\]|\\.)*"'


def unquoted(text: str) -> list[str]:
    """What Graphviz shows for a quoted string, line by line."""
    lines = [""]
    for found in re.finditer(r"\\(.)|([^\\])", text):
        if found[1] == "n":
            lines.append("")
        else:
            lines[-1] += found[1] or found[2]
    return list(map(html.unescape, lines))


@pytest.mark.rule("TOPO-27", "TOPO-28")
@given(topologies())
def test_dot_holds_everything_once_and_every_name_is_quoted(topology: Topology) -> None:
    text = to_dot(topology)
    bare = re.sub(QUOTED, '""', text)
    assert re.fullmatch(r'[\w\s{}\[\]=,;.">-]*', bare), bare
    assert bare.count("{") == bare.count("}")
    assert text.isascii() or all(char.isprintable() or char == "\n" for char in text)
    labels = [
        unquoted(label[1:-1])[0]
        for label in re.findall(rf"\[label=({QUOTED})|(?<=    )label=({QUOTED}); style", text)
        for label in label
        if label
    ]
    assert Counter(labels) == titles(topology)
    edges = re.findall(
        r"^    ([nc]\d+) -> ([nc]\d+) \[.*?(?:ltail=cluster_(n\d+))?(?:, )?(?:lhead=cluster_(n\d+))?\];$",
        text,
        re.MULTILINE,
    )
    assert Counter((tail or source, head or target) for source, target, tail, head in edges) == (
        Counter(pair for pairs in named(topology).values() for pair in pairs)
    )


@pytest.mark.rule("TOPO-28")
@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@given(topologies())
@settings(max_examples=15, deadline=None)
def test_graphviz_accepts_it(topology: Topology) -> None:
    done = subprocess.run(
        ["dot", "-Tcanon"], input=to_dot(topology), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- render ---------------------------------------------------------------------------------------


@pytest.mark.rule("TOPO-29")
def test_render_makes_every_format_and_refuses_others() -> None:
    assert FORMATS == ("svg", "mmd", "dot")
    assert [render(MIXED, name) for name in FORMATS] == [
        to_svg(MIXED),
        to_mermaid(MIXED),
        to_dot(MIXED),
    ]
    with pytest.raises(InvalidArgument, match="svg, mmd, dot, not 'png'"):
        render(MIXED, "png")
    not_one: taktora.Topology = "cell 7"  # type: ignore[assignment]
    with pytest.raises(WrongType, match=r"executor\.topology"):
        render(not_one)
