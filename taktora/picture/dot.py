"""A topology in the language of Graphviz, for whoever prefers its layout or its other formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from taktora.picture.looks import EDGES, LOOKS
from taktora.picture.measure import visible
from taktora.picture.names import Names
from taktora.picture.words import Writer, sentence
from taktora.topology import ChannelNode, Edge, Node, Topology

__all__ = ["to_dot"]

_SHAPES: Final = {
    "rounded": ("box", "filled,rounded"),
    "frame": ("box", "filled,rounded"),
    "pill": ("box", "filled,rounded"),
    "octagon": ("octagon", "filled"),
}


def to_dot(topology: Topology) -> str:
    """The text of a ``digraph``; the same topology gives the same text.

    A composition is a cluster; an edge of its own is drawn to its first, or from its last, member
    and cut at its border. Names are not cut.
    """
    return "\n".join(_Digraph(topology).lines()) + "\n"


class _Digraph:
    """Writes one digraph."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._name = Names(topology).of
        self._card = Writer.of(topology, float("inf")).card

    def lines(self) -> Iterator[str]:
        """Every line of it."""
        topology = self._topology
        yield f"digraph {_quoted(topology.name)} {{"
        yield "    rankdir=LR; compound=true; bgcolor=white; pad=0.3; nodesep=0.3;"
        yield f"    label={_quoted(topology.name)}; labelloc=t; labeljust=l; fontname=Helvetica;"
        yield '    node [fontname=Helvetica, fontsize=11, margin="0.15,0.08"];'
        yield "    edge [fontname=Helvetica, arrowsize=0.7];"
        outer = [node for node in topology.nodes if node.composition is None]
        yield from self._nodes(outer, "    ")
        for channel in topology.channels:
            yield f"    {self._single(channel)}"
        for edge in topology.edges:
            yield f"    {self._edge(edge)}"
        yield "}"

    def _nodes(self, nodes: list[Node], indent: str) -> Iterator[str]:
        for node in nodes:
            members = list(self._topology.members(node.id))
            if not members:
                yield f"{indent}{self._single(node)}"
                continue
            look = LOOKS[node.kind]
            yield f"{indent}subgraph cluster_{self._name(node)} {{"
            yield (
                f'{indent}    label={self._label(node)}; style="filled,rounded"; labeljust=l; '
                f'fillcolor="{look.fill}"; color="{look.stroke}"; fontcolor="{look.ink}"; '
                f"fontsize=11; tooltip={self._tooltip(node)};"
            )
            yield from self._nodes(members, indent + "    ")
            yield f"{indent}}}"

    def _single(self, thing: Node | ChannelNode) -> str:
        look = LOOKS[thing.kind]
        shape, style = _SHAPES[look.shape]
        if look.dashed:
            style += ",dashed"
        return (
            f'{self._name(thing)} [label={self._label(thing)}, shape={shape}, style="{style}", '
            f'fillcolor="{look.fill}", color="{look.stroke}", fontcolor="{look.ink}", '
            f"tooltip={self._tooltip(thing)}];"
        )

    def _edge(self, edge: Edge) -> str:
        source, target = self._topology.ends(edge)
        look = EDGES[edge.kind]
        facts = [f'color="{look.colour}"', f"tooltip={_quoted(sentence(edge))}"]
        if look.dotted:
            facts.append("style=dotted")
        tail, head = self._inside(source, -1), self._inside(target, 0)
        if tail is not source:
            facts.append(f"ltail=cluster_{self._name(source)}")
        if head is not target:
            facts.append(f"lhead=cluster_{self._name(target)}")
        return f"{self._name(tail)} -> {self._name(head)} [{', '.join(facts)}];"

    def _inside(self, thing: Node | ChannelNode, place: int) -> Node | ChannelNode:
        """``thing``, or what stands for it when it is a cluster: Graphviz joins nodes only."""
        while isinstance(thing, Node) and (members := self._topology.members(thing.id)):
            thing = members[place]
        return thing

    def _label(self, thing: Node | ChannelNode) -> str:
        return _quoted(*(line.text for line in self._card(thing).lines))

    def _tooltip(self, thing: Node | ChannelNode) -> str:
        return _quoted(*self._card(thing).whole)


def _quoted(*lines: str) -> str:
    r"""A quoted string of these lines, in which ``\N``, ``&lt;`` and the like are only text."""
    safe = (
        visible(line).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
        for line in lines
    )
    return '"' + "\\n".join(safe) + '"'
