"""What all rounds of one case came to, as a table for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.ethercat.job import Taken
from benchmarks.harness import percentile

__all__ = ["line", "table"]

_HEAD = (
    *("variant", "exchange p50", "p99", "work p50", "p99", "x bare", "(min..max)"),
    *("late p50", "p99", "CPU/cycle", "others %", "cycles", "short", "lost", "skipped"),
)


def _micros(nanos: float) -> str:
    return f"{nanos / 1000:.1f}"


def _both(samples: Iterable[Sequence[int]]) -> tuple[str, str]:
    every = [one for some in samples for one in some]
    return _micros(statistics.median(every)), _micros(percentile(every, 0.99))


def _ratios(rounds: Sequence[Taken], bare: Sequence[Taken]) -> list[float]:
    """Work per cycle against the bare loop's exchange, within each round."""
    return [
        statistics.median(one.work) / statistics.median(base.exchange)
        for one, base in zip(rounds, bare, strict=True)
    ]


def line(name: str, taken: Taken) -> str:
    """One round, in short."""
    return (
        f"{name} exchange {_micros(statistics.median(taken.exchange))}, "
        f"work {_micros(statistics.median(taken.work))}"
    )


def _cells(name: str, rounds: Sequence[Taken], bare: Sequence[Taken], period: int) -> list[str]:
    ratios = _ratios(rounds, bare)
    cycles = sum(len(one.exchange) for one in rounds)
    others = sum(one.others for one in rounds) / (cycles * period)
    return [
        name,
        *_both(one.exchange for one in rounds),
        *_both(one.work for one in rounds),
        f"{statistics.median(ratios):.2f}",
        f"({min(ratios):.2f}..{max(ratios):.2f})" if rounds is not bare else "",
        *_both(one.late for one in rounds),
        _micros(sum(one.cpu for one in rounds) / cycles),
        f"{max(others, 0) * 100:.1f}",
        str(cycles),
        *(str(sum(getattr(one, what) for one in rounds)) for what in ("short", "lost", "skipped")),
    ]


def table(title: str, taken: Mapping[str, Sequence[Taken]], period: int) -> str:
    """Aligned; the first variant is the bare loop. Times in microseconds."""
    bare = next(iter(taken.values()))
    rows = [list(_HEAD), *(_cells(name, its, bare, period) for name, its in taken.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [title]
    for first, *rest in rows:
        cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        lines.append(f"  {first.ljust(widths[0])}  {'  '.join(cells)}".rstrip())
    return "\n".join(lines)
