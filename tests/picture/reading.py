"""What an SVG picture shows, read back from its text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from taktora.picture.measure import visible
from taktora.picture.svg import to_svg
from taktora.topology import Topology

SVG = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def is_apart_from(self, other: Box) -> bool:
        return (
            self.right < other.left
            or other.right < self.left
            or self.bottom < other.top
            or other.bottom < self.top
        )

    def holds(self, point: Point, slack: float = 0.0) -> bool:
        """Whether ``point`` is inside; negative slack: well inside."""
        x, y = point
        return (
            self.left - slack <= x <= self.right + slack
            and self.top - slack <= y <= self.bottom + slack
        )

    def contains(self, other: Box) -> bool:
        return self.holds((other.left, other.top)) and self.holds((other.right, other.bottom))


class Text(NamedTuple):
    text: str
    size: float
    x: float
    y: float
    centred: bool


class Figure(NamedTuple):
    group: str
    id: str
    kind: str
    tooltip: str
    box: Box
    texts: list[Text]


class Line(NamedTuple):
    source: str
    target: str
    kind: str
    segments: list[tuple[Point, Point, Point, Point]]
    tip: Point

    @property
    def start(self) -> Point:
        return self.segments[0][0]

    @property
    def end(self) -> Point:
        return self.segments[-1][3]

    def points(self, each: int = 12) -> Iterator[Point]:
        for segment in self.segments:
            for i in range(each + 1):
                t = i / each
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                yield (
                    sum(w * p[0] for w, p in zip(weights, segment, strict=True)),
                    sum(w * p[1] for w, p in zip(weights, segment, strict=True)),
                )


class Picture:
    """An SVG document of ours, taken apart."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.text = to_svg(topology)
        self.root = ET.fromstring(self.text)
        (self.body,) = self.root.findall(f"{SVG}g[@transform]")
        self.figures = [
            _figure(group)
            for group in self.body.findall(f"{SVG}g")
            if group.get("class") in ("node", "channel")
        ]
        self.lines = [
            _line(group) for group in self.body.findall(f"{SVG}g") if group.get("class") == "edge"
        ]
        self._by_id = {(figure.group, figure.id): figure for figure in self.figures}

    def figure(self, group: str, id: str) -> Figure:
        return self._by_id[group, visible(id)]

    def homes(self, figure: Figure) -> set[str]:
        """The ids, as drawn, of the compositions around a figure."""
        if figure.group == "channel":
            return set()
        (node,) = [node for node in self.topology.nodes if visible(node.id) == figure.id]
        return set(map(visible, self.topology.within(node)))

    def ends(self, line: Line) -> tuple[Figure, Figure]:
        source = "channel" if line.kind == "wakes" else "node"
        target = "channel" if line.kind == "publishes" else "node"
        if line.kind == "watches" and ("node", line.target) not in self._by_id:
            target = "channel"
        return self._by_id[source, line.source], self._by_id[target, line.target]

    @property
    def is_ambiguous(self) -> bool:
        """Whether two ids look the same once what cannot be printed is escaped."""
        return len(self._by_id) != len(self.figures)


def _figure(group: ET.Element) -> Figure:
    shape = group[1]
    if shape.tag == f"{SVG}rect":
        x, y, w, h = (float(shape.get(name, "")) for name in ("x", "y", "width", "height"))
        box = Box(x, y, x + w, y + h)
    else:
        points = [tuple(map(float, point.split(","))) for point in shape.get("points", "").split()]
        xs, ys = zip(*points, strict=True)
        box = Box(min(xs), min(ys), max(xs), max(ys))
    texts = [
        Text(
            text.text or "",
            float(text.get("font-size", "")),
            float(text.get("x", "")),
            float(text.get("y", "")),
            text.get("text-anchor") == "middle",
        )
        for text in group.findall(f"{SVG}text")
    ]
    title = group.find(f"{SVG}title")
    assert title is not None
    return Figure(
        group.get("class", ""),
        group.get("data-id", ""),
        group.get("data-kind", ""),
        title.text or "",
        box,
        texts,
    )


def _line(group: ET.Element) -> Line:
    line, head = group.findall(f"{SVG}path")
    at: Point = (0.0, 0.0)
    segments: list[tuple[Point, Point, Point, Point]] = []
    for letter, numbers in re.findall(r"([MLC])([^MLC]+)", line.get("d", "")):
        values = list(map(float, numbers.split()))
        points = list(zip(values[::2], values[1::2], strict=True))
        if letter == "L":
            assert at[1] == points[0][1], "a straight line is level"
            segments.append((at, at, points[0], points[0]))
        elif letter == "C":
            segments.append((at, points[0], points[1], points[2]))
        at = points[-1]
    tip = re.findall(r"L(\S+) (\S+)L", head.get("d", ""))[0]
    return Line(
        group.get("data-source", ""),
        group.get("data-target", ""),
        group.get("data-kind", ""),
        segments,
        (float(tip[0]), float(tip[1])),
    )
