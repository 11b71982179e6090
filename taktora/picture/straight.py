"""Long lines made straight: where a line passes several columns, one height for as many as can be.

Boxes stay where they are; a passing line moves within the room between its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator

from taktora.picture.anchors import Anchors
from taktora.picture.heights import gaps_of
from taktora.picture.slots import Chain, Grid, Slot

__all__ = ["straighten"]

_ROUNDS = 3


def straighten(grid: Grid, anchors: Anchors, top: list[float]) -> None:
    """Change ``top`` for the slots of passing lines."""
    gaps = [gaps_of(column) for column in grid.columns]
    for _ in range(_ROUNDS):
        for chain in grid.chains:
            for run in _runs(grid, gaps, chain, top):
                _level(run, chain, anchors, top)


Run = tuple[list[Slot], float, float]
"""Passing slots one after the other, and the heights that all of them could have."""


def _runs(grid: Grid, gaps: list[list[float]], chain: Chain, top: list[float]) -> Iterator[Run]:
    run: list[Slot] = []
    least, most = float("-inf"), float("inf")
    for slot in chain.slots:
        if slot.box is not None:
            continue
        low, high = _room(grid, gaps, slot, top)
        if run and max(least, low) > min(most, high):
            yield run, least, most
            run, least, most = [], float("-inf"), float("inf")
        run.append(slot)
        least, most = max(least, low), min(most, high)
    if run:
        yield run, least, most


def _room(grid: Grid, gaps: list[list[float]], slot: Slot, top: list[float]) -> tuple[float, float]:
    column, gap = grid.columns[slot.column], gaps[slot.column]
    low, high = float("-inf"), float("inf")
    if slot.place > 0:
        above = column[slot.place - 1]
        low = top[above.number] + above.height + gap[slot.place]
    if slot.place + 1 < len(column):
        high = top[column[slot.place + 1].number] - gap[slot.place + 1]
    now = top[slot.number]  # rounding must not forbid where it stands
    return min(low, now), max(high, now)


def _level(run: Run, chain: Chain, anchors: Anchors, top: list[float]) -> None:
    """As high as the end of the line that it is next to, else as near as there is room."""
    slots, least, most = run
    key, ends = chain.link.key, []
    for box, side, near in (
        (chain.slots[0], "behind", slots[0]),
        (chain.slots[-1], "before", slots[-1]),
    ):
        if box.box is not None and not chain.turns and abs(box.column - near.column) == 1:
            ends.append(top[box.number] + anchors.at(box, side, key))
    mean = sum(top[slot.number] for slot in slots) / len(slots)
    reachable = [end for end in ends if least <= end <= most]
    height = min(reachable or [min(max(mean, least), most)], key=lambda at: abs(at - mean))
    for slot in slots:
        top[slot.number] = height
