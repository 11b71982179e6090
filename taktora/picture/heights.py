"""How high each slot stands in its column: as level with what it is joined to as there is room.

A column is a least-squares problem with an exact answer: slots keep their order and their distance
and come as near as they can to where their lines would be straight (isotonic regression).
"""

from __future__ import annotations

from collections.abc import Sequence

from taktora.picture.anchors import Anchors
from taktora.picture.slots import Grid, Slot

__all__ = ["gaps_of", "settle", "stand"]

_BOX_GAP, _LINE_GAP, _NEAR_GAP = 22.0, 10.0, 14.0
_STRAIGHT, _ALONE = 6.0, 4.0
"""How much more it counts that a passing line is straight, or the only line of both its ends."""
_ROUNDS = 14


def stand(grid: Grid, anchors: Anchors) -> list[float]:
    """The top of every slot, by its number; the topmost is 0."""
    top = [0.0] * sum(map(len, grid.columns))
    for column in grid.columns:
        height = 0.0
        for slot, gap in zip(column, gaps_of(column), strict=True):
            height += gap
            top[slot.number] = height
            height += slot.height
    for turn in range(2 * _ROUNDS):
        rightwards = turn % 2 == 0
        sides = ("before", "behind") if turn >= 4 else (("before",) if rightwards else ("behind",))
        for column in grid.columns if rightwards else reversed(grid.columns):
            wishes = [_wish(slot, sides, top, anchors) for slot in column]
            heights = [slot.height for slot in column]
            for slot, at in zip(column, settle(wishes, heights, gaps_of(column)), strict=True):
                top[slot.number] = at
    least = min(top, default=0.0)
    return [at - least for at in top]


def settle(
    wishes: Sequence[tuple[float, float]], heights: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """Tops as near as possible to what is wished, ``(top, weight)`` each, from the top down.

    ``gaps[i]`` is the least distance between the end of one and the beginning of slot ``i``.
    Pools adjacent violators: who stands in each other's way moves as one.
    """
    below = 0.0  # how far each stands below the first when they stand as close as they may
    pools: list[tuple[float, float, int]] = []  # sum of weight * wish, weight, how many
    offsets: list[float] = []
    for i, (wish, weight) in enumerate(wishes):
        below += gaps[i] if i else 0.0
        offsets.append(below)
        below += heights[i]
        pool = (weight * (wish - offsets[i]), weight, 1)
        while pools and pools[-1][0] / pools[-1][1] > pool[0] / pool[1]:
            above = pools.pop()
            pool = (above[0] + pool[0], above[1] + pool[1], above[2] + pool[2])
        pools.append(pool)
    starts = [total / weight for total, weight, many in pools for _ in range(many)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _wish(
    slot: Slot, sides: tuple[str, ...], top: list[float], anchors: Anchors
) -> tuple[float, float]:
    total = weight = 0.0
    for side in sides:
        for other, own, theirs in anchors.joints(slot, side):
            counts = _weight(slot, other, side)
            total += counts * (top[other.number] + theirs - own)
            weight += counts
    for other in slot.beside:
        if slot.box is None:
            total += top[other.number] + other.height / 2
            weight += 1.0
    return (total / weight, weight) if weight else (top[slot.number], 0.01)


def _weight(slot: Slot, other: Slot, side: str) -> float:
    if slot.box is None and other.box is None:
        return _STRAIGHT
    left, right = (other, slot) if side == "before" else (slot, other)
    return _ALONE if len(left.behind) == len(right.before) == 1 else 1.0


def gaps_of(column: Sequence[Slot]) -> list[float]:
    """What must be free above each slot; nothing above the first."""
    gaps = [0.0] * len(column)
    for i in range(1, len(column)):
        lines = (column[i - 1].box is None) + (column[i].box is None)
        gaps[i] = (_BOX_GAP, _NEAR_GAP, _LINE_GAP)[lines]
    return gaps
