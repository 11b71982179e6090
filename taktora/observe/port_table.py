"""Statistics of ports as a table for people: plain strings, as in ``observe.table``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from taktora.errors import InvalidArgument
from taktora.observe.table import UNKNOWN, duration, per_second, three_digits

if TYPE_CHECKING:
    from taktora.observe.counters import ExecutorStats
    from taktora.observe.port_stats import PortStats

__all__ = ["HEADER", "rates", "rows", "size"]

HEADER: Final = (
    "port",
    "messages",
    "rate",
    "bytes",
    "drops",
    "gaps",
    "errors",
    "p50",
    "p99",
    "last error",
)
_WHERE: Final = re.compile(r"channel '[^']*': ")
_UNITS: Final = ((1_000, "kB"), (1_000_000, "MB"), (1_000_000_000, "GB"))


def rows(stats: ExecutorStats, rates: Mapping[str, float] | None = None) -> list[tuple[str, ...]]:
    """The header, and one row of strings per port in the order in which they were registered.

    ``rates`` are messages per second by port, as from :func:`rates`. ``errors`` are frames that were
    damaged and those that no codec could read; ``p50`` and ``p99`` are latencies.
    """
    known = rates or {}
    return [HEADER, *(_row(name, port, known.get(name)) for name, port in stats.ports.items())]


def rates(before: ExecutorStats, after: ExecutorStats, seconds: float) -> dict[str, float]:
    """Messages per second of each port in ``after`` between two snapshots.

    A port that was made in between, or anew under its old name, counts from zero.

    Raises:
        InvalidArgument: ``seconds`` is not positive.
    """
    if not seconds > 0:
        raise InvalidArgument(f"seconds between two snapshots must be positive, not {seconds!r}")
    result = {}
    for name, port in after.ports.items():
        earlier = before.ports.get(name)
        start = earlier.messages if earlier is not None else 0
        result[name] = (port.messages - (start if start <= port.messages else 0)) / seconds
    return result


def size(count: int) -> str:
    """So many bytes with three significant digits in B, kB, MB, GB or TB, of 1000 each."""
    if count < 1_000:
        return f"{count} B"
    for unit_size, unit in _UNITS:
        if count < 999.5 * unit_size:  # from there on it would be rounded to a thousand
            return f"{three_digits(count / unit_size)} {unit}"
    return f"{three_digits(count / 1e12)} TB"


def _row(name: str, port: PortStats, rate: float | None) -> tuple[str, ...]:
    latency = port.latency
    return (
        name,
        str(port.messages),
        per_second(rate),
        size(port.bytes),
        str(port.drops),
        str(port.gaps),
        str(port.crc_errors + port.decode_errors),
        duration(latency.p50 if latency is not None else None),
        duration(latency.p99 if latency is not None else None),
        _short(port.last_error),
    )


def _short(error: str | None) -> str:
    """On one line, without the channel, which the port's name says already."""
    return " ".join(_WHERE.sub("", error, count=1).split()) if error else UNKNOWN
