"""What stands in a column: boxes, and the places where a line passes by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from taktora.picture.columns import back_links, columns

__all__ = ["Box", "Chain", "Grid", "Link", "Slot", "grid_of", "snapped"]


def snapped(number: float) -> float:
    """The nearest half: sums of such numbers are exact, so that pieces of a line meet exactly."""
    return math.floor(number * 2 + 0.5) / 2


@frozen
class Box:
    """A rectangle to be placed, its sizes whole numbers.

    Lines leave it on the right and enter it on the left.
    """

    width: float
    height: float
    face: float
    """The upper part of its sides, where lines may end that have no door of their own."""
    enters: Mapping[int, float] = field(factory=dict)
    """Links that end inside it: how far from its top they pass its left side."""
    leaves: Mapping[int, float] = field(factory=dict)
    """Links that begin inside it: how far from its top they pass its right side."""
    stretches: bool = True
    """Whether it may be as wide as the others in its column."""


@frozen
class Link:
    """A line from box to box; ``None``: from the left border, or to the right border."""

    key: int
    source: int | None
    target: int | None


@define(eq=False, repr=False)
class Slot:
    """One place in a column. ``box`` is ``None`` where a line passes by."""

    number: int
    column: int
    box: int | None = None
    height: float = 0.0
    place: int = 0
    """How many slots of its column are above it."""
    before: list[Slot] = field(factory=list)
    """What it is joined to in the column to the left."""
    behind: list[Slot] = field(factory=list)
    """What it is joined to in the column to the right."""
    beside: list[Slot] = field(factory=list)
    """What it is joined to in its own column, by a line that turns round."""


@frozen
class Chain:
    """The slots of one link from left to right, its boxes included unless it turns round."""

    link: Link
    slots: tuple[Slot, ...]
    turns: bool = False
    """It leads back: out of its source, round into ``slots[-1]``, and left to ``slots[0]``."""


@frozen
class Grid:
    """All columns. The first and the last are the borders, and hold no box."""

    columns: tuple[list[Slot], ...]
    boxes: tuple[Slot, ...]
    chains: tuple[Chain, ...]


def grid_of(boxes: Sequence[Box], links: Sequence[Link]) -> Grid:
    """Every box in its column, and a slot wherever a link passes a column."""
    pairs = list(
        dict.fromkeys(
            (link.source, link.target)
            for link in links
            if link.source is not None and link.target is not None
        )
    )
    back = back_links(len(boxes), pairs)
    column = columns(len(boxes), [pair for pair in pairs if pair not in back])
    last = 2 + max(column, default=0)
    slots: list[Slot] = []
    lanes: tuple[list[Slot], ...] = tuple([] for _ in range(last + 1))

    def add(at: int, box: int | None = None, height: float = 0.0) -> Slot:
        slot = Slot(len(slots), at, box, height, len(lanes[at]))
        slots.append(slot)
        lanes[at].append(slot)
        return slot

    placed = tuple(add(column[i] + 1, i, box.height) for i, box in enumerate(boxes))

    def chain_of(link: Link) -> Chain:
        source = None if link.source is None else placed[link.source]
        target = None if link.target is None else placed[link.target]
        if source and target and (link.source, link.target) in back:
            around = tuple(add(at) for at in range(target.column, source.column + 1))
            source.beside.append(around[-1])
            around[-1].beside.append(source)
            target.beside.append(around[0])
            around[0].beside.append(target)
            return Chain(link, around, turns=True)
        start = [source] if source else [add(0)]
        end = [target] if target else [add(last)]
        passed = [add(at) for at in range(start[0].column + 1, end[0].column)]
        return Chain(link, (*start, *passed, *end))

    chains = tuple(chain_of(link) for link in links)
    for chain in chains:
        for left, right in zip(chain.slots, chain.slots[1:], strict=False):
            left.behind.append(right)
            right.before.append(left)
    return Grid(lanes, placed, chains)
