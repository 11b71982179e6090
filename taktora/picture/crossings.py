"""The order of the slots in each column: few crossings, found by sweeping to and fro."""

from __future__ import annotations

from bisect import bisect_right, insort

from taktora.picture.slots import Grid, Slot

__all__ = ["crossings", "untangle"]

_SWEEPS = 24
_BIG = 4000


def untangle(grid: Grid) -> None:
    """Order every column by the mean place of what its slots are joined to, and keep the best."""
    joints = sum(len(slot.behind) for column in grid.columns for slot in column)
    best = crossings(grid)
    kept = [list(column) for column in grid.columns]
    for sweep in range(_SWEEPS if joints < _BIG else 4):
        if best == 0:
            break
        rightwards = sweep % 2 == 0
        for column in grid.columns if rightwards else reversed(grid.columns):
            column.sort(key=lambda slot: _wish(slot, rightwards))  # sorted at once
            _number(column)
        if joints < _BIG:
            for column in grid.columns:
                _swap_neighbours(column)
        now = crossings(grid)
        if now < best:
            best, kept = now, [list(column) for column in grid.columns]
    for column, order in zip(grid.columns, kept, strict=True):
        column[:] = order
        _number(column)


def crossings(grid: Grid) -> int:
    """How many pairs of lines cross between two columns."""
    return sum(_crossings(column) for column in grid.columns)


def _crossings(column: list[Slot]) -> int:
    seen: list[int] = []
    found = 0
    for slot in column:
        ends = [other.place for other in slot.behind]
        for end in ends:
            found += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return found


def _wish(slot: Slot, rightwards: bool) -> float:
    joined = (slot.before if rightwards else slot.behind) + slot.beside
    if not joined:
        return slot.place
    return sum(other.place for other in joined) / len(joined)


def _swap_neighbours(column: list[Slot]) -> None:
    """Exchange two that stand together wherever that saves a crossing."""
    for i in range(len(column) - 1):
        upper, lower = column[i], column[i + 1]
        if _between(lower, upper) < _between(upper, lower):
            column[i], column[i + 1] = lower, upper
            lower.place, upper.place = i, i + 1


def _between(upper: Slot, lower: Slot) -> int:
    """The crossings of their lines when ``upper`` is above ``lower``."""
    return sum(
        one.place > other.place
        for side in ("before", "behind")
        for one in getattr(upper, side)
        for other in getattr(lower, side)
    )


def _number(column: list[Slot]) -> None:
    for place, slot in enumerate(column):
        slot.place = place
