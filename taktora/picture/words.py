"""What is written in and about each node and channel."""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

from taktora.picture.measure import cut, visible, width
from taktora.topology import ChannelNode, Edge, Node, Topology

__all__ = ["Card", "Line", "Writer", "sentence"]

TITLE_SIZE: Final = 13.0
SMALL_SIZE: Final = 11.0
_LONGEST_LINE: Final = 215.0
_MOST_TRIGGERS: Final = 4
_SPACING: Final = 1.35

Role = Literal["title", "note", "trigger"]


@frozen
class Line:
    """One line of text, short enough to be drawn."""

    text: str
    role: Role

    @property
    def size(self) -> float:
        """Font size."""
        return TITLE_SIZE if self.role == "title" else SMALL_SIZE

    @property
    def width(self) -> float:
        """At most what it takes to draw."""
        return width(self.text, self.size)

    @property
    def height(self) -> float:
        """Of the line with its share of space around."""
        return self.size * _SPACING


@frozen
class Card:
    """The text of one node or channel: lines to draw, and everything uncut for a tooltip."""

    lines: tuple[Line, ...]
    whole: tuple[str, ...]

    @property
    def width(self) -> float:
        """Of the widest line."""
        return max(line.width for line in self.lines)

    @property
    def height(self) -> float:
        """Of all lines."""
        return sum(line.height for line in self.lines)


@frozen
class Writer:
    """Writes the cards of one topology."""

    shows_placement: bool
    """Only worth a word when not all are the same."""
    limit: float
    """The longest line; what is longer is cut."""

    @classmethod
    def of(cls, topology: Topology, limit: float = _LONGEST_LINE) -> Writer:
        """For the nodes and channels of ``topology``."""
        placements = {node.placement for node in topology.nodes if not node.is_composition}
        return cls(len(placements) > 1, limit)

    def card(self, thing: Node | ChannelNode) -> Card:
        """What is written on ``thing``."""
        if isinstance(thing, ChannelNode):
            kind = "service" if thing.kind == "service" else ""
            return self._card(f"{thing.kind} {thing.id}", thing.id, (kind, thing.payload), ())
        labelled = thing.label != thing.id
        notes = (
            thing.kind if thing.kind in ("chain", "graph", "actor") else "",
            thing.id if labelled else "",
            thing.placement if self.shows_placement and not thing.is_composition else "",
        )
        about = f"{thing.kind} {thing.id}" + (f" ({thing.label})" if labelled else "")
        return self._card(about, thing.label, notes, tuple(map(str, thing.triggers)))

    def _card(
        self, about: str, title: str, notes: tuple[str, ...], triggers: tuple[str, ...]
    ) -> Card:
        lines = [self._line(title, "title")]
        if any(notes):
            lines.append(self._line(" · ".join(filter(None, notes)), "note"))
        shown = triggers if len(triggers) <= _MOST_TRIGGERS else triggers[: _MOST_TRIGGERS - 1]
        lines += [self._line(trigger, "trigger") for trigger in shown]
        if len(shown) < len(triggers):
            lines.append(self._line(f"+ {len(triggers) - len(shown)} more", "note"))
        whole = (about, *filter(None, notes), *triggers)
        return Card(tuple(lines), tuple(map(visible, whole)))

    def _line(self, text: str, role: Role) -> Line:
        return Line(cut(visible(text), Line("", role).size, self.limit), role)


def sentence(edge: Edge) -> str:
    """What an edge says."""
    if edge.kind == "next":
        return visible(f"{edge.source} is followed by {edge.target}")
    return visible(f"{edge.source} {edge.kind} {edge.target}")
