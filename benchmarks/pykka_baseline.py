"""``pykka.ThreadingActor`` as it comes: a thread per actor, ``queue.Queue`` in front of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pykka

from benchmarks.harness import Batch

__all__ = ["Counter", "open_ask", "open_tell"]


class Counter(pykka.ThreadingActor):
    """Counts what it is told, rings when a burst is complete, answers what it is asked."""

    def __init__(self, complete: threading.Event) -> None:
        super().__init__()
        self.complete = complete

    def on_receive(self, message: Any) -> Any:
        if message == 0:
            self.complete.set()
        return message


@contextmanager
def open_tell() -> Iterator[Batch]:
    """n messages from the main thread until the last one is handled; one sample: ns per message."""
    complete = threading.Event()
    ref = Counter.start(complete)

    def batch(n: int) -> list[int]:
        complete.clear()
        start = time.perf_counter_ns()
        for left in range(n - 1, -1, -1):
            ref.tell(left)
        complete.wait()
        return [(time.perf_counter_ns() - start) // n]

    try:
        yield batch
    finally:
        ref.stop()


@contextmanager
def open_ask() -> Iterator[Batch]:
    """Ask and wait for the answer, seen from the main thread."""
    ref = Counter.start(threading.Event())
    now = time.perf_counter_ns

    def batch(n: int) -> list[int]:
        samples: list[int] = []
        for number in range(1, n + 1):
            start = now()
            ref.ask(number)
            samples.append(now() - start)
        return samples

    try:
        yield batch
    finally:
        ref.stop()
