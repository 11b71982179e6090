"""One level of a drawing: boxes in columns from left to right, lines between them.

Lines run from column to column in the gaps and pass a column only where it left a slot free, so
that no line ever crosses a box.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from taktora.picture.anchors import Anchors
from taktora.picture.crossings import untangle
from taktora.picture.heights import stand
from taktora.picture.slots import Box, Chain, Grid, Link, Slot, grid_of, snapped
from taktora.picture.straight import straighten

__all__ = ["Curve", "Placed", "Spot", "arrange"]

_GAP, _GAP_PER_LINE, _WIDEST_GAP = 38.0, 2.0, 80.0
_BORDER_GAP = 30.0
_TURN = 26.0

Curve = tuple[float, float, float, float, float, float, float, float]
"""A cubic Bezier curve, level at both ends: start, two control points, end. Between the end of one
curve and the start of the next a line is straight."""


@frozen
class Spot:
    """Where a box is."""

    x: float
    y: float
    width: float
    height: float


@frozen
class Placed:
    """A finished level."""

    width: float
    height: float
    spots: tuple[Spot, ...]
    routes: dict[int, tuple[Curve, ...]]
    """By link, from its source to its target."""
    entrances: dict[int, float]
    """Where on the left border the links without a source enter."""
    exits: dict[int, float]
    """Where on the right border the links without a target leave."""


def arrange(boxes: Sequence[Box], links: Sequence[Link]) -> Placed:
    """Place ``boxes`` and route ``links``; the same input gives the same drawing."""
    grid = grid_of(boxes, links)
    untangle(grid)
    anchors = Anchors(grid, boxes)
    top = stand(grid, anchors)
    straighten(grid, anchors, top)
    return _Drawing(grid, boxes, anchors, [snapped(at) for at in top]).placed()


class _Drawing:
    """Finds the horizontal places once the vertical ones are known."""

    def __init__(
        self, grid: Grid, boxes: Sequence[Box], anchors: Anchors, top: list[float]
    ) -> None:
        self._grid, self._boxes, self._anchors, self._top = grid, boxes, anchors, top
        self._left: list[float] = []
        self._right: list[float] = []
        self._spots: list[Spot] = [Spot(0, 0, 0, 0)] * len(boxes)
        self._place_columns()

    def placed(self) -> Placed:
        """Everything put together."""
        grid, top = self._grid, self._top
        tall = (top[slot.number] + slot.height for column in grid.columns for slot in column)
        return Placed(
            width=self._right[-1],
            height=max(tall, default=0.0),
            spots=tuple(self._spots),
            routes={chain.link.key: tuple(self._route(chain)) for chain in grid.chains},
            entrances={
                chain.link.key: top[chain.slots[0].number]
                for chain in grid.chains
                if chain.link.source is None
            },
            exits={
                chain.link.key: top[chain.slots[-1].number]
                for chain in grid.chains
                if chain.link.target is None
            },
        )

    def _place_columns(self) -> None:
        grid, x = self._grid, 0.0
        turning = any(chain.turns for chain in grid.chains)
        last = len(grid.columns) - 1
        for number, column in enumerate(grid.columns):
            boxes = [self._boxes[slot.box] for slot in column if slot.box is not None]
            width = max((box.width for box in boxes), default=0.0)
            common = max((box.width for box in boxes if box.stretches), default=0.0)
            self._left.append(x)
            self._right.append(x + width)
            for slot in column:
                if slot.box is not None:
                    box = self._boxes[slot.box]
                    wide = common if box.stretches else box.width
                    at = x + (width - wide) / 2
                    self._spots[slot.box] = Spot(at, self._top[slot.number], wide, box.height)
            x += width
            if number in (0, last - 1):  # beside a border
                lines = grid.columns[0] if number == 0 else grid.columns[last]
                x += _BORDER_GAP if lines or turning else 0.0
            elif number != last:
                lines_here = sum(len(slot.behind) for slot in column)
                x += min(_GAP + _GAP_PER_LINE * lines_here, _WIDEST_GAP)

    def _route(self, chain: Chain) -> list[Curve]:
        key = chain.link.key
        if chain.turns:
            return self._around(chain)
        route = [
            _swing(*self._out(left, key), *self._into(right, key))
            for left, right in zip(chain.slots, chain.slots[1:], strict=False)
        ]
        return [
            *self._edge_of(chain.slots[0], "behind", key),
            *route,
            *self._edge_of(chain.slots[-1], "before", key),
        ]

    def _around(self, chain: Chain) -> list[Curve]:
        """Out of the source, round into its column's slot, back, and round into the target."""
        key, slots = chain.link.key, chain.slots
        source, target = slots[-1].beside[0], slots[0].beside[0]
        x, y = self._out(source, key)
        round_out = _turn(x, y, self._y(slots[-1], 0.0), _TURN)
        back = [
            _swing(
                self._left[right.column],
                self._y(right, 0.0),
                self._right[left.column],
                self._y(left, 0.0),
            )
            for left, right in zip(reversed(slots[:-1]), reversed(slots), strict=False)
        ]
        x, y = self._into(target, key)
        round_in = _turn(x, self._y(slots[0], 0.0), y, -_TURN)
        return [
            *self._edge_of(source, "behind", key),
            round_out,
            *back,
            round_in,
            *self._edge_of(target, "before", key),
        ]

    def _out(self, slot: Slot, key: int) -> tuple[float, float]:
        return self._right[slot.column], self._y(slot, self._anchors.at(slot, "behind", key))

    def _into(self, slot: Slot, key: int) -> tuple[float, float]:
        return self._left[slot.column], self._y(slot, self._anchors.at(slot, "before", key))

    def _y(self, slot: Slot, anchor: float) -> float:
        return self._top[slot.number] + anchor

    def _edge_of(self, slot: Slot, side: str, key: int) -> list[Curve]:
        """The point on a box's own side, for a box that is narrower than its column."""
        if slot.box is None:
            return []
        spot = self._spots[slot.box]
        x = spot.x + spot.width if side == "behind" else spot.x
        y = spot.y + self._anchors.at(slot, side, key)
        return [(x, y, x, y, x, y, x, y)]


def _swing(x0: float, y0: float, x1: float, y1: float) -> Curve:
    middle = (x0 + x1) / 2
    return (x0, y0, middle, y0, middle, y1, x1, y1)


def _turn(x: float, y0: float, y1: float, bulge: float) -> Curve:
    return (x, y0, x + bulge, y0, x + bulge, y1, x, y1)
