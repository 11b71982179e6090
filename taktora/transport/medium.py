"""What a transport does: the raw objects behind channels, services and their ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from taktora.transport.channel import Channel
    from taktora.transport.client import Client
    from taktora.transport.kind import PayloadKind
    from taktora.transport.limits import ChannelLimits, ServiceLimits
    from taktora.transport.publisher import Publisher
    from taktora.transport.server import Server
    from taktora.transport.service import Service
    from taktora.transport.subscriber import Subscriber

__all__ = ["Medium"]


class Medium(Protocol):
    """Opens names and makes ports; knows nothing by itself, for each call names the node.

    Raw objects are opaque to whoever asks. What they have to do is what iceoryx2's do: a publisher
    lends, a loan is sent, a subscriber receives, and dropping the last reference frees the slot.
    What a subscriber received refers to nothing of it: whoever holds it holds the subscriber, too.
    """

    def free_bytes(self) -> int | None:
        """Bytes that there are for bookkeeping; ``None`` when that is no matter."""

    def open_channel(
        self, node: Any, name: str, kind: PayloadKind, stated: dict[str, Any]
    ) -> tuple[Any, Any, ChannelLimits]:
        """The raw channel, its raw event and its limits; ``stated`` are the limits asked for.

        Raises:
            PayloadMismatch: the name exists with another type, or is a service.
            LimitsMismatch: the name exists with other limits than those stated.
            PortLimitReached: as many nodes as the name admits have it open.
        """

    def open_service(
        self,
        node: Any,
        name: str,
        kinds: tuple[PayloadKind, PayloadKind],
        stated: dict[str, Any],
        default: int | None,
    ) -> tuple[Any, Any, Any, ServiceLimits]:
        """The raw service, its request event, its response event, and its limits.

        ``default`` is the ``max_bytes`` of a service that is created without one. Errors: as
        :meth:`open_channel`.
        """

    def subscriber_count(self, raw: Any) -> int:
        """Subscribers of a raw channel, of every node."""

    def publisher(self, channel: Channel, raw: Any, event: Any) -> Publisher:
        """A new publisher; raises ``PortLimitReached``."""

    def subscriber(self, channel: Channel, raw: Any, event: Any) -> Subscriber:
        """A new subscriber; raises ``PortLimitReached``."""

    def server(self, service: Service, raw: Any, request_event: Any, response_event: Any) -> Server:
        """A new server; raises ``PortLimitReached``."""

    def client(self, service: Service, raw: Any, request_event: Any, response_event: Any) -> Client:
        """A new client; raises ``PortLimitReached``."""
