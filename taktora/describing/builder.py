"""Records become nodes, their sources and outlets become channels and edges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from taktora.core.triggers import (
    DeadlineTrigger,
    FdTrigger,
    IntervalTrigger,
    ListenerTrigger,
    Trigger,
    kind_of,
)
from taktora.describing.outlets import outlets
from taktora.describing.records import Record, name_of
from taktora.topology import ChannelNode, Edge, Node, Topology, TriggerNode
from taktora.transport.opened import Opened

__all__ = ["describe"]


def describe(
    name: str, records: Iterable[Record], opened: Iterable[Opened], *, domain: str | None = None
) -> Topology:
    """The topology ``name`` of what runs (``records``) and what was ``opened`` in ``domain``.

    A channel that a record's port belongs to is in it even if it was opened elsewhere; one of
    another domain gets that domain's name behind its own.

    Raises:
        WrongType: an item's ``publishes`` cannot be read.
    """
    channels = _Channels(opened, domain)
    nodes: list[Node] = []
    edges: dict[Edge, None] = {}  # a set that keeps its order
    for record in records:
        triggers = tuple(_trigger(one, channels) for one in record.triggers)
        nodes.append(
            Node(
                record.id,
                record.kind,
                name_of(record),
                record.composition,
                tuple(dict.fromkeys(triggers)),
                record.placement,
            )
        )
        for before in record.predecessors:
            edges[Edge(before, record.id, "next")] = None
        for trigger in triggers:
            if trigger.channel is not None:
                edges[Edge(trigger.channel, record.id, "wakes")] = None
        for outlet in outlets(record.subject):
            edges[Edge(record.id, channels.of(outlet), "publishes")] = None
    return Topology(name, nodes, edges, channels.known.values())


def _trigger(trigger: Trigger, channels: _Channels) -> TriggerNode:
    if isinstance(trigger, IntervalTrigger):
        return TriggerNode("interval", None, trigger.period, None)
    if isinstance(trigger, ListenerTrigger | FdTrigger):
        return TriggerNode(kind_of(trigger))
    channel = channels.of(trigger.source)
    if isinstance(trigger, DeadlineTrigger):
        return TriggerNode("deadline_missed", channel, None, trigger.within)
    return TriggerNode(kind_of(trigger), channel)


class _Channels:
    """Every channel and service that was opened or is used, by its id."""

    def __init__(self, opened: Iterable[Opened], domain: str | None) -> None:
        self._domain = domain
        self.known = {one.name: ChannelNode(one.name, one.kind, one.payload) for one in opened}

    def of(self, thing: Any) -> str:
        """The id of the channel or service that a port belongs to, or that ``thing`` is or names."""
        if isinstance(thing, str):
            self.known.setdefault(thing, ChannelNode(thing))
            return thing
        node = getattr(thing, "node", None)
        name: str = thing.name
        channel_id = name
        if node is not None and node.domain != self._domain:
            channel_id = f"{name} ({node.domain or 'default domain'})"
        if channel_id not in self.known:
            opened = getattr(node, "opened", {}).get(name)
            if opened is not None:
                found = ChannelNode(channel_id, opened.kind, opened.payload)
            else:
                service = getattr(type(thing), "role", None) in ("server", "client")
                found = ChannelNode(channel_id, "service" if service else "channel")
            self.known[channel_id] = found
        return channel_id
