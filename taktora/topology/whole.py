"""The whole: nodes, edges and channels that hold together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from attrs import asdict, field, frozen

from taktora.errors import InvalidArgument, UnknownItem
from taktora.topology.fields import all_of, text, tuple_of
from taktora.topology.nodes import ChannelNode, Edge, Node, TriggerNode

__all__ = ["Topology"]

T = TypeVar("T")


@frozen(repr=False)
class Topology:
    """Everything that an executor runs, and how it is connected, at one moment.

    Plain data: it holds nothing of the executor alive and may be kept, compared, sent and drawn
    (``taktora.picture``). Any thread.

    Raises:
        WrongType, InvalidArgument: ids that are not unique, an edge or a member that names what
            does not exist, or an edge whose ends do not fit its kind.
    """

    name: str = field(validator=text)
    nodes: tuple[Node, ...] = field(default=(), converter=tuple_of, validator=all_of(Node))
    edges: tuple[Edge, ...] = field(default=(), converter=tuple_of, validator=all_of(Edge))
    channels: tuple[ChannelNode, ...] = field(
        default=(), converter=tuple_of, validator=all_of(ChannelNode)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what does not hold together."""
        _unique((node.id for node in self.nodes), "node")
        _unique((channel.id for channel in self.channels), "channel")
        _unique(self.edges, "edge")
        for node in self.nodes:
            self._check_home(node)
        for edge in self.edges:
            self._check_ends(edge)

    # --- questions --------------------------------------------------------------------------------

    def node(self, id: str) -> Node:
        """The node with this id.

        Raises:
            UnknownItem: there is none.
        """
        return _found(self._nodes, id, "node", self.name)

    def channel(self, id: str) -> ChannelNode:
        """The channel or service with this name.

        Raises:
            UnknownItem: there is none.
        """
        return _found(self._channels, id, "channel", self.name)

    def members(self, composition: str) -> tuple[Node, ...]:
        """The direct members of a chain or graph, in their order; none of anything else.

        Raises:
            UnknownItem: no node has this id.
        """
        self.node(composition)
        return self._members.get(composition, ())

    def ends(self, edge: Edge) -> tuple[Node | ChannelNode, Node | ChannelNode]:
        """What ``edge`` joins: its source and its target.

        Raises:
            UnknownItem: it is not an edge of this topology, and an end is missing.
        """
        if edge.kind == "publishes":
            return self.node(edge.source), self.channel(edge.target)
        if edge.kind == "wakes":
            return self.channel(edge.source), self.node(edge.target)
        if edge.kind == "watches" and edge.target not in self._nodes:
            return self.node(edge.source), self.channel(edge.target)
        return self.node(edge.source), self.node(edge.target)

    def within(self, node: Node) -> tuple[str, ...]:
        """The ids of the compositions that ``node`` is in, the innermost first."""
        found: list[str] = []
        home = node.composition
        while home is not None:
            found.append(home)
            home = self.node(home).composition
        return tuple(found)

    @property
    def triggers(self) -> dict[str, tuple[TriggerNode, ...]]:
        """What wakes each node, by its id."""
        return {node.id: node.triggers for node in self.nodes}

    def to_dict(self) -> dict[str, Any]:
        """The same as dicts, lists, strings, numbers and ``None``: ready for JSON."""
        return asdict(self, value_serializer=_as_list)

    def __repr__(self) -> str:
        return f"<Topology {self.name!r}: {self.summary}>"

    @property
    def summary(self) -> str:
        """How much of what there is, in words."""
        counted = (
            (len(self.nodes), "node"),
            (len(self.channels), "channel"),
            (len(self.edges), "edge"),
        )
        return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for n, what in counted)

    def __str__(self) -> str:
        return "\n".join((f"topology {self.name!r}: {self.summary}", *self._lines()))

    def _lines(self) -> Iterator[str]:
        leaving: dict[str, list[str]] = {}
        for edge in self.edges:
            if edge.kind != "wakes":
                leaving.setdefault(edge.source, []).append(f"{edge.kind} {edge.target}")
        for node in self.nodes:
            says = [node.kind, *map(str, node.triggers), *leaving.get(node.id, ())]
            indent = "  " * (1 + len(self.within(node)))
            name = node.id if node.label == node.id else f"{node.id} ({node.label})"
            yield f"{indent}{name}: {', '.join(says)}"
        for channel in self.channels:
            payload = f" of {channel.payload}" if channel.payload else ""
            yield f"  {channel.kind} {channel.id}{payload}"

    # --- what is looked up ------------------------------------------------------------------------

    @cached_property
    def _nodes(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _channels(self) -> dict[str, ChannelNode]:
        return {channel.id: channel for channel in self.channels}

    @cached_property
    def _members(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            if node.composition is not None:
                found.setdefault(node.composition, []).append(node)
        return {home: tuple(members) for home, members in found.items()}

    # --- what is refused --------------------------------------------------------------------------

    def _check_home(self, node: Node) -> None:
        seen = [node.id]
        home = node.composition
        while home is not None:
            around = self._nodes.get(home)
            if around is None or not around.is_composition:
                raise InvalidArgument(
                    f"node {seen[-1]!r} is a member of {home!r}, which is no chain or graph here"
                )
            if home in seen:
                raise InvalidArgument(f"composition {home!r} is inside itself")
            seen.append(home)
            home = around.composition

    def _check_ends(self, edge: Edge) -> None:
        try:
            source, target = self.ends(edge)
        except UnknownItem as error:
            raise InvalidArgument(f"edge {edge}: {error}") from error
        if not isinstance(source, Node) or not isinstance(target, Node):
            return
        if source is target:
            raise InvalidArgument(f"edge {edge}: joins a node to itself")
        if source.id in self.within(target) or target.id in self.within(source):
            raise InvalidArgument(f"edge {edge}: joins a composition to its own member")
        if edge.kind == "next" and (
            source.composition is None or source.composition != target.composition
        ):
            raise InvalidArgument(f"edge {edge}: its ends are not in one composition")


def _as_list(_instance: object, _attribute: object, value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _unique(things: Iterable[object], what: str) -> None:
    seen: set[object] = set()
    for one in things:
        if one in seen:
            name = one if isinstance(one, Edge) else repr(one)
            raise InvalidArgument(f"{what} {name} is in the topology twice")
        seen.add(one)


def _found(known: dict[str, T], id: str, what: str, name: str) -> T:
    try:
        return known[id]
    except KeyError:
        raise UnknownItem(f"no {what} {id!r} in topology {name!r}") from None
