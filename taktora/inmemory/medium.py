"""The memory of one process as a transport."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from taktora.inmemory.events import Event, Listener, Notifier
from taktora.inmemory.exchanges import Exchange, RawServer
from taktora.inmemory.refused import RAISED, Refused
from taktora.inmemory.requests import RawClient
from taktora.inmemory.topics import RawPublisher, RawSubscriber, Topic
from taktora.transport.client import Client
from taktora.transport.limits import ChannelLimits, ServiceLimits, refuse_differences
from taktora.transport.mismatch import layout_text, other_pattern, other_types
from taktora.transport.names import CHANNEL_EVENT, REQUEST_EVENT, RESPONSE_EVENT
from taktora.transport.outlet import Outlet
from taktora.transport.port import create_port
from taktora.transport.publisher import Publisher
from taktora.transport.server import Server
from taktora.transport.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taktora.inmemory.names import Membership
    from taktora.inmemory.node import InMemoryNode
    from taktora.transport.channel import Channel
    from taktora.transport.kind import PayloadKind
    from taktora.transport.service import Service

__all__ = ["InMemory", "SPARE_NODES"]

SPARE_NODES: Final = 16
"""Nodes that may have a name open without a port, beside one for each port."""

_Pattern = Literal["channel", "service"]


class InMemory:
    """The :class:`~taktora.transport.medium.Medium` of :class:`~taktora.inmemory.InMemoryNode`."""

    def free_bytes(self) -> int | None:
        """Bookkeeping costs nothing here."""
        return None

    def open_channel(
        self, node: InMemoryNode, name: str, kind: PayloadKind, stated: dict[str, Any]
    ) -> tuple[Any, Any, ChannelLimits]:
        """As :meth:`Medium.open_channel`."""
        limits = ChannelLimits(**stated)
        most = limits.max_publishers + limits.max_subscribers + SPARE_NODES
        raw: Membership[Topic] = _open(
            node, "channel", name, (kind,), lambda: (Topic(node.fabric, name, kind, limits), most)
        )
        limits = raw.of.limits
        refuse_differences(kind.label, stated, limits)
        ports = limits.max_publishers, limits.max_subscribers
        return raw, _open_event(node, name + CHANNEL_EVENT, *ports), limits

    def open_service(
        self,
        node: InMemoryNode,
        name: str,
        kinds: tuple[PayloadKind, PayloadKind],
        stated: dict[str, Any],
        default: int | None,
    ) -> tuple[Any, Any, Any, ServiceLimits]:
        """As :meth:`Medium.open_service`."""
        label = f"service {name!r}"
        limits = ServiceLimits(**({"max_bytes": default} | stated))
        most = limits.max_servers + limits.max_clients + SPARE_NODES
        raw: Membership[Exchange] = _open(
            node, "service", name, kinds, lambda: (Exchange(node.fabric, name, kinds, limits), most)
        )
        limits = raw.of.limits
        refuse_differences(label, stated, limits)
        ports = limits.max_clients, limits.max_servers
        request_event = _open_event(node, name + REQUEST_EVENT, *ports)
        response_event = _open_event(node, name + RESPONSE_EVENT, *reversed(ports))
        return raw, request_event, response_event, limits

    def subscriber_count(self, raw: Membership[Topic]) -> int:
        """As :meth:`Medium.subscriber_count`."""
        return raw.of.number_of_subscribers

    def publisher(self, channel: Channel, raw: Any, event: Any) -> Publisher:
        """As :meth:`Medium.publisher`."""
        kind, limits = channel.kind, channel.limits
        make = _maker(Publisher.role, kind.label, limits.max_publishers)
        port = make(RawPublisher, raw)
        return Publisher(
            channel,
            port,
            make(Notifier, event),
            lend=port.lend,
            outlet=_outlet(kind, limits.max_bytes),
            service=raw.of,
            raised=RAISED,
        )

    def subscriber(self, channel: Channel, raw: Any, event: Any) -> Subscriber:
        """As :meth:`Medium.subscriber`."""
        make = _maker(Subscriber.role, channel.kind.label, channel.limits.max_subscribers)
        port, listener = make(RawSubscriber, raw), make(Listener, event)
        return Subscriber(channel, port, listener, service=raw.of, raised=RAISED)

    def server(self, service: Service, raw: Any, request_event: Any, response_event: Any) -> Server:
        """As :meth:`Medium.server`."""
        make = _maker(Server.role, service.label, service.limits.max_servers)
        return Server(
            service,
            make(RawServer, raw),
            make(Listener, request_event),
            make(Notifier, response_event),
            lend=_lend_of,
            outlet=_outlet(service.response_kind, service.limits.max_bytes),
            raised=RAISED,
        )

    def client(self, service: Service, raw: Any, request_event: Any, response_event: Any) -> Client:
        """As :meth:`Medium.client`."""
        make = _maker(Client.role, service.label, service.limits.max_clients)
        port = make(RawClient, raw)
        return Client(
            service,
            port,
            make(Listener, response_event),
            make(Notifier, request_event),
            lend=port.lend,
            outlet=_outlet(service.request_kind, service.limits.max_bytes),
            raised=RAISED,
        )


def _maker(role: str, label: str, maximum: int) -> Callable[[Any, Any], Any]:
    """Makes one raw object of a port; one too many is refused as everywhere."""

    def make(kind: Any, membership: Any) -> Any:
        return create_port(lambda: kind(membership), role, label, maximum, Refused)

    return make


def _outlet(kind: PayloadKind, max_bytes: int | None) -> Outlet:
    return Outlet(kind, max_bytes, _as_it_is, loan_error=Refused, free=_boundless)


def _as_it_is(loan: Any) -> Any:
    """A loan in plain memory is initialised from the start."""
    return loan


def _boundless() -> int:
    return sys.maxsize


def _lend_of(request: Any) -> Any:
    return request.lend


def _open(
    node: InMemoryNode,
    pattern: _Pattern,
    name: str,
    kinds: tuple[PayloadKind, ...],
    make: Callable[[], tuple[Any, int]],
) -> Any:
    """A membership of the name, which must be free or stand for the same."""
    names, label = node.fabric.names(node.domain), f"{pattern} {name!r}"
    other = names.find("service" if pattern == "channel" else "channel", name)
    if other is not None:
        raise other_pattern(name, pattern, _layouts(other))
    existing = names.find(pattern, name)
    if existing is not None and not _fit(kinds, _kinds(existing)):
        raise other_types(label, kinds, _layouts(existing))
    return names.join(node.number, (pattern, name), label, make)


def _open_event(node: InMemoryNode, name: str, notifiers: int, listeners: int) -> Any:
    return node.fabric.names(node.domain).join(
        node.number,
        ("event", name),
        f"event service {name!r}",
        lambda: (Event(notifiers, listeners), notifiers + listeners + SPARE_NODES),
    )


def _kinds(existing: Topic | Exchange) -> tuple[PayloadKind, ...]:
    return (existing.kind,) if isinstance(existing, Topic) else existing.kinds


def _layouts(existing: Topic | Exchange) -> Iterable[str]:
    return [layout_text(kind.type_name, kind.size) for kind in _kinds(existing)]


def _fit(wanted: tuple[PayloadKind, ...], existing: tuple[PayloadKind, ...]) -> bool:
    return all(
        ours.type_name == theirs.type_name
        and ours.size == theirs.size
        and ours.alignment <= theirs.alignment
        for ours, theirs in zip(wanted, existing, strict=True)
    )
