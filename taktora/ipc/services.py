"""Opening the request-response service, and the two event services beside it, of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import iceoryx2 as iox

from taktora.ipc import _binding
from taktora.ipc.opening import (
    SPARE_NODES,
    create_with_max_bytes,
    max_bytes_of,
    mismatch,
    open_event,
    open_or_create,
    refuse_other_pattern,
)
from taktora.transport.limits import ServiceLimits, refuse_differences
from taktora.transport.names import REQUEST_EVENT, RESPONSE_EVENT
from taktora.transport.outlet import MAX_LOANS

if TYPE_CHECKING:
    from taktora.ipc.node import Node
    from taktora.transport.kind import PayloadKind

__all__ = ["open_service"]


def open_service(
    node: Node,
    name: str,
    kinds: tuple[PayloadKind, PayloadKind],
    stated: dict[str, Any],
    default: int | None,
) -> tuple[Any, Any, Any, ServiceLimits]:
    """As :meth:`Medium.open_service`."""
    label = f"service {name!r}"
    refuse_other_pattern(node.config, name, "service")
    wanted = {"max_bytes": default} | stated
    raw = _open(node, name, label, kinds, ServiceLimits(**wanted))
    limits = _limits_of(raw, wanted["max_bytes"])
    refuse_differences(label, stated, limits)
    nodes = raw.static_config.max_nodes
    request_event = open_event(
        node,
        name + REQUEST_EVENT,
        notifiers=limits.max_clients,
        listeners=limits.max_servers,
        nodes=nodes,
    )
    response_event = open_event(
        node,
        name + RESPONSE_EVENT,
        notifiers=limits.max_servers,
        listeners=limits.max_clients,
        nodes=nodes,
    )
    return raw, request_event, response_event, limits


def _open(
    node: Node,
    name: str,
    label: str,
    kinds: tuple[PayloadKind, PayloadKind],
    limits: ServiceLimits,
) -> Any:
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
        label,
        open_=lambda: _binding.request_response(node.raw, name, *kinds).open(),
        create=create,
        mismatch=lambda: mismatch(node, name, label, iox.MessagingPattern.RequestResponse, kinds),
    )


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
