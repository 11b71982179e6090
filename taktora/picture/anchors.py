"""Where on a box's side each line begins or ends, so that lines do not meet or cross there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from taktora.picture.slots import Box, Chain, Grid, Slot, snapped

__all__ = ["APART", "Anchors"]

APART = 12.0
"""The usual distance of two lines on one side."""

Side = Literal["before", "behind"]


class Anchors:
    """The heights of all line ends, measured from the top of their slot; made once ordered."""

    def __init__(self, grid: Grid, boxes: Sequence[Box]) -> None:
        self._boxes = boxes
        self._at: dict[tuple[int, str, int], float] = {}
        ends: dict[tuple[int, Side], list[tuple[float, int, Slot]]] = {}
        for chain in grid.chains:
            for slot, side, order in _ends(chain):
                ends.setdefault((slot.number, side), []).append((order, chain.link.key, slot))
        for (number, side), lines in ends.items():
            self._spread(number, side, sorted(lines, key=lambda line: line[:2]))
        self._partners(grid)

    def at(self, slot: Slot, side: str, key: int) -> float:
        """Where link ``key`` meets that side of ``slot``; a passing line has no height."""
        return self._at.get((slot.number, side, key), 0.0)

    def joints(self, slot: Slot, side: str) -> list[tuple[Slot, float, float]]:
        """What ``slot`` is joined to on that side, with both ends' anchors."""
        return self._found.get((slot.number, side), [])

    def _spread(self, number: int, side: str, lines: list[tuple[float, int, Slot]]) -> None:
        slot = lines[0][2]
        assert slot.box is not None
        box = self._boxes[slot.box]
        doors = box.enters if side == "before" else box.leaves
        free = [line for line in lines if line[1] not in doors]
        apart = min(APART, box.face / (len(free) + 1))
        for i, (_, key, _) in enumerate(free):
            self._at[number, side, key] = snapped(box.face / 2 + (i - (len(free) - 1) / 2) * apart)
        for _, key, _ in lines:
            if key in doors:
                self._at[number, side, key] = doors[key]

    def _partners(self, grid: Grid) -> None:
        self._found: dict[tuple[int, str], list[tuple[Slot, float, float]]] = {}
        for chain in grid.chains:
            key = chain.link.key
            for left, right in zip(chain.slots, chain.slots[1:], strict=False):
                out, into = self.at(left, "behind", key), self.at(right, "before", key)
                if chain.turns:
                    out = into = 0.0
                self._found.setdefault((left.number, "behind"), []).append((right, out, into))
                self._found.setdefault((right.number, "before"), []).append((left, into, out))


def _ends(chain: Chain) -> list[tuple[Slot, Side, float]]:
    """The box ends of a link, each with what sorts it among the others on that side."""
    first, last = chain.slots[0], chain.slots[-1]
    if chain.turns:
        source, target = last.beside[0], first.beside[0]
        return [
            (source, "behind", _beyond(last, source)),
            (target, "before", _beyond(first, target)),
        ]
    found: list[tuple[Slot, Side, float]] = []
    if first.box is not None:
        found.append((first, "behind", chain.slots[1].place))
    if last.box is not None:
        found.append((last, "before", chain.slots[-2].place))
    return found


def _beyond(around: Slot, box: Slot) -> float:
    """A line that turns round above its box ends above all others, and below likewise."""
    return -1e6 - around.place if around.place < box.place else 1e6 - around.place
