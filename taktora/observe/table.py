"""Statistics as a table for people: plain strings, so that anything can print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from taktora.errors import InvalidArgument
from taktora.time import Nanos

if TYPE_CHECKING:
    from taktora.observe.counters import ExecutorStats, ItemStats

__all__ = [
    "HEADER",
    "UNKNOWN",
    "duration",
    "line",
    "per_second",
    "rates",
    "rows",
    "text",
    "three_digits",
]

HEADER: Final = (
    "item",
    "runs",
    "rate",
    "p50",
    "p99",
    "max",
    "late p99",
    "skipped",
    "overruns",
    "failures",
    "depth",
    "drops",
)
UNKNOWN: Final = "-"
"""What is not known, or was never measured."""
_UNITS: Final = ((1_000, "µs"), (1_000_000, "ms"))


def rows(stats: ExecutorStats, rates: Mapping[str, float] | None = None) -> list[tuple[str, ...]]:
    """The header, and one row of strings per item in the order in which they were added.

    ``rates`` are executions per second by item, as from :func:`rates`. What is not known or was
    never measured is ``-``. ``drops`` are messages that the overflow policy dropped.
    """
    known = rates or {}
    return [HEADER, *(_row(item, known.get(name)) for name, item in stats.items.items())]


def rates(before: ExecutorStats, after: ExecutorStats, seconds: float) -> dict[str, float]:
    """Executions per second of each item in ``after`` between two snapshots.

    An item that was added in between, or anew under its old id, counts from zero.

    Raises:
        InvalidArgument: ``seconds`` is not positive.
    """
    if not seconds > 0:
        raise InvalidArgument(f"seconds between two snapshots must be positive, not {seconds!r}")
    result = {}
    for name, item in after.items.items():
        earlier = before.items.get(name)
        start = earlier.count if earlier is not None else 0
        result[name] = (item.count - (start if start <= item.count else 0)) / seconds
    return result


def text(rows: Sequence[Sequence[str]]) -> str:
    """``rows`` as lines with aligned columns: the first to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def line(item: ItemStats) -> str:
    """One item in one line: ``imu: runs 1200, p50 12.3 µs, ...``, without what is unknown."""
    name, *cells = _row(item, None)
    facts = (
        f"{title} {cell}" for title, cell in zip(HEADER[1:], cells, strict=True) if cell != UNKNOWN
    )
    return f"{name}: {', '.join(facts)}"


def duration(nanos: Nanos | None) -> str:
    """``nanos`` with three significant digits in µs, ms or s; ``-`` for ``None``."""
    if nanos is None:
        return UNKNOWN
    for size, unit in _UNITS:
        if nanos < 999.5 * size:  # from there on it would be rounded to a thousand
            return f"{three_digits(nanos / size)} {unit}"
    return f"{three_digits(nanos / 1e9)} s"


def per_second(rate: float | None) -> str:
    """``rate`` with three significant digits; ``-`` for ``None``."""
    return UNKNOWN if rate is None else f"{three_digits(rate)}/s"


def three_digits(value: float) -> str:
    """``value`` with three significant digits, or more before the point."""
    if value >= 99.95 or value == 0:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def _row(item: ItemStats, rate: float | None) -> tuple[str, ...]:
    return (
        item.item_id,
        str(item.count),
        per_second(rate),
        duration(item.p50_ns),
        duration(item.p99_ns),
        duration(item.took_max_ns),
        duration(item.lateness_p99_ns),
        str(item.skipped),
        str(item.overruns),
        str(item.failures),
        str(item.mailbox_depth),
        str(item.dropped),
    )
