"""What a loop is to do, and what it brings home: shared by the bare loop and the gateway."""

from __future__ import annotations

import gc
import os
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import Factory, define, frozen

from taktora.drivers.thread_attributes import ThreadAttributes

__all__ = ["Job", "Taken", "as_loop"]

WARM_UP = 500
"""Cycles in OP before the first that counts."""


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


@define
class Taken:
    """What one loop has measured, in nanoseconds, one of each for each cycle."""

    exchange: array[int] = Factory(lambda: array("q"))
    """Sending and receiving the frame: the two calls into pysoem."""
    work: array[int] = Factory(lambda: array("q"))
    """From the wake-up until all is done and the loop sleeps again."""
    late: array[int] = Factory(lambda: array("q"))
    """From the slot of the grid to the exchange."""
    short: int = 0
    """Working counters that were not the expected one."""
    lost: int = 0
    skipped: int = 0
    """Slots of the grid without an exchange."""
    between: int = 0
    """Time in wake-ups without an exchange."""
    cpu: int = 0
    """CPU time of the thread."""


@contextmanager
def as_loop(job: Job) -> Iterator[None]:
    """This thread as both loops are: on its CPU, with its priority, without timer slack and collections."""
    os.sched_setaffinity(0, {job.cpu})
    attributes = ThreadAttributes(
        affinity=(job.cpu,), fifo_priority=job.priority or None, timer_slack=1e-6
    )
    gc.collect()
    gc.freeze()
    gc.disable()
    with attributes.applied():
        yield
    gc.enable()
