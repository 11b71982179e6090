"""The SVG picture, judged by what its text says, over random topologies."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taktora.picture import to_svg
from taktora.picture.measure import visible, width
from taktora.topology import ChannelNode, Edge, Node, Topology, TriggerNode
from tests.picture.reading import Box, Picture
from tests.picture.strategies import topologies

ROUNDING = 0.11  # coordinates have one decimal


def ring(length: int) -> Topology:
    """Items that wake each other in a circle."""
    nodes = [Node(f"item {i}") for i in range(length)]
    channels = [ChannelNode(f"channel {i}") for i in range(length)]
    edges = [Edge(f"item {i}", f"channel {i}", "publishes") for i in range(length)]
    edges += [Edge(f"channel {i}", f"item {(i + 1) % length}", "wakes") for i in range(length)]
    return Topology("ring", nodes, edges, channels)


def line_of_30() -> Topology:
    """Thirty items with long names, each with a channel that up to three others wake on."""
    nodes, edges = [], []
    for i in range(30):
        subscribed = sorted({i // 2, i // 3, i // 5} - {i}) if i else []
        nodes.append(
            Node(
                f"plant/cell-{i}/axis-controller-with-a-name-that-nobody-can-read/{i}",
                triggers=[
                    TriggerNode("interval", None, 10**6 * (i + 1)),
                    *(TriggerNode("subscriber", f"plant/state/{j}") for j in subscribed),
                ],
            )
        )
        edges.append(Edge(nodes[i].id, f"plant/state/{i}", "publishes"))
        edges += [Edge(f"plant/state/{j}", nodes[i].id, "wakes") for j in subscribed]
    return Topology(
        "plant",
        nodes,
        edges,
        [ChannelNode(f"plant/state/{i}", "channel", "State") for i in range(30)],
    )


examples = topologies() | st.builds(ring, st.integers(1, 5)) | st.builds(line_of_30)


@pytest.mark.rule("TOPO-20")
@given(examples)
def test_every_node_channel_and_edge_is_drawn_exactly_once(topology: Topology) -> None:
    picture = Picture(topology)
    assert Counter((f.group, f.id, f.kind) for f in picture.figures) == Counter(
        [("node", visible(node.id), node.kind) for node in topology.nodes]
        + [("channel", visible(channel.id), channel.kind) for channel in topology.channels]
    )
    assert Counter((line.source, line.target, line.kind) for line in picture.lines) == Counter(
        (visible(edge.source), visible(edge.target), edge.kind) for edge in topology.edges
    )


@pytest.mark.rule("TOPO-21")
@given(examples)
def test_boxes_do_not_overlap_and_members_lie_inside_their_composition(topology: Topology) -> None:
    picture = Picture(topology)
    assume(not picture.is_ambiguous)
    homes = [picture.homes(figure) for figure in picture.figures]
    drawn = list(zip(picture.figures, homes, strict=True))
    for (one, one_homes), (other, other_homes) in itertools.combinations(drawn, 2):
        if one.group == "node" and one.id in other_homes:
            assert one.box.contains(other.box), (one, other)
        elif other.group == "node" and other.id in one_homes:
            assert other.box.contains(one.box), (one, other)
        else:
            assert one.box.is_apart_from(other.box), (one, other)


@pytest.mark.rule("TOPO-22")
@given(examples)
def test_all_text_fits_its_box_and_does_not_lie_on_a_member(topology: Topology) -> None:
    picture = Picture(topology)
    assume(not picture.is_ambiguous)
    for figure in picture.figures:
        inside = [f for f in picture.figures if figure.id in picture.homes(f)]
        floor = figure.box.bottom
        if figure.group == "node" and inside:
            floor = min(f.box.top for f in inside)
        assert figure.texts
        bottom = figure.box.top
        for text in figure.texts:
            left = text.x - width(text.text, text.size) / 2 if text.centred else text.x
            right = left + width(text.text, text.size)
            assert figure.box.left + 4 <= left, text
            assert right <= figure.box.right - 4, text
            assert bottom <= text.y - text.size * 0.8, text  # below the line before
            assert text.y + text.size * 0.25 <= floor + ROUNDING, text
            bottom = text.y


@pytest.mark.rule("TOPO-22")
@given(examples)
def test_what_is_cut_is_whole_in_the_tooltip(topology: Topology) -> None:
    picture = Picture(topology)
    assume(not picture.is_ambiguous)
    for node in topology.nodes:
        figure = picture.figure("node", node.id)
        assert visible(node.id) in figure.tooltip
        assert visible(node.label) in figure.tooltip
        for trigger in node.triggers:
            assert visible(str(trigger)) in figure.tooltip
        title, whole = figure.texts[0].text, visible(node.label)
        assert width(title, figure.texts[0].size) <= 220
        if title != whole:
            begin, end = title.split("…", 1) if title.count("…") == 1 else ("", "")
            assert whole.startswith(begin)
            assert whole.endswith(end)


@pytest.mark.rule("TOPO-23")
@given(examples)
def test_a_line_goes_from_its_source_to_its_target_and_crosses_no_box(topology: Topology) -> None:
    picture = Picture(topology)
    assume(not picture.is_ambiguous)
    for line in picture.lines:
        source, target = picture.ends(line)
        assert line.start[0] == pytest.approx(source.box.right, abs=ROUNDING)
        assert source.box.top < line.start[1] < source.box.bottom
        assert line.end[0] == pytest.approx(target.box.left, abs=ROUNDING)
        assert target.box.top < line.end[1] < target.box.bottom
        assert line.tip == line.end
        assert line.segments[-1][2][1] == pytest.approx(line.end[1], abs=ROUNDING)  # arrives level
        for begin, first, second, end in line.segments:
            assert begin[1] == first[1]  # level at both ends, also where two pieces meet
            assert second[1] == end[1]
        for home in picture.homes(source) & picture.homes(target):
            assert all(map(picture.figure("node", home).box.holds, line.points()))
        passable = picture.homes(source) | picture.homes(target)
        points = list(line.points())
        for figure in picture.figures:
            if figure.group == "node" and figure.id in passable:
                continue
            for point in points:
                assert not figure.box.holds(point, slack=-2 * ROUNDING), (line, figure)


@pytest.mark.rule("TOPO-25", "TOPO-27")
@given(examples)
def test_the_document_is_well_formed_and_all_of_it_is_in_view(topology: Topology) -> None:
    picture = Picture(topology)
    assert picture.text.count("<svg ") == 1
    assert not {"style", "script", "link", "image", "use"} & {
        element.tag.rpartition("}")[2] for element in picture.root.iter()
    }
    assert "url(" not in picture.text
    assert "href" not in {key for one in picture.root.iter() for key in one.attrib}
    wide, tall = (float(picture.root.get(name, "")) for name in ("width", "height"))
    background = picture.root.find("{http://www.w3.org/2000/svg}rect")
    assert background is not None
    assert background.get("fill") == "#ffffff"
    assert (background.get("width"), background.get("height")) == (
        picture.root.get("width"),
        picture.root.get("height"),
    )
    dx, dy = map(float, picture.body.get("transform", "")[len("translate(") : -1].split())
    view = Box(-dx, -dy, wide - dx, tall - dy)
    for figure in picture.figures:
        assert view.contains(figure.box)
    for line in picture.lines:
        for point in line.points():
            assert view.holds(point)


@pytest.mark.rule("TOPO-26")
def test_the_same_topology_gives_the_same_text_in_every_process() -> None:
    code = """
import sys
from taktora.picture import FORMATS, render
from tests.picture.test_svg import line_of_30, ring
sys.stdout.write("".join(render(t(), f) for f in FORMATS for t in (line_of_30, lambda: ring(4))))
"""
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


@pytest.mark.rule("TOPO-20", "TOPO-23")
def test_a_cycle_is_drawn_with_a_line_that_turns_round() -> None:
    picture = Picture(ring(2))
    back = next(line for line in picture.lines if line.target == "item 0")
    assert back.start[0] > back.end[0]
    xs = [x for x, _ in back.points()]
    assert max(xs) > back.start[0]  # out to the right first
    assert min(xs) < back.end[0]  # and in from the left


@pytest.mark.rule("TOPO-20")
def test_a_chain_longer_than_the_stack_is_drawn() -> None:
    many = 1200
    topology = Topology(
        "long",
        [Node("all", "chain"), *(Node(str(i), "node", "", "all") for i in range(many))],
        [Edge(str(i), str(i + 1), "next") for i in range(many - 1)],
    )
    assert len(Picture(topology).figures) == many + 1


def test_an_empty_topology_is_a_picture_with_a_heading() -> None:
    text = to_svg(Topology("nothing yet"))
    assert "nothing yet" in text
    assert "0 nodes, 0 channels, 0 edges" in text


@pytest.mark.rule("TOPO-27")
def test_a_name_with_markup_is_only_text() -> None:
    name = '</text><script>alert("&")</script>'
    picture = Picture(Topology(name, [Node(name)], [], [ChannelNode(name, "channel", name)]))
    assert {figure.id for figure in picture.figures} == {name}
    assert visible("a\n\x00\ud800b") == "a\\n\\x00\\ud800b"
