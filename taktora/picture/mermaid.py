"""A topology as a Mermaid flowchart: for a README or an issue that renders it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from taktora.picture.looks import EDGES, LOOKS
from taktora.picture.measure import visible
from taktora.picture.names import Names
from taktora.picture.words import Writer
from taktora.topology import ChannelNode, Node, Topology

__all__ = ["to_mermaid"]

_INNER: Final = frozenset(" /-_")
"""Nothing special to Mermaid, Markdown or HTML when a letter or digit stands on both sides."""
_SHAPES: Final = {"channel": ('(["', '"])'), "service": ('{{"', '"}}')}
_BOX: Final = ('["', '"]')


def to_mermaid(topology: Topology) -> str:
    """The text of a ``flowchart``; the same topology gives the same text.

    Names may hold anything: what Mermaid, or the Markdown and HTML in it, could take for its own
    is written as a character code. They are not cut.
    """
    return "\n".join(_Flowchart(topology).lines()) + "\n"


class _Flowchart:
    """Writes one flowchart."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._name = Names(topology).of
        self._card = Writer.of(topology, float("inf")).card

    def lines(self) -> Iterator[str]:
        """Every line of it."""
        topology = self._topology
        yield "---"
        yield f"title: {json.dumps(visible(topology.name))}"
        yield "---"
        yield "flowchart LR"
        outer = [node for node in topology.nodes if node.composition is None]
        yield from self._nodes(outer, "    ")
        for channel in topology.channels:
            yield f"    {self._shape(channel)}"
        for edge in topology.edges:
            source, target = topology.ends(edge)
            arrow = "-.->" if EDGES[edge.kind].dotted else "-->"
            yield f"    {self._name(source)} {arrow} {self._name(target)}"
        yield from self._styles()

    def _nodes(self, nodes: list[Node], indent: str) -> Iterator[str]:
        for node in nodes:
            members = list(self._topology.members(node.id))
            if members:
                yield f'{indent}subgraph {self._name(node)}["{self._label(node)}"]'
                yield from self._nodes(members, indent + "    ")
                yield f"{indent}end"
            else:
                yield f"{indent}{self._shape(node)}"

    def _shape(self, thing: Node | ChannelNode) -> str:
        left, right = _SHAPES.get(thing.kind, _BOX)
        return f"{self._name(thing)}{left}{self._label(thing)}{right}"

    def _label(self, thing: Node | ChannelNode) -> str:
        return "<br/>".join(_escaped(line.text) for line in self._card(thing).lines)

    def _styles(self) -> Iterator[str]:
        topology = self._topology
        things: list[Node | ChannelNode] = [*topology.nodes, *topology.channels]
        for kind, look in LOOKS.items():
            named = [self._name(thing) for thing in things if thing.kind == kind]
            if named:
                dashes = ",stroke-dasharray:5 3" if look.dashed else ""
                yield (
                    f"    classDef {kind}Look fill:{look.fill},stroke:{look.stroke},"
                    f"color:{look.ink}{dashes}"
                )
                yield f"    class {','.join(named)} {kind}Look"
        for edge_kind, edge_look in EDGES.items():
            numbers = [str(i) for i, edge in enumerate(topology.edges) if edge.kind == edge_kind]
            if numbers:
                yield f"    linkStyle {','.join(numbers)} stroke:{edge_look.colour}"


def _escaped(text: str) -> str:
    """``text`` as Mermaid shows it letter by letter, whatever it holds."""
    return "".join(
        char if _is_plain(char, text[i - 1 : i], text[i + 1 : i + 2]) else f"#{ord(char)};"
        for i, char in enumerate(text)
    )


def _is_plain(char: str, before: str, behind: str) -> bool:
    return char.isalnum() or (char in _INNER and before.isalnum() and behind.isalnum())
