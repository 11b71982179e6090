"""A membership in a domain: it opens names and releases what it opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, Unpack

import attrs

from taktora.closing import Closing
from taktora.errors import PortClosed
from taktora.transport.channel import Channel
from taktora.transport.limits import ChannelLimits, ServiceLimits
from taktora.transport.names import check_domain, check_node_name
from taktora.transport.publisher import Publisher
from taktora.transport.service import Service
from taktora.transport.subscriber import Subscriber

if TYPE_CHECKING:
    from taktora.transport.limits import ChannelLimitsGiven, ServiceLimitsGiven
    from taktora.transport.medium import Medium
    from taktora.transport.opened import Opened
    from taktora.transport.tracking import Held

__all__ = ["BaseNode"]

T = TypeVar("T")


class BaseNode(Closing):
    """A node, whatever carries its payloads: what every transport's nodes have in common."""

    medium: ClassVar[Medium]

    __slots__ = ("__weakref__", "domain", "held", "name", "opened")

    name: str
    """The node's name; empty when none was given."""
    domain: str | None
    """The domain; ``None`` for the default one."""
    held: Held
    """What still holds raw objects of this node."""
    opened: dict[str, Opened]
    """Every name that was opened through this node, as it was opened last. Kept after the close."""

    def __init__(self, name: str | None, domain: str | None, held: Held) -> None:
        self.name = "" if name is None else check_node_name(name)
        self.domain = check_domain(domain)
        self.held = held
        self.opened = {}

    def channel(
        self, name: str, payload_type: Any, **limits: Unpack[ChannelLimitsGiven]
    ) -> Channel:
        """Open the channel ``name``, creating it if it does not exist.

        Limits that are given must be those of an existing channel; limits left out (or ``None``)
        are taken from it, or get their defaults.

        Args:
            name: at most 239 ASCII characters.
            payload_type: a ctypes structure, union, array or scalar, ``bytes``, or a numpy dtype.
            **limits: ``buffer_size=16``, ``history_size=0``, ``max_publishers=16``,
                ``max_subscribers=16``, ``max_borrowed=16``, ``max_bytes=None``,
                ``overflow=True``; see :class:`ChannelLimits`.

        Raises:
            InvalidName: iceoryx2 cannot use the name.
            UnsupportedPayload: the type cannot live in shared memory.
            WrongType, InvalidArgument: a limit that cannot be.
            PayloadMismatch: the name exists with another type, or is a service.
            LimitsMismatch: the name exists with other limits than those given.
            PortClosed: the node was closed.
        """
        self.check_usable()
        known = _known(limits, ChannelLimits, "channel")
        return self.with_room(lambda: Channel(self, name, payload_type, known))

    def service(
        self,
        name: str,
        request_type: Any,
        response_type: Any,
        **limits: Unpack[ServiceLimitsGiven],
    ) -> Service:
        """Open the request-response service ``name``, creating it if it does not exist.

        Args:
            name: at most 234 ASCII characters.
            request_type: as ``payload_type`` of :meth:`channel`.
            response_type: as ``payload_type`` of :meth:`channel`.
            **limits: ``max_servers=4``, ``max_clients=16``, ``max_active_requests=16``,
                ``response_buffer=16``, ``max_borrowed=16``, ``max_bytes=65536`` (``bytes``
                requests and responses only); see :class:`ServiceLimits`.

        Raises:
            InvalidName, UnsupportedPayload, WrongType, InvalidArgument, PayloadMismatch,
            LimitsMismatch, PortClosed: as :meth:`channel`.
        """
        self.check_usable()
        known = _known(limits, ServiceLimits, "service")
        return self.with_room(lambda: Service(self, name, request_type, response_type, known))

    @property
    def closed(self) -> bool:
        """Whether the node was closed."""
        raise NotImplementedError

    def check_usable(self) -> None:
        """Raise unless the node is open.

        Raises:
            PortClosed: it was closed.
        """
        if self.closed:
            raise PortClosed(f"node {self.name!r} is closed; create a new one")

    def with_room(self, make: Callable[[], T]) -> T:
        """What ``make()`` makes; tried again if room for it can be made."""
        return make()

    def notice_deaths(self) -> None:
        """See to it that what processes held that have ended soon counts no more. Never waits.

        To be called again and again by whoever counts ports; it costs microseconds.
        """

    def siblings(self) -> Iterable[BaseNode]:
        """Every open node of this process and domain, this one included."""
        raise NotImplementedError

    def introduce(self, name: str) -> None:
        """Make this process's ports of channel ``name`` connect now, not at their next use.

        A late subscriber so gets the history at once, and a subscriber can still take what a
        publisher sent that was closed before anybody looked.
        """
        for port in self._ports_here(name):
            port.connect()

    def rescue(self, name: str) -> bool:
        """Let this process's subscribers of ``name`` receive what a closing publisher sent.

        Returns whether there was anything.
        """
        rescued = [port.rescue() for port in self._ports_here(name) if isinstance(port, Subscriber)]
        return any(rescued)

    def _ports_here(self, name: str) -> list[Publisher | Subscriber]:
        return [
            holder
            for node in self.siblings()
            for holder in node.held.alive()
            if isinstance(holder, Publisher | Subscriber) and holder.name == name
        ]

    def __repr__(self) -> str:
        domain = "" if self.domain is None else f" in domain {self.domain!r}"
        return f"<{type(self).__name__} {self.name!r}{domain}{', closed' if self.closed else ''}>"


def _known(given: Any, limits: type[attrs.AttrsInstance], what: str) -> dict[str, Any]:
    allowed = attrs.fields_dict(limits)
    unknown = sorted(given.keys() - allowed.keys())
    if unknown:
        raise TypeError(
            f"unknown {what} limit {', '.join(unknown)}; there are {', '.join(sorted(allowed))}"
        )
    return dict(given)
