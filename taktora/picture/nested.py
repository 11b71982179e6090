"""The whole drawing: compositions are laid out first, and then are boxes like the others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from attrs import define, field, frozen

from taktora.picture.anchors import APART
from taktora.picture.layered import Curve, Placed, Spot, arrange
from taktora.picture.slots import Box, Link
from taktora.picture.words import Card, Writer
from taktora.topology import ChannelNode, Edge, Node, Topology

__all__ = ["Figure", "Scene", "scene_of"]

_PADDING_X, _PADDING_Y = 13.0, 9.0
_ROUND = 5.0
"""More room at the sides of a shape without corners."""
_FRAME = 16.0
_BETWEEN = 44.0
_WIDTH_TO_HEIGHT = 1.8


@frozen
class Figure:
    """One node or channel and where it is drawn."""

    thing: Node | ChannelNode
    card: Card
    spot: Spot
    depth: int
    """How many compositions it is in."""
    is_frame: bool
    """Whether there are members in it."""


@frozen
class Scene:
    """All that is drawn: figures from the outside in, and the way of every edge."""

    width: float
    height: float
    figures: tuple[Figure, ...]
    routes: tuple[tuple[Edge, tuple[Curve, ...]], ...]


@define(eq=False, repr=False)
class _Thing:
    """A node or channel in the tree of compositions."""

    thing: Node | ChannelNode
    card: Card
    home: _Thing | None = None
    number: int = 0
    """Its place among its neighbours."""
    members: list[_Thing] = field(factory=list)
    links: list[Link] = field(factory=list)
    degree: int = 0
    inside: Placed | None = None

    @property
    def head(self) -> float:
        """The height of its text, and of the lines that end beside it."""
        return math.ceil(max(self.card.height + 2 * _PADDING_Y, APART * (self.degree + 1)))


def scene_of(topology: Topology) -> Scene:
    """Lay out ``topology``; the same topology gives the same scene."""
    return _Layout(topology).scene()


class _Layout:
    """Builds the tree, lays it out from the inside out, and places it from the outside in."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        card = Writer.of(topology).card
        self._nodes = {node.id: _Thing(node, card(node)) for node in topology.nodes}
        self._channels = {one.id: _Thing(one, card(one)) for one in topology.channels}
        self._tops: list[_Thing] = []
        self._links: list[Link] = []
        for node in topology.nodes:
            thing = self._nodes[node.id]
            if node.composition is not None:
                thing.home = self._nodes[node.composition]
            _append(thing.home.members if thing.home else self._tops, thing)
        for thing in self._channels.values():
            _append(self._tops, thing)
        self._figures: list[Figure] = []
        self._pieces: dict[int, list[tuple[int, tuple[Curve, ...]]]] = {}

    def scene(self) -> Scene:
        """Everything in its place."""
        self._link_all()
        for thing in self._tops:
            self._lay_out(thing)
        width, height = self._place_groups()
        self._figures.sort(key=lambda figure: figure.depth)
        routes = tuple(
            (edge, self._whole_route(key)) for key, edge in enumerate(self._topology.edges)
        )
        return Scene(width, height, tuple(self._figures), routes)

    def _whole_route(self, key: int) -> tuple[Curve, ...]:
        """The pieces on each level: out of compositions, across, and into others."""
        pieces = sorted(self._pieces[key], key=lambda piece: piece[0])
        return tuple(curve for _, piece in pieces for curve in piece)

    # --- from edges to links of each level ----------------------------------------------------------

    def _link_all(self) -> None:
        for key, edge in enumerate(self._topology.edges):
            source, target = (self._thing(end) for end in self._topology.ends(edge))
            source.degree += 1
            target.degree += 1
            homes = list(_homes(source))
            common = next((home for home in _homes(target) if home in homes), None)
            while source.home is not common and source.home is not None:
                source.home.links.append(Link(key, source.number, None))
                source = source.home
            while target.home is not common and target.home is not None:
                target.home.links.append(Link(key, None, target.number))
                target = target.home
            links = self._links if common is None else common.links
            links.append(Link(key, source.number, target.number))

    def _thing(self, end: Node | ChannelNode) -> _Thing:
        return (self._nodes if isinstance(end, Node) else self._channels)[end.id]

    # --- from the inside out ------------------------------------------------------------------------

    def _lay_out(self, thing: _Thing) -> None:
        for member in thing.members:
            self._lay_out(member)
        if thing.members:
            thing.inside = arrange([_box_of(member) for member in thing.members], thing.links)

    def _place_groups(self) -> tuple[float, float]:
        """What is connected is drawn together; such groups fill rows, the large ones first."""
        placed = [
            (group, arrange([_box_of(self._tops[i]) for i in group], links))
            for group, links in _groups(len(self._tops), self._links)
        ]
        placed.sort(key=lambda one: -len(one[0]))
        area = sum((one.width + _BETWEEN) * (one.height + _BETWEEN) for _, one in placed)
        room = max([math.sqrt(area * _WIDTH_TO_HEIGHT), *(one.width for _, one in placed)])
        x = y = tall = wide = 0.0
        for group, one in placed:
            if x > 0 and x + one.width > room:
                x, y, tall = 0.0, y + tall + _BETWEEN, 0.0
            self._place([self._tops[i] for i in group], one, x, y, 0)
            wide, tall = max(wide, x + one.width), max(tall, one.height)
            x += one.width + _BETWEEN
        return wide, y + tall

    # --- from the outside in ------------------------------------------------------------------------

    def _place(self, things: list[_Thing], placed: Placed, x: float, y: float, depth: int) -> None:
        for thing, spot in zip(things, placed.spots, strict=True):
            at = Spot(x + spot.x, y + spot.y, spot.width, spot.height)
            inside = thing.inside
            self._figures.append(Figure(thing.thing, thing.card, at, depth, inside is not None))
            if inside is not None:
                indent = (at.width - inside.width) / 2
                self._place(thing.members, inside, at.x + indent, at.y + thing.head, depth + 1)
        for key, curves in placed.routes.items():
            turn = -depth if key in placed.exits else depth if key in placed.entrances else 0
            piece = tuple(_moved(curve, x, y) for curve in curves)
            self._pieces.setdefault(key, []).append((turn, piece))


def _append(level: list[_Thing], thing: _Thing) -> None:
    thing.number = len(level)
    level.append(thing)


def _box_of(thing: _Thing) -> Box:
    inside = thing.inside
    head = thing.head
    padding = _PADDING_X + (_ROUND if isinstance(thing.thing, ChannelNode) else 0.0)
    width = math.ceil(thing.card.width + 2 * padding)
    if inside is None:
        return Box(width, head, head)
    return Box(
        max(width, math.ceil(inside.width) + 2 * _FRAME),
        head + math.ceil(inside.height) + _FRAME,
        head,
        enters={key: head + y for key, y in inside.entrances.items()},
        leaves={key: head + y for key, y in inside.exits.items()},
        stretches=False,
    )


def _homes(thing: _Thing) -> Iterator[_Thing]:
    """The compositions around ``thing``, the innermost first."""
    home = thing.home
    while home is not None:
        yield home
        home = home.home


def _moved(curve: Curve, x: float, y: float) -> Curve:
    x0, y0, x1, y1, x2, y2, x3, y3 = curve
    return (x0 + x, y0 + y, x1 + x, y1 + y, x2 + x, y2 + y, x3 + x, y3 + y)


def _groups(count: int, links: Iterable[Link]) -> list[tuple[list[int], list[Link]]]:
    """The connected groups of boxes, each with its links renumbered to its own boxes."""
    leader = list(range(count))

    def find(box: int) -> int:
        while leader[box] != box:
            leader[box] = leader[leader[box]]
            box = leader[box]
        return box

    links = list(links)
    for link in links:
        assert link.source is not None
        assert link.target is not None
        leader[find(link.target)] = find(link.source)
    groups: dict[int, tuple[list[int], list[Link]]] = {}
    number: dict[int, int] = {}
    for box in range(count):
        group = groups.setdefault(find(box), ([], []))[0]
        number[box] = len(group)
        group.append(box)
    for link in links:
        group_links = groups[find(link.source or 0)][1]
        group_links.append(Link(link.key, _new(number, link.source), _new(number, link.target)))
    return list(groups.values())


def _new(number: Mapping[int, int], box: int | None) -> int:
    assert box is not None
    return number[box]
