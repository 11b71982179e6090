"""Listening in on a channel of any type, unseen as far as can be.

A subscriber has a listener, which costs each publish two microseconds. A tap has none: whoever
reads it must come often enough.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

import iceoryx2 as iox

from taktora.closing import Closing
from taktora.errors import IpcError, PortClosed, PortLimitReached
from taktora.ipc import _binding
from taktora.ipc.channels import limits_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.ipc.node import Node
    from taktora.transport.layout import Layout
    from taktora.transport.limits import ChannelLimits

__all__ = ["Tap"]

_MOST: Final = 4096
"""Payloads in one drain, so that a fast channel does not starve the others."""


class Tap(Closing):
    """Copies what is published on an existing channel, each publisher's in order. One thread.

    It takes one of the channel's subscriber slots, and is a subscriber to the publishers: where
    ``overflow`` is off, a publisher counts it among those it has reached.

    Raises:
        PortLimitReached: no subscriber slot, or node slot, is free.
        IpcError: the channel is gone, or is one that cannot be opened.
        PortClosed: the node was closed.
    """

    __slots__ = ("__weakref__", "_node", "_raw", "_receive", "_service", "layout", "limits", "name")

    name: str
    """Of the channel."""
    layout: Layout
    limits: ChannelLimits

    def __init__(self, node: Node, name: str, layout: Layout) -> None:
        self.name = name
        self.layout = layout
        self._node = node
        node.check_usable()
        self._service: Any = node.with_room(lambda: _opened(node, name, layout))
        self.limits = limits_of(self._service, None)
        self._raw: Any = node.with_room(
            lambda: _subscriber(self._service, name, self.limits.max_subscribers)
        )
        self._receive: Callable[[], Any] | None = self._raw.receive
        node.held.add(self)

    def drain(self) -> tuple[list[bytes], int]:
        """Copies of what waits, in order, and how full it was.

        How full: the most payloads that one publisher had waiting. Where that is ``buffer_size``,
        its buffer was full, and older payloads may have been lost.

        Raises:
            IpcError: iceoryx2 could not receive.
            PortClosed: the tap or its node was closed.
        """
        receive = self._receive
        if receive is None:
            raise PortClosed(f"the tap of channel {self.name!r} is closed")
        taken: list[bytes] = []
        waiting: dict[int, int] = {}
        size, dynamic = self.layout.size, self.layout.dynamic
        try:
            while (raw := receive()) is not None:
                header = raw.header
                length = size * header.number_of_elements if dynamic else size
                taken.append(ctypes.string_at(raw.payload_ptr, length) if length else b"")
                publisher = header.publisher_id.value
                waiting[publisher] = waiting.get(publisher, 0) + 1
                if len(taken) >= _MOST:
                    break
        except iox.ReceiveError as exc:
            raise IpcError(f"channel {self.name!r}: iceoryx2 could not receive: {exc}") from exc
        return taken, max(waiting.values(), default=0)

    @property
    def deserted(self) -> bool:
        """Whether nobody else has the channel open: only this tap keeps it in being."""
        service = self._service
        if service is None:
            return True
        return not service.dynamic_config.number_of_publishers and len(service.nodes) <= 1

    @property
    def closed(self) -> bool:
        """Whether the tap, or its node, was closed."""
        return self._raw is None

    def close(self) -> None:
        """Free the subscriber slot. Closing twice is fine."""
        self._let_go()

    def _let_go(self) -> None:
        self._receive = self._raw = self._service = None


def _opened(node: Node, name: str, layout: Layout) -> Any:
    try:
        return _binding.publish_subscribe_of(node.raw, name, layout).open()
    except iox.PublishSubscribeOpenError as exc:
        reason = str(exc)
        if "ExceedsMaxNumberOfNodes" in reason:
            raise PortLimitReached(
                f"channel {name!r} is open in as many nodes as it admits"
            ) from exc
        if reason == "DoesNotExist":
            raise IpcError(f"channel {name!r} is gone") from exc
        if reason.startswith("Incompatible"):
            raise IpcError(
                f"channel {name!r} cannot be listened to: it has a header of its own, or is not "
                f"what it was a moment ago ({reason})"
            ) from exc
        raise IpcError(f"iceoryx2 could not open channel {name!r}: {reason}") from exc


def _subscriber(service: Any, name: str, maximum: int) -> Any:
    try:
        return service.subscriber_builder().create()
    except iox.SubscriberCreateError as exc:
        if "ExceedsMax" in str(exc):
            raise PortLimitReached(
                f"channel {name!r} has no subscriber left: all {maximum} are in use, in "
                f"every process together, closed ones included of which something that they took "
                f"is held; close one, or create it with a higher max_subscribers"
            ) from exc
        raise IpcError(f"channel {name!r}: iceoryx2 could not create a subscriber: {exc}") from exc
