"""Results as a table for people and as JSON for later comparison."""

from __future__ import annotations

import json
from collections.abc import Iterable

import attrs

from benchmarks.harness import CaseResult, Row
from benchmarks.machine import Machine

__all__ = ["as_json", "table"]

HEAD = ("variant", "p50 us", "p99 us", "x baseline", "(min..max)", "samples")


def _micros(nanos: float) -> str:
    return f"{nanos / 1000:.3g}" if nanos < 1_000_000 else f"{nanos / 1000:.0f}"


def _cells(row: Row, *, baseline: bool) -> tuple[str, ...]:
    ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
    spread = (
        "" if baseline or row.ratio_low is None else f"({row.ratio_low:.2f}..{row.ratio_high:.2f})"
    )
    return (row.name, _micros(row.median), _micros(row.p99), ratio, spread, str(row.samples))


def table(result: CaseResult) -> str:
    """One case as aligned text, with a line for everyone who is not in it."""
    rows = [HEAD, *(_cells(row, baseline=i == 0) for i, row in enumerate(result.rows))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [f"{result.name}: {result.title}"]
    for row in rows:
        first, *rest = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append(f"  {first}  {'  '.join(rest)}".rstrip())
    lines += [f"  left out: {name}: {why}" for name, why in result.missing.items()]
    lines += [f"  FAILED: {name}: {why}" for name, why in result.failed.items()]
    return "\n".join(lines)


def as_json(machine: Machine, rounds: int, results: Iterable[CaseResult]) -> str:
    """Everything that the table shows, and the median of every round."""
    return json.dumps(
        {
            "machine": attrs.asdict(machine),
            "rounds": rounds,
            "unit": "ns",
            "cases": [attrs.asdict(result) for result in results],
        },
        indent=1,
    )
