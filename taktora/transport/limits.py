"""How many ports, how deep the buffers, how large the payloads: validated before it is opened."""

from __future__ import annotations

from typing import Any, Final, TypedDict

import attrs

from taktora.errors import InvalidArgument, LimitsMismatch, WrongType

__all__ = [
    "ChannelLimits",
    "ChannelLimitsGiven",
    "ServiceLimits",
    "ServiceLimitsGiven",
    "SERVICE_BYTES",
    "check_channel_limits",
    "check_service_limits",
    "refuse_differences",
]

SERVICE_BYTES: Final = 65_536
"""``max_bytes`` of a service that carries ``bytes`` and was given no other."""

_MOST_PORTS: Final = 4096
_DEEPEST: Final = 1_000_000
_MOST_BORROWED: Final = 65_536
_MOST_CHUNKS: Final = 8_000_000  # iceoryx2 aborts the process when its bookkeeping finds no memory
_FIXED_COST: Final = 8  # bytes of bookkeeping per payload and connection, as measured
_GROWING_COST: Final = 256
_EXCHANGE_COST: Final = 352
_LARGEST: Final = 1 << 40  # bytes


class ChannelLimitsGiven(TypedDict, total=False):
    """The keywords of ``Node.channel``; see :class:`ChannelLimits`."""

    buffer_size: int | None
    history_size: int | None
    max_publishers: int | None
    max_subscribers: int | None
    max_borrowed: int | None
    max_bytes: int | None
    overflow: bool | None


class ServiceLimitsGiven(TypedDict, total=False):
    """The keywords of ``Node.service``; see :class:`ServiceLimits`."""

    max_servers: int | None
    max_clients: int | None
    max_active_requests: int | None
    response_buffer: int | None
    max_borrowed: int | None
    max_bytes: int | None


@attrs.frozen(kw_only=True)
class ChannelLimits:
    """The limits of one channel, fixed by whoever created it first."""

    buffer_size: int = 16
    """Samples that wait for each subscriber."""
    history_size: int = 0
    """Latest samples that a late subscriber still gets."""
    max_publishers: int = 16
    """Publishers, in all processes together."""
    max_subscribers: int = 16
    """Subscribers, in all processes together."""
    max_borrowed: int = 16
    """Samples that one subscriber may hold at a time, payload views included."""
    max_bytes: int | None = None
    """Largest payload of a ``bytes`` channel; ``None``: publishers grow as needed."""
    overflow: bool = True
    """A full buffer drops its oldest sample; ``False``: the new sample is not delivered."""


@attrs.frozen(kw_only=True)
class ServiceLimits:
    """The limits of one service, fixed by whoever created it first."""

    max_servers: int = 4
    """Servers, in all processes together."""
    max_clients: int = 16
    """Clients, in all processes together."""
    max_active_requests: int = 16
    """Requests that one client may have open at a time."""
    response_buffer: int = 16
    """Responses that wait for each request; a full buffer drops its oldest."""
    max_borrowed: int = 16
    """Responses of one request that may be held at a time, payload views included."""
    max_bytes: int | None = None
    """Largest ``bytes`` request or response: 64 KiB unless given; ``None`` without ``bytes``.

    Memory is used only as far as it is written to, so a generous limit costs nothing. Growing, as
    channels do, would cost hundreds of megabytes of bookkeeping for each server and client.
    """


def check_channel_limits(
    given: dict[str, Any], *, dynamic: bool, free: int | None = None
) -> dict[str, Any]:
    """Those of ``given`` that are not ``None``, each one checked on its own.

    ``free``: bytes that there are for bookkeeping; ``None`` when that is no matter.

    Raises:
        WrongType: not an ``int`` (``overflow``: not a ``bool``).
        InvalidArgument: out of range, or ``max_bytes`` for a payload that has a fixed size.
    """
    stated = {name: value for name, value in given.items() if value is not None}
    for name, value in stated.items():
        if name == "overflow":
            if not isinstance(value, bool):
                raise WrongType(f"overflow must be True or False, not {value!r}")
        elif name == "history_size":
            _check_count(name, value, 0, _DEEPEST)
        elif name == "max_bytes":
            _check_max_bytes(value, dynamic=dynamic)
        else:
            _check_count(name, value, 1, _highest(name))
    limits = ChannelLimits(**stated)
    if limits.history_size > limits.buffer_size:
        raise InvalidArgument(
            f"history_size={limits.history_size} does not fit into "
            f"buffer_size={limits.buffer_size}: a late subscriber could not take it"
        )
    growing = dynamic and limits.max_bytes is None
    _check_chunks(
        limits.max_subscribers * (limits.buffer_size + limits.max_borrowed) + limits.history_size,
        _GROWING_COST if growing else _FIXED_COST,
        free,
        hint=" or give max_bytes, so that publishers need not grow" if growing else "",
    )
    return stated


def check_service_limits(
    given: dict[str, Any], *, dynamic: bool, free: int | None = None
) -> dict[str, Any]:
    """As :func:`check_channel_limits`, for a service."""
    stated = {name: value for name, value in given.items() if value is not None}
    for name, value in stated.items():
        if name == "max_bytes":
            _check_max_bytes(value, dynamic=dynamic)
        else:
            _check_count(name, value, 1, _highest(name))
    limits = ServiceLimits(**stated)
    per_request = limits.response_buffer + limits.max_borrowed
    _check_chunks(
        limits.max_clients * limits.max_active_requests * per_request, _EXCHANGE_COST, free
    )
    return stated


def _highest(name: str) -> int:
    if name in ("max_borrowed", "max_active_requests"):
        return _MOST_BORROWED
    return _MOST_PORTS if name.startswith("max_") else _DEEPEST


def _check_count(name: str, value: object, lowest: int, highest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(f"{name} must be an int, not {value!r} ({type(value).__name__})")
    if not lowest <= value <= highest:
        raise InvalidArgument(f"{name} must be {lowest} to {highest}, not {value}")


def _check_max_bytes(value: object, *, dynamic: bool) -> None:
    _check_count("max_bytes", value, 1, _LARGEST)
    if not dynamic:
        raise InvalidArgument("max_bytes is for bytes payloads; this payload type has a fixed size")


def _check_chunks(chunks: int, cost: int, free: int | None, *, hint: str = "") -> None:
    """Refuse what would abort the process, or fill shared memory (a SIGBUS) with bookkeeping."""
    if chunks > _MOST_CHUNKS or (free is not None and chunks * cost > free // 2):
        room = "" if free is None else f", where {free >> 20} MiB are free"
        raise InvalidArgument(
            f"these limits together need room for {chunks} payloads, {chunks * cost >> 20} MiB of "
            f"bookkeeping for each connection{room}; lower the buffer sizes or the number of "
            f"ports{hint}"
        )


def refuse_differences(
    what: str, stated: dict[str, Any], existing: ChannelLimits | ServiceLimits
) -> None:
    """Raise ``LimitsMismatch`` with both sides unless ``existing`` has all that was ``stated``."""
    actual = attrs.asdict(existing)
    differences = [
        f"{name}={value!r} wanted, {name}={actual[name]!r} exists"
        for name, value in stated.items()
        if actual[name] != value
    ]
    if differences:
        raise LimitsMismatch(
            f"{what} exists with other limits: {'; '.join(differences)}. Leave a limit out to take "
            f"the existing one, or close everything that uses the name first"
        )
