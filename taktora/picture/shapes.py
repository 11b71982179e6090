"""The outlines of nodes and channels in SVG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from taktora.picture.layered import Spot

__all__ = ["SHAPES"]

_CORNER: Final = 11.0


def _rectangle(spot: Spot, radius: float) -> str:
    return (
        f'<rect x="{spot.x:.1f}" y="{spot.y:.1f}" width="{spot.width:.1f}" '
        f'height="{spot.height:.1f}" rx="{radius:.1f}"'
    )


def _octagon(spot: Spot) -> str:
    """A rectangle without corners; lines end on its upright sides."""
    left, top, right, bottom = spot.x, spot.y, spot.x + spot.width, spot.y + spot.height
    points = (
        (left, top + _CORNER), (left + _CORNER, top),
        (right - _CORNER, top), (right, top + _CORNER),
        (right, bottom - _CORNER), (right - _CORNER, bottom),
        (left + _CORNER, bottom), (left, bottom - _CORNER),
    )  # fmt: skip
    return '<polygon points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"'


SHAPES: Final[dict[str, Callable[[Spot], str]]] = {
    "rounded": lambda spot: _rectangle(spot, 7.0),
    "frame": lambda spot: _rectangle(spot, 10.0),
    "pill": lambda spot: _rectangle(spot, min(spot.height / 2, 20.0)),
    "octagon": _octagon,
}
"""An SVG element, not closed yet, that fills a spot."""
