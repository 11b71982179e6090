"""What a loop is to do, and what it brings home: the same for the bare loop and for the gateway."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from time import monotonic_ns

from attrs import Factory, define, frozen

from taktora.connectors.process_attributes import ProcessAttributes

__all__ = ["WARM_UP", "Job", "Taken", "as_loop", "time_in_use"]

WARM_UP = 500
"""Cycles in OP before the first that counts."""
_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@frozen
class Job:
    """One loop over one segment."""

    nic: str
    subdevices: int
    size: int
    """Bytes of outputs, and of inputs, of each SubDevice."""
    period: int
    """Nanoseconds."""
    cycles: int
    cpu: int
    priority: int
    """SCHED_FIFO; 0: the usual scheduling."""


def _stamps() -> array[int]:
    return array("q")


@define
class Taken:
    """What one loop has measured, in nanoseconds: one of each for each cycle, and sums of all cycles."""

    exchange: array[int] = Factory(_stamps)
    """The two calls into pysoem that send and receive the frame, and what waits between them."""
    work: array[int] = Factory(_stamps)
    """From the wake-up until the loop is about to arm its timer and sleep again."""
    late: array[int] = Factory(_stamps)
    """From the slot of the grid to the exchange."""
    short: int = 0
    """Working counters that were not the expected one."""
    lost: int = 0
    """Frames that did not come back."""
    skipped: int = 0
    """Slots of the grid without an exchange."""
    between: int = 0
    """Time of wake-ups without an exchange."""
    cpu: int = 0
    """CPU time of the thread, going to sleep and waking up included."""
    others: int = 0
    """Time in which other threads were on its CPU."""


def as_loop(job: Job) -> None:
    """This process as a gateway's own process is: one CPU, a priority, nothing old for the collector."""
    ProcessAttributes(cpus=(job.cpu,), fifo_priority=job.priority or None, freeze_gc=True).apply()


def time_in_use(cpu: int) -> int:
    """Nanoseconds on the monotonic clock in which a CPU was not idle, to 10 ms (proc_stat(5))."""
    lines = Path("/proc/stat").read_text().splitlines()
    its = next(line.split() for line in lines if line.startswith(f"cpu{cpu} "))
    return monotonic_ns() - (int(its[4]) + int(its[5])) * _TICK
