"""Until ``taktora.observe.table`` is here: its ``HEADER``, ``rows`` and ``rates``.

The lead removes this file and imports them from there.
"""

from __future__ import annotations

from collections.abc import Mapping

from taktora.observe.counters import ExecutorStats, ItemStats
from taktora.time import Nanos

__all__ = ["HEADER", "rates", "rows"]

HEADER = (
    "item", "runs", "rate", "p50", "p99", "max", "late p99", "skipped", "overruns", "failures",
    "depth", "drops",
)  # fmt: skip


def rows(stats: ExecutorStats, rates: Mapping[str, float] | None = None) -> list[tuple[str, ...]]:
    """The header, and one row of strings per item in the order in which they were added."""
    known = rates or {}
    return [HEADER, *(_row(item, known.get(name)) for name, item in stats.items.items())]


def rates(before: ExecutorStats, after: ExecutorStats, seconds: float) -> dict[str, float]:
    """Executions per second of each item in ``after`` between two snapshots."""
    result = {}
    for name, item in after.items.items():
        earlier = before.items.get(name)
        start = earlier.count if earlier is not None else 0
        result[name] = (item.count - (start if start <= item.count else 0)) / seconds
    return result


def _row(item: ItemStats, rate: float | None) -> tuple[str, ...]:
    overruns = getattr(item, "overruns", None)
    return (
        item.item_id,
        str(item.count),
        "-" if rate is None else f"{_three_digits(rate)}/s",
        _duration(getattr(item, "p50_ns", None)),
        _duration(getattr(item, "p99_ns", None)),
        _duration(item.took_max_ns),
        _duration(getattr(item, "lateness_p99_ns", None)),
        str(item.skipped),
        "-" if overruns is None else str(overruns),
        str(item.failures),
        str(item.mailbox_depth),
        str(item.dropped),
    )


def _duration(nanos: Nanos | None) -> str:
    if nanos is None:
        return "-"
    for size, unit in ((1e3, "µs"), (1e6, "ms")):
        if nanos < 999.5 * size:
            return f"{_three_digits(nanos / size)} {unit}"
    return f"{_three_digits(nanos / 1e9)} s"


def _three_digits(value: float) -> str:
    if value >= 99.95 or value == 0:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
