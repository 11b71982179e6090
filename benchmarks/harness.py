"""Variants of one job take turns; each round yields one ratio, so that a drifting machine cancels out.

A *case* is one job, a *variant* one way to do it. In every round every variant is opened, warmed up,
measured and closed again before the next one opens: nobody's threads idle beside somebody else's
measurement, and a lucky placement on the cores lasts one round only. The order turns by one place per
round. Ratios are taken within a round, against the baseline of the same round; their median is reported
with the smallest and the largest one.
"""

from __future__ import annotations

import gc
import itertools
import math
import signal
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

import attrs

__all__ = [
    "Batch",
    "Case",
    "CaseResult",
    "Row",
    "TookTooLong",
    "Variant",
    "laps",
    "percentile",
    "run_case",
    "time_limit",
]

Batch = Callable[[int], list[int]]
"""Does so many operations and returns what they took, in ns; a rate returns one mean per batch."""

ROUND_LIMIT_S = 120.0


class TookTooLong(Exception):
    """A variant did not finish its round; it is left out of the rounds that follow."""


def _never_missing() -> str | None:
    return None


@attrs.frozen
class Variant:
    """One way to do the job."""

    name: str
    open: Callable[[], AbstractContextManager[Batch]]
    missing: Callable[[], str | None] = _never_missing
    """Why it can't run on this machine, or ``None``."""


@attrs.frozen
class Case:
    """One job and the ways to do it; the first variant that runs is what the others are compared with."""

    name: str
    title: str
    variants: tuple[Variant, ...] = attrs.field(validator=attrs.validators.min_len(1))
    operations: int = attrs.field(validator=attrs.validators.gt(0))
    warm_up: int = attrs.field(validator=attrs.validators.gt(0))


@attrs.frozen
class Row:
    """What one variant came to over all its rounds; times in ns."""

    name: str
    median: float
    p99: float
    ratio: float | None
    """Median of the per-round ratios against the baseline; ``None`` when they share no round."""
    ratio_low: float | None
    ratio_high: float | None
    samples: int
    round_medians: tuple[float | None, ...]
    """One per round, ``None`` where the variant did not run."""


@attrs.frozen
class CaseResult:
    """A finished case: its rows in the order of the variants, and who is not among them."""

    name: str
    title: str
    rows: tuple[Row, ...]
    missing: dict[str, str]
    """Variant -> why it could not run here."""
    failed: dict[str, str]
    """Variant -> how it broke while it ran: a defect of the variant or of the peer."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TookTooLong` in the main thread once ``seconds`` have passed; costs the measurement nothing."""

    def ring(signum: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"no end after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def laps(stamps: Sequence[int]) -> list[int]:
    """The times between successive stamps."""
    return [after - before for before, after in itertools.pairwise(stamps)]


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least ``share`` of all samples do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _measure(variant: Variant, *, operations: int, warm_up: int) -> list[int]:
    with time_limit(ROUND_LIMIT_S), variant.open() as batch:
        batch(warm_up)
        gc.collect()
        gc.disable()
        try:
            return batch(operations)
        finally:
            gc.enable()


def _row(name: str, rounds: list[list[int] | None], baseline: list[list[int] | None]) -> Row:
    medians = tuple(statistics.median(r) if r else None for r in rounds)
    against = (statistics.median(r) if r else None for r in baseline)
    ratios = [mine / base for mine, base in zip(medians, against, strict=True) if mine and base]
    samples = [sample for r in rounds if r for sample in r]
    return Row(
        name=name,
        median=statistics.median(samples),
        p99=percentile(samples, 0.99),
        ratio=statistics.median(ratios) if ratios else None,
        ratio_low=min(ratios, default=None),
        ratio_high=max(ratios, default=None),
        samples=len(samples),
        round_medians=medians,
    )


def run_case(
    case: Case, *, rounds: int, share: float = 1.0, progress: Callable[[str], None] = print
) -> CaseResult:
    """Run ``rounds`` rounds of ``case``; ``share`` scales the operations per round.

    A variant that is missing or breaks is left out by name with its reason; the others go on.
    """
    missing = {v.name: why for v in case.variants if (why := v.missing()) is not None}
    failed: dict[str, str] = {}
    taken: dict[str, list[list[int] | None]] = {
        v.name: [] for v in case.variants if v.name not in missing
    }
    operations = max(1, round(case.operations * share))
    warm_up = max(1, round(case.warm_up * share))
    for number in range(rounds):
        present = [v for v in case.variants if v.name not in missing]
        turn = number % len(present) if present else 0
        line: list[str] = []
        for variant in present[turn:] + present[:turn]:
            if variant.name in failed:
                taken[variant.name].append(None)
                continue
            try:
                samples = _measure(variant, operations=operations, warm_up=warm_up)
            except Exception as exc:
                failed[variant.name] = f"{type(exc).__name__}: {exc}"
                taken[variant.name].append(None)
                line.append(f"{variant.name} FAILED")
            else:
                taken[variant.name].append(samples)
                line.append(f"{variant.name} {statistics.median(samples) / 1000:.2f}")
        progress(f"{case.name} round {number + 1}/{rounds} (p50 us): {', '.join(line)}")
    measured = {name: rs for name, rs in taken.items() if any(rs)}
    baseline = next(iter(measured.values()), [])
    return CaseResult(
        name=case.name,
        title=case.title,
        rows=tuple(_row(name, rs, baseline) for name, rs in measured.items()),
        missing=missing,
        failed=failed,
    )
