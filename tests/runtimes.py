"""The runtimes that one suite runs on, and how a test drives whichever it was given."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import taktora
from taktora.testing import SimulatedExecutor

__all__ = [
    "LIMIT",
    "REAL",
    "RUNTIMES",
    "Runtime",
    "driven",
    "eventually",
    "make_on",
    "now",
    "pass_time",
    "spend",
]

LIMIT = 10.0
"""Seconds (virtual ones in a simulation) after which what must happen is said not to happen."""


class Runtime(NamedTuple):
    """What drives a test's executors."""

    name: str
    workers: int = 0
    virtual: bool = False
    shuffled: bool = False
    """Whether chance decides where production promises no order; else first in, first out."""


REAL = Runtime("real")
RUNTIMES = {
    one.name: one
    for one in (
        Runtime("inline"),
        Runtime("pool-1", 1),
        Runtime("pool-4", 4),
        Runtime("virtual", virtual=True),
        Runtime("virtual-pool", 2, virtual=True, shuffled=True),
    )
}


def make_on(runtime: Runtime, test: str, **options: Any) -> Any:
    """An executor of ``runtime``; ``test`` seeds the chance of a simulated one."""
    if not runtime.virtual:
        return taktora.Executor(**options)
    if runtime.shuffled:
        return SimulatedExecutor(zlib.crc32(test.encode()), late_answers=True, **options)
    return SimulatedExecutor(None, **options)


@contextmanager
def driven(executor: Any) -> Iterator[Any]:
    """The executor runs inside the block: on a thread of its own, or whenever the test waits."""
    if not isinstance(executor, SimulatedExecutor):
        with taktora.Runner(executor):
            yield executor
        return
    executor.start()
    yield executor
    if executor.closed:
        return
    executor.stop()
    while executor.running:
        executor.advance(0.001)


def eventually(executor: Any, happened: threading.Event | Callable[[], object]) -> None:
    """Wait until something has happened, inside ``driven``; fail if it does not."""
    if isinstance(executor, SimulatedExecutor):
        done = happened.is_set if isinstance(happened, threading.Event) else happened
        end = executor.now_ns + round(LIMIT * 1e9)
        while not done():
            assert executor.now_ns < end, f"not within {LIMIT} seconds of virtual time"
            if executor.step() is None:
                executor.advance(0.001)
        return
    if isinstance(happened, threading.Event):
        assert happened.wait(LIMIT), f"not within {LIMIT} seconds"
        return
    pause = threading.Event()
    for _ in range(round(LIMIT / 0.002)):
        if happened():
            return
        pause.wait(0.002)
    raise AssertionError(f"not within {LIMIT} seconds")


def now(executor: Any) -> int:
    """Nanoseconds on the clock of the executor, as ``ctx.now_ns``."""
    return executor.now_ns if isinstance(executor, SimulatedExecutor) else time.monotonic_ns()


def spend(executor: Any, seconds: float) -> None:
    """Inside an execution: take that long; in a simulation, that much virtual time."""
    if isinstance(executor, SimulatedExecutor):
        executor.spend(round(seconds * 1e9))
    else:
        threading.Event().wait(seconds)


def pass_time(executor: Any, seconds: float) -> None:
    """Inside ``driven``: let that much time pass, real or virtual."""
    if isinstance(executor, SimulatedExecutor):
        executor.advance(seconds)
    else:
        threading.Event().wait(seconds)
