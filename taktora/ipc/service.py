"""A named request-response exchange between any number of clients and servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import iceoryx2 as iox

from taktora.errors import PortClosed
from taktora.ipc import _binding
from taktora.ipc.client import Client
from taktora.ipc.opening import (
    SPARE_NODES,
    create_with_max_bytes,
    max_bytes_of,
    mismatch,
    open_event,
    open_or_create,
    refuse_other_pattern,
)
from taktora.ipc.room import free_bytes
from taktora.ipc.server import Server
from taktora.transport.limits import (
    SERVICE_BYTES,
    ServiceLimits,
    check_service_limits,
    refuse_differences,
)
from taktora.transport.names import REQUEST_EVENT, RESPONSE_EVENT, check_service_name
from taktora.transport.opened import Opened
from taktora.transport.outlet import MAX_LOANS
from taktora.transport.payload import payload_kind

if TYPE_CHECKING:
    from taktora.ipc.node import Node
    from taktora.transport.kind import PayloadKind

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
    node: Node
    """The node that opened it."""
    request_kind: PayloadKind
    """How its requests travel."""
    response_kind: PayloadKind
    """How its responses travel."""
    limits: ServiceLimits
    """Its limits, as they are for everyone."""

    def __init__(
        self,
        node: Node,
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
        dynamic = None in (self.request_kind.size, self.response_kind.size)
        stated = check_service_limits(given, dynamic=dynamic, free=free_bytes())
        default = SERVICE_BYTES if dynamic else None
        refuse_other_pattern(node.config, name, "service")
        wanted = {"max_bytes": default} | stated
        self._raw: Any = self._open(wanted)
        self.limits = limits = _limits_of(self._raw, wanted["max_bytes"])
        refuse_differences(self.label, stated, limits)
        nodes = self._raw.static_config.max_nodes
        self._request_event: Any = open_event(
            node,
            name + REQUEST_EVENT,
            notifiers=limits.max_clients,
            listeners=limits.max_servers,
            nodes=nodes,
        )
        self._response_event: Any = open_event(
            node,
            name + RESPONSE_EVENT,
            notifiers=limits.max_servers,
            listeners=limits.max_clients,
            nodes=nodes,
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
        return self.node.with_room(lambda: Server(self, *self._services()))

    def client(self) -> Client:
        """A new client.

        Raises:
            PortLimitReached: ``max_clients`` are in use.
            PortClosed: the node was closed.
        """
        return self.node.with_room(lambda: Client(self, *self._services()))

    def _services(self) -> tuple[Any, Any, Any]:
        self.node.check_usable()
        services = self._raw, self._request_event, self._response_event
        if None in services:
            raise PortClosed(f"{self.label} was closed with its node")
        return services

    def _open(self, wanted: dict[str, Any]) -> Any:
        node, name = self.node, self.name
        kinds = self.request_kind, self.response_kind
        limits = ServiceLimits(**wanted)

        def create() -> Any:
            builder = (
                _binding.request_response(node.raw, name, *kinds)
                .max_servers(limits.max_servers)
                .max_clients(limits.max_clients)
                .max_active_requests_per_client(limits.max_active_requests)
                .max_response_buffer_size(limits.response_buffer)
                .max_borrowed_responses_per_pending_response(limits.max_borrowed)
                .max_loaned_requests(MAX_LOANS)
                .enable_safe_overflow_for_requests(False)  # else a dropped request's successor
                # would push out an older one that somebody still waits for
                .max_nodes(limits.max_servers + limits.max_clients + SPARE_NODES)
            )
            return create_with_max_bytes(builder, limits.max_bytes)

        return open_or_create(
            node,
            name,
            iox.MessagingPattern.RequestResponse,
            self.label,
            open_=lambda: _binding.request_response(node.raw, name, *kinds).open(),
            create=create,
            mismatch=lambda: mismatch(
                node, name, self.label, iox.MessagingPattern.RequestResponse, kinds
            ),
        )

    def _let_go(self) -> None:
        self._raw = self._request_event = self._response_event = None

    def __repr__(self) -> str:
        closed = ", closed" if self._raw is None else ""
        return f"<Service {self.name!r}, {self._types()}{closed}>"

    def _types(self) -> str:
        return f"{self.request_kind.describe()} -> {self.response_kind.describe()}"


def _limits_of(raw: Any, stated_max_bytes: int | None) -> ServiceLimits:
    config = raw.static_config
    return ServiceLimits(
        max_servers=config.max_servers,
        max_clients=config.max_clients,
        max_active_requests=config.max_active_requests_per_client,
        response_buffer=config.max_response_buffer_size,
        max_borrowed=config.max_borrowed_responses_per_pending_response,
        max_bytes=max_bytes_of(raw, stated_max_bytes),
    )
