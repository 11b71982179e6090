"""How punctual a 1 ms loop is: the lateness of every tick against the executor's time grid.

python examples/interval_loop.py --seconds 2
"""

from __future__ import annotations

import argparse
from statistics import quantiles

from taktora import Context, Executor, every


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2)
    seconds = parser.parse_args().seconds
    lateness_us: list[float] = []

    @every(0.001, id="loop")
    def loop(ctx: Context) -> None:
        assert ctx.scheduled_ns is not None  # a tick knows when it was due
        lateness_us.append((ctx.now_ns - ctx.scheduled_ns) / 1000)

    with Executor(name="interval-loop") as executor:
        executor.add(loop)
        executor.run_for(seconds)
        skipped = executor.stats()["loop"].skipped

    percentile = quantiles(lateness_us, n=100, method="inclusive")
    print(f"{len(lateness_us)} ticks in {seconds:g} s, {skipped} skipped")
    print(f"late by  p50 {percentile[49]:6.1f} us")
    print(f"         p90 {percentile[89]:6.1f} us")
    print(f"         p99 {percentile[98]:6.1f} us")
    print(f"         max {max(lateness_us):6.1f} us")


if __name__ == "__main__":
    main()
