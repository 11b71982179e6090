"""Opening a name that others may be creating, using or deleting at the same moment."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final, Literal

import iceoryx2 as iox

from taktora.errors import IpcError, LimitsMismatch, PayloadMismatch, PortLimitReached
from taktora.ipc import _binding
from taktora.ipc.abandoned import remove_abandoned, remove_broken
from taktora.transport.mismatch import (
    layout_text,
    other_pattern,
    other_types,
    too_many_nodes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.ipc.node import Node
    from taktora.transport.kind import PayloadKind

__all__ = [
    "SPARE_NODES",
    "create_with_max_bytes",
    "existing_layouts",
    "max_bytes_of",
    "mismatch",
    "open_event",
    "open_or_create",
    "refuse_other_pattern",
]

SPARE_NODES: Final = 16
"""Nodes that may have a name open without a port, beside one for each port."""

_LARGEST_EVENT_ID: Final = 7
"""Only id 0 is used. Reading a listener looks at every possible id, and iceoryx2's default of 255
makes that cost three times as much as all the rest of it."""

_MAX_BYTES: Final = "taktora.max_bytes"

_PATIENCE: Final = 2_000_000_000  # ns; iceoryx2 itself waits up to 1 s for a creation to complete
_PAUSE: Final = 0.001  # s

_GONE: Final = "DoesNotExist"
_TRANSIENT: Final = (
    "DoesNotExist",
    "AlreadyExists",
    "IsBeingCreatedByAnotherInstance",
    "HangsInCreation",
    "IsMarkedForDestruction",
    "ServiceInCorruptedState",
    "SystemInFlux",
    "InternalFailure",
)
_BROKEN: Final = "ServiceInCorruptedState"
_OPEN_ERRORS: Final = (
    iox.PublishSubscribeOpenError,
    iox.EventOpenError,
    iox.RequestResponseOpenError,
)
_CREATE_ERRORS: Final = (
    iox.PublishSubscribeCreateError,
    iox.EventCreateError,
    iox.RequestResponseCreateError,
)
_PAYLOAD: Final = re.compile(
    r"\bpayload: TypeDetail \{\s*variant: (?P<variant>\w+),\s*"
    r"type_name: StaticString<\d+> \{ len: \d+, data: \"(?P<name>.*?)\" \},\s*"
    r"size: (?P<size>\d+),"
)


def open_or_create(
    node: Node,
    name: str,
    pattern: Any,
    what: str,
    *,
    open_: Callable[[], Any],
    create: Callable[[], Any],
    mismatch: Callable[[], PayloadMismatch],
) -> Any:
    """The raw service, opened if it exists and created if not.

    What fails only because somebody else is creating or deleting the same name is tried again,
    for two seconds. What a process left that was killed in the middle of it is removed.

    Raises:
        PayloadMismatch: it exists with other payload types, as ``mismatch()`` describes.
        PortLimitReached: as many nodes as the service admits have it open.
        IpcError: it stayed unusable.
    """
    deadline, removed, cleaned = time.monotonic_ns() + _PATIENCE, False, False
    while True:
        try:
            return open_()
        except _OPEN_ERRORS as exc:
            reason = str(exc)
            if reason != _GONE:
                _raise_unless_transient(what, exc, mismatch)
                if not cleaned:
                    node.clean_up()
                    cleaned = True
                if time.monotonic_ns() >= deadline:
                    if removed or reason != _BROKEN:
                        raise _unusable(what, exc) from exc
                    remove_broken(node, name, pattern)
                    deadline, removed = time.monotonic_ns() + _PATIENCE, True
                if remove_abandoned(node, name, pattern):
                    continue
                time.sleep(_PAUSE)
                continue
        try:
            return create()
        except _CREATE_ERRORS as exc:
            _raise_unless_transient(what, exc, mismatch)
            if time.monotonic_ns() >= deadline + _PATIENCE:
                raise _unusable(what, exc) from exc
            time.sleep(_PAUSE)


def _unusable(what: str, error: Exception) -> IpcError:
    return IpcError(f"iceoryx2 could not open {what}: {error}")


def _raise_unless_transient(
    what: str, error: Exception, mismatch: Callable[[], PayloadMismatch]
) -> None:
    reason = str(error)
    if reason.startswith("Incompatible"):
        if "Type" in reason:  # IncompatibleTypes, IncompatibleRequestOrResponseType
            raise mismatch() from error
        raise LimitsMismatch(f"{what} exists with other properties: {reason}") from error
    if "ExceedsMaxNumberOfNodes" in reason:
        raise PortLimitReached(too_many_nodes(what)) from error
    if reason not in _TRANSIENT:
        raise _unusable(what, error) from error


def existing_layouts(config: Any, name: str, pattern: Any) -> list[str]:
    """What the payloads of an existing service are, as people read it; empty if unknown."""
    try:
        details = iox.Service.details(
            iox.ServiceName.new(name), config, pattern, iox.ServiceType.Ipc
        )
    except iox.ServiceDetailsError:
        return []
    return [
        layout_text(found["name"], None if found["variant"] == "Dynamic" else int(found["size"]))
        for found in _PAYLOAD.finditer(str(details))
    ]


def refuse_other_pattern(config: Any, name: str, ours: Literal["channel", "service"]) -> None:
    """Raise ``PayloadMismatch`` when the name is taken by a service (or a channel).

    iceoryx2 would let both live side by side; whoever does that has mixed up two names.
    """
    pattern = iox.MessagingPattern
    other = pattern.RequestResponse if ours == "channel" else pattern.PublishSubscribe
    try:
        taken = iox.Service.does_exist(
            iox.ServiceName.new(name), config, other, iox.ServiceType.Ipc
        )
    except iox.ServiceDetailsError:
        return
    if taken:
        raise other_pattern(name, ours, existing_layouts(config, name, other))


def create_with_max_bytes(builder: Any, max_bytes: int | None) -> Any:
    """Create, and write down ``max_bytes`` for later openers: iceoryx2 has no place for it."""
    attributes = iox.AttributeSpecifier.new().define(
        iox.AttributeKey.new(_MAX_BYTES), iox.AttributeValue.new(str(max_bytes or 0))
    )
    return builder.create_with_attributes(attributes)


def max_bytes_of(raw: Any, stated: int | None) -> int | None:
    """The ``max_bytes`` written down by the creator; ``stated`` where a foreign one wrote none."""
    for attribute in raw.attributes.values:
        if attribute.key.to_string() == _MAX_BYTES:
            return int(attribute.value.to_string()) or None
    return stated


def open_event(node: Node, name: str, *, notifiers: int, listeners: int, nodes: int) -> Any:
    """The event service ``name``, created with room for these ports if it does not exist."""
    return open_or_create(
        node,
        name,
        iox.MessagingPattern.Event,
        f"event service {name!r}",
        open_=lambda: _binding.event(node.raw, name).open(),
        create=lambda: (
            _binding.event(node.raw, name)
            .max_notifiers(notifiers)
            .max_listeners(listeners)
            .max_nodes(nodes)
            .event_id_max_value(_LARGEST_EVENT_ID)
            .create()
        ),
        mismatch=lambda: PayloadMismatch(f"event service {name!r} exists with other properties"),
    )


def mismatch(
    node: Node, name: str, label: str, pattern: Any, kinds: tuple[PayloadKind, ...]
) -> PayloadMismatch:
    """The error that shows what is wanted and what exists."""
    return other_types(label, kinds, existing_layouts(node.config, name, pattern))
