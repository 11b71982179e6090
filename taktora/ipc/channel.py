"""A named stream of payloads of one type, between any number of processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import iceoryx2 as iox

from taktora.errors import PortClosed
from taktora.ipc import _binding
from taktora.ipc.limits import ChannelLimits, check_channel_limits, refuse_differences
from taktora.ipc.names import CHANNEL_EVENT, check_channel_name
from taktora.ipc.opened import Opened
from taktora.ipc.opening import (
    SPARE_NODES,
    create_with_max_bytes,
    max_bytes_of,
    mismatch,
    open_event,
    open_or_create,
    refuse_other_pattern,
)
from taktora.ipc.payload import payload_kind
from taktora.ipc.publisher import Publisher
from taktora.ipc.subscriber import Subscriber

if TYPE_CHECKING:
    from taktora.ipc.kind import PayloadKind
    from taktora.ipc.node import Node

__all__ = ["Channel", "limits_of"]


class Channel:
    """A publish-subscribe service and the event service that wakes its subscribers.

    Make one with :meth:`Node.channel`. The first to name a channel creates it, with its payload
    type and limits; it disappears with its last user. Any thread may create ports.
    """

    __slots__ = ("__weakref__", "_event", "_raw", "kind", "limits", "name", "node")

    name: str
    """The channel's name."""
    node: Node
    """The node that opened it."""
    kind: PayloadKind
    """How its payload travels."""
    limits: ChannelLimits
    """Its limits, as they are for everyone."""

    def __init__(self, node: Node, name: str, payload_type: Any, given: dict[str, Any]) -> None:
        """Called by :meth:`Node.channel`, which documents the arguments and errors."""
        self.name = check_channel_name(name)
        self.node = node
        label = f"channel {name!r}"
        self.kind = payload_kind(payload_type, label)
        stated = check_channel_limits(given, dynamic=self.kind.size is None)
        refuse_other_pattern(node.config, name, "channel")
        self._raw: Any = self._open(stated)
        self.limits = limits_of(self._raw, stated.get("max_bytes"))
        refuse_differences(label, stated, self.limits)
        self._event: Any = open_event(
            node,
            name + CHANNEL_EVENT,
            notifiers=self.limits.max_publishers,
            listeners=self.limits.max_subscribers,
            nodes=self._raw.static_config.max_nodes,
        )
        node.held.add(self)
        node.opened[name] = Opened("channel", name, self.kind.describe())

    @property
    def payload_type(self) -> Any:
        """The payload type: a ctypes class, ``bytes`` or a numpy dtype."""
        return self.kind.payload_type

    @property
    def subscriber_count(self) -> int:
        """Subscribers at this moment, in all processes together.

        Raises:
            PortClosed: the node was closed.
        """
        raw, _ = self._services()
        return int(raw.dynamic_config.number_of_subscribers)

    def publisher(self) -> Publisher:
        """A new publisher on this channel.

        A subscriber of another process connects to it when it takes or waits. Payloads that are
        sent before, by a publisher that is closed before, are lost to it.

        Raises:
            PortLimitReached: ``max_publishers`` are in use.
            PortClosed: the node was closed.
        """
        publisher = self.node.with_room(lambda: Publisher(self, *self._services()))
        self.node.introduce(self.name)
        return publisher

    def subscriber(self) -> Subscriber:
        """A new subscriber: it receives what is published from now on, and the history.

        Publishers of this process hand over the history at once, those of other processes with
        their next send.

        Raises:
            PortLimitReached: ``max_subscribers`` are in use.
            PortClosed: the node was closed.
        """
        subscriber = self.node.with_room(lambda: Subscriber(self, *self._services()))
        self.node.introduce(self.name)
        return subscriber

    def _services(self) -> tuple[Any, Any]:
        self.node.check_usable()
        raw, event = self._raw, self._event
        if raw is None or event is None:
            raise PortClosed(f"{self.kind.label} was closed with its node")
        return raw, event

    def _open(self, stated: dict[str, Any]) -> Any:
        node, name, kind = self.node, self.name, self.kind
        limits = ChannelLimits(**stated)

        def create() -> Any:
            builder = (
                _binding.publish_subscribe(node.raw, name, kind)
                .subscriber_max_buffer_size(limits.buffer_size)
                .history_size(limits.history_size)
                .max_publishers(limits.max_publishers)
                .max_subscribers(limits.max_subscribers)
                .subscriber_max_borrowed_samples(limits.max_borrowed)
                .enable_safe_overflow(limits.overflow)
                .max_nodes(limits.max_publishers + limits.max_subscribers + SPARE_NODES)
            )
            return create_with_max_bytes(builder, limits.max_bytes)

        return open_or_create(
            node,
            name,
            iox.MessagingPattern.PublishSubscribe,
            kind.label,
            open_=lambda: _binding.publish_subscribe(node.raw, name, kind).open(),
            create=create,
            mismatch=lambda: mismatch(
                node, name, kind.label, iox.MessagingPattern.PublishSubscribe, (kind,)
            ),
        )

    def _let_go(self) -> None:
        self._raw = self._event = None

    def __repr__(self) -> str:
        closed = ", closed" if self._raw is None else ""
        return f"<Channel {self.name!r} of {self.kind.describe()}{closed}>"


def limits_of(raw: Any, stated_max_bytes: int | None) -> ChannelLimits:
    """The limits of an opened raw service."""
    config = raw.static_config
    return ChannelLimits(
        buffer_size=config.subscriber_max_buffer_size,
        history_size=config.history_size,
        max_publishers=config.max_publishers,
        max_subscribers=config.max_subscribers,
        max_borrowed=config.subscriber_max_borrowed_samples,
        max_bytes=max_bytes_of(raw, stated_max_bytes),
        overflow=config.has_safe_overflow,
    )
