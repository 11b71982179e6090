"""A named request-response exchange between any number of clients and servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taktora.errors import PortClosed
from taktora.transport.limits import SERVICE_BYTES, ServiceLimits, check_service_limits
from taktora.transport.names import check_service_name
from taktora.transport.opened import Opened
from taktora.transport.payload import payload_kind

if TYPE_CHECKING:
    from taktora.transport.client import Client
    from taktora.transport.kind import PayloadKind
    from taktora.transport.node import BaseNode
    from taktora.transport.server import Server

__all__ = ["Service"]


class Service:
    """A request-response service and the two event services that wake its servers and clients.

    Make one with :meth:`Node.service`. The first to name a service creates it, with its payload
    types and limits; it disappears with its last user. Any thread may create ports.
    """

    __slots__ = (
        "__weakref__",
        "_raw",
        "_request_event",
        "_response_event",
        "limits",
        "name",
        "node",
        "request_kind",
        "response_kind",
    )

    name: str
    """The service's name."""
    node: BaseNode
    """The node that opened it."""
    request_kind: PayloadKind
    """How its requests travel."""
    response_kind: PayloadKind
    """How its responses travel."""
    limits: ServiceLimits
    """Its limits, as they are for everyone."""

    def __init__(
        self,
        node: BaseNode,
        name: str,
        request_type: Any,
        response_type: Any,
        given: dict[str, Any],
    ) -> None:
        """Called by :meth:`Node.service`, which documents the arguments and errors."""
        self.name = check_service_name(name)
        self.node = node
        self.request_kind = payload_kind(request_type, f"the request of service {name!r}")
        self.response_kind = payload_kind(response_type, f"the response of service {name!r}")
        kinds = self.request_kind, self.response_kind
        dynamic = None in (self.request_kind.size, self.response_kind.size)
        medium = node.medium
        stated = check_service_limits(given, dynamic=dynamic, free=medium.free_bytes())
        self._raw: Any
        self._request_event: Any
        self._response_event: Any
        self._raw, self._request_event, self._response_event, self.limits = medium.open_service(
            node, name, kinds, stated, SERVICE_BYTES if dynamic else None
        )
        node.held.add(self)
        node.opened[name] = Opened("service", name, self._types())

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"service {self.name!r}"

    @property
    def request_type(self) -> Any:
        """The payload type of requests."""
        return self.request_kind.payload_type

    @property
    def response_type(self) -> Any:
        """The payload type of responses."""
        return self.response_kind.payload_type

    def server(self) -> Server:
        """A new server: it gets requests that are sent from now on. Each server gets every one.

        Raises:
            PortLimitReached: ``max_servers`` are in use.
            PortClosed: the node was closed.
        """
        medium = self.node.medium
        return self.node.with_room(lambda: medium.server(self, *self._services()))

    def client(self) -> Client:
        """A new client.

        Raises:
            PortLimitReached: ``max_clients`` are in use.
            PortClosed: the node was closed.
        """
        medium = self.node.medium
        return self.node.with_room(lambda: medium.client(self, *self._services()))

    def _services(self) -> tuple[Any, Any, Any]:
        self.node.check_usable()
        services = self._raw, self._request_event, self._response_event
        if None in services:
            raise PortClosed(f"{self.label} was closed with its node")
        return services

    def _let_go(self) -> None:
        self._raw = self._request_event = self._response_event = None

    def __repr__(self) -> str:
        closed = ", closed" if self._raw is None else ""
        return f"<Service {self.name!r}, {self._types()}{closed}>"

    def _types(self) -> str:
        return f"{self.request_kind.describe()} -> {self.response_kind.describe()}"
