"""``python -m benchmarks.simulated_hour``: how long an hour of a 10 ms interval takes in virtual time.

A no-op item, 360,000 ticks. Beside it the same ticks through the scheduler alone, by hand: what is left
is the driver, the cell, the trace and the invariants.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from benchmarks.machine import describe
from taktora import item
from taktora.core.identity import ItemId
from taktora.core.mailbox import Mailbox
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import ActorSpec, Added, Completed, Elapsed, RunStarted, Started
from taktora.core.supervision import Supervision
from taktora.core.triggers import IntervalTrigger
from taktora.testing import SimulatedExecutor

PERIOD = 10_000_000  # ns


def simulated(seconds: float) -> tuple[float, int]:
    """Seconds of real time and ticks."""
    with SimulatedExecutor() as sim:
        tick = item(lambda: None, triggers=lambda on: on.interval(PERIOD / 1e9))
        ref = sim.add(tick, id="tick")
        began = time.perf_counter()
        sim.advance(seconds)
        took = time.perf_counter() - began
        sim.check()
        return took, sim.executions(ref)


def by_hand(seconds: float) -> tuple[float, int]:
    """The scheduler and a mailbox, in the tightest loop that uses them."""
    scheduler, mailbox = Scheduler(), Mailbox(1024)
    name = ItemId("tick")
    trigger = IntervalTrigger(PERIOD, PERIOD)
    scheduler.handle(Added(ActorSpec(name, mailbox, (trigger,), Supervision.stop())), now=0)
    scheduler.handle(RunStarted(), now=0)
    scheduler.handle(Started(name), now=0)
    elapsed, completed = Elapsed(), Completed(name)
    handle, take, next_due = scheduler.handle, mailbox.take, scheduler.next_due
    end, ticks = round(seconds * 1e9), 0
    began = time.perf_counter()
    while (now := next_due()) is not None and now <= end:
        for _ in handle(elapsed, now=now):
            take()
            ticks += 1
            handle(completed, now=now)
    return time.perf_counter() - began, ticks


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulated_hour", description=__doc__
    )
    parser.add_argument("--hours", type=float, default=1.0, help="virtual time per round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    print(describe())
    ours: list[float] = []
    bare: list[float] = []
    for number in range(options.rounds):
        took, ticks = simulated(options.hours * 3600)
        alone, same = by_hand(options.hours * 3600)
        assert ticks == same, (ticks, same)
        ours.append(took)
        bare.append(alone)
        print(
            f"round {number + 1}: {ticks} ticks simulated in {took:.2f} s "
            f"({took / ticks * 1e6:.1f} us each), scheduler alone {alone:.2f} s, {took / alone:.1f}x"
        )
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    print(f"median: {statistics.median(ours):.2f} s for {options.hours:g} h, {ratio:.1f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
