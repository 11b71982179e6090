"""A named stream of payloads of one type, between any number of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taktora.errors import PortClosed
from taktora.transport.limits import ChannelLimits, check_channel_limits
from taktora.transport.names import check_channel_name
from taktora.transport.opened import Opened
from taktora.transport.payload import payload_kind

if TYPE_CHECKING:
    from taktora.transport.kind import PayloadKind
    from taktora.transport.node import BaseNode
    from taktora.transport.publisher import Publisher
    from taktora.transport.subscriber import Subscriber

__all__ = ["Channel"]


class Channel:
    """A publish-subscribe service and the event service that wakes its subscribers.

    Make one with :meth:`Node.channel`. The first to name a channel creates it, with its payload
    type and limits; it disappears with its last user. Any thread may create ports.
    """

    __slots__ = ("__weakref__", "_event", "_raw", "kind", "limits", "name", "node")

    name: str
    """The channel's name."""
    node: BaseNode
    """The node that opened it."""
    kind: PayloadKind
    """How its payload travels."""
    limits: ChannelLimits
    """Its limits, as they are for everyone."""

    def __init__(self, node: BaseNode, name: str, payload_type: Any, given: dict[str, Any]) -> None:
        """Called by :meth:`Node.channel`, which documents the arguments and errors."""
        self.name = check_channel_name(name)
        self.node = node
        self.kind = payload_kind(payload_type, f"channel {name!r}")
        medium = node.medium
        stated = check_channel_limits(
            given, dynamic=self.kind.size is None, free=medium.free_bytes()
        )
        self._raw: Any
        self._event: Any
        self._raw, self._event, self.limits = medium.open_channel(node, name, self.kind, stated)
        node.held.add(self)
        node.opened[name] = Opened("channel", name, self.kind.describe())

    @property
    def payload_type(self) -> Any:
        """The payload type: a ctypes class, ``bytes`` or a numpy dtype."""
        return self.kind.payload_type

    @property
    def subscriber_count(self) -> int:
        """Subscribers at this moment, in all processes together.

        Closed ones are among them as long as samples of theirs are held.

        Raises:
            PortClosed: the node was closed.
        """
        raw, _ = self._services()
        return self.node.medium.subscriber_count(raw)

    def publisher(self) -> Publisher:
        """A new publisher on this channel.

        A subscriber of another process connects to it when it takes or waits. Payloads that are
        sent before, by a publisher that is closed before, are lost to it.

        Raises:
            PortLimitReached: ``max_publishers`` are in use, closed ones with a loan out included.
            PortClosed: the node was closed.
        """
        medium = self.node.medium
        publisher = self.node.with_room(lambda: medium.publisher(self, *self._services()))
        self.node.introduce(self.name)
        return publisher

    def subscriber(self) -> Subscriber:
        """A new subscriber: it receives what is published from now on, and the history.

        Publishers of this process hand over the history at once, those of other processes with
        their next send.

        Raises:
            PortLimitReached: ``max_subscribers`` are in use, closed ones whose samples are held
                included.
            PortClosed: the node was closed.
        """
        medium = self.node.medium
        subscriber = self.node.with_room(lambda: medium.subscriber(self, *self._services()))
        self.node.introduce(self.name)
        return subscriber

    def _services(self) -> tuple[Any, Any]:
        self.node.check_usable()
        raw, event = self._raw, self._event
        if raw is None or event is None:
            raise PortClosed(f"{self.kind.label} was closed with its node")
        return raw, event

    def _let_go(self) -> None:
        self._raw = self._event = None

    def __repr__(self) -> str:
        closed = ", closed" if self._raw is None else ""
        return f"<Channel {self.name!r} of {self.kind.describe()}{closed}>"
