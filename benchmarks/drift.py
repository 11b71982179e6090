"""``python -m benchmarks.drift``: does an interval item stay on its time grid over 60,000 ticks?

Lateness is the start of an execution minus the grid time it was meant for. The grid does not drift when
lateness does not grow: the slope of a least-squares line through it, in ns per tick, is zero within its
standard error. That error comes from the means of up to 60 stretches of the run: successive ticks share
their luck (another process keeps the core for a while), and taking them as independent would make noise
look like drift. A slot that passed while the item could not run is skipped, and counted here.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from array import array
from collections.abc import Sequence

import attrs

from benchmarks.harness import percentile
from benchmarks.machine import describe

__all__ = ["Drift", "fit", "summarize"]

STRETCHES = 60


@attrs.frozen
class Drift:
    """What a run of ticks came to; all times in ns."""

    ticks: int
    slope: float
    """Growth of the lateness per tick."""
    slope_error: float
    """Standard error of the slope."""
    p50: float
    p99: float
    worst: float
    skipped: int
    off_grid: int
    """Ticks whose grid time is no whole number of periods after the first one: must be 0."""

    def __str__(self) -> str:
        return (
            f"ticks {self.ticks}, skipped slots {self.skipped}, off the grid {self.off_grid}\n"
            f"slope {self.slope:+.4f} +- {self.slope_error:.4f} ns/tick "
            f"({self.slope * self.ticks / 1000:+.3f} us over the run)\n"
            f"lateness p50 {self.p50 / 1000:.1f} us, p99 {self.p99 / 1000:.1f} us, "
            f"max {self.worst / 1000:.1f} us"
        )


def fit(values: Sequence[float]) -> tuple[float, float]:
    """Slope of the least-squares line through ``values`` at 0, 1, 2 ..., and its standard error."""
    slope = statistics.linear_regression(range(len(values)), values).slope
    length = max(1, len(values) // STRETCHES)
    means = [
        statistics.fmean(values[start : start + length])
        for start in range(0, len(values) - length + 1, length)
    ]
    n = len(means)
    line = statistics.linear_regression(range(n), means)
    residual = sum((v - line.intercept - line.slope * i) ** 2 for i, v in enumerate(means))
    return slope, (residual / (n - 2) / (n * (n * n - 1) / 12)) ** 0.5 / length


def summarize(scheduled: Sequence[int], started: Sequence[int], period: int) -> Drift:
    """Judge ticks by their grid times and by when they started; at least three of them."""
    lateness = [start - slot for slot, start in zip(scheduled, started, strict=True)]
    offsets = [slot - scheduled[0] for slot in scheduled]
    slope, error = fit(lateness)
    return Drift(
        ticks=len(lateness),
        slope=slope,
        slope_error=error,
        p50=statistics.median(lateness),
        p99=percentile(lateness, 0.99),
        worst=max(lateness),
        skipped=offsets[-1] // period + 1 - len(offsets),
        off_grid=sum(1 for offset in offsets if offset % period),
    )


def measure(ticks: int, period: int) -> Drift:
    """Run an executor with one interval item for so many ticks of ``period`` ns."""
    from benchmarks.ours.domain import own_domain
    from taktora import Context, Executor, item

    scheduled, started = array("q"), array("q")

    def tick(ctx: Context) -> None:
        if ctx.scheduled_ns is not None:
            scheduled.append(ctx.scheduled_ns)
            started.append(ctx.now_ns)
        if len(started) >= ticks:
            ctx.stop_executor()

    with own_domain() as domain, Executor(domain=domain) as executor:
        executor.add(item(tick, triggers=lambda on: on.interval(period / 1e9)), placement="inline")
        executor.run()
    return summarize(scheduled, started, period)


def main() -> int:
    """Returns 1 when a tick is off the grid."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--ticks", type=int, default=60_000)
    parser.add_argument("--period-us", type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.ticks < 3 or arguments.period_us < 1:
        parser.error("needs at least 3 ticks and a positive period")
    machine = describe()
    result = measure(arguments.ticks, arguments.period_us * 1000)
    print(f"interval of {arguments.period_us} us: {result}\n{machine}")
    return 1 if result.off_grid else 0


if __name__ == "__main__":
    sys.exit(main())
