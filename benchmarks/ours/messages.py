"""Tell and ask from the main thread to an item whose executor runs on a `Runner`'s thread.

With ``worker_threads=0`` the driver handles the message itself, with one it hands it to the worker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.harness import Batch
from benchmarks.ours.domain import own_domain
from taktora import Context, Executor, Item, ItemRef, Runner

__all__ = ["open_ask", "open_tell"]

CAPACITY = 100_000
"""Above the longest burst: what is measured is the handling, not the rejection of messages."""


class Counter(Item):
    """The twin of `benchmarks.pykka_baseline.Counter`."""

    def __init__(self, complete: threading.Event) -> None:
        self.complete = complete

    def on_receive(self, message: Any, ctx: Context) -> Any:
        if message == 0:
            self.complete.set()
        return message


@contextmanager
def _hosted(complete: threading.Event, workers: int) -> Iterator[ItemRef]:
    placement = "pool" if workers else "inline"
    with (
        own_domain() as domain,
        Executor(
            domain=domain, worker_threads=workers, mailbox_capacity=CAPACITY, handle_signals=False
        ) as executor,
    ):
        ref = executor.add(Counter(complete), placement=placement)
        with Runner(executor):
            yield ref


@contextmanager
def open_tell(*, workers: int) -> Iterator[Batch]:
    """n messages until the last one is handled; one sample: ns per message."""
    complete = threading.Event()
    with _hosted(complete, workers) as ref:

        def batch(n: int) -> list[int]:
            complete.clear()
            start = time.perf_counter_ns()
            for left in range(n - 1, -1, -1):
                ref.tell(left)
            complete.wait()
            return [(time.perf_counter_ns() - start) // n]

        yield batch


@contextmanager
def open_ask(*, workers: int) -> Iterator[Batch]:
    """Ask and wait for the answer, seen from the main thread."""
    now = time.perf_counter_ns
    with _hosted(threading.Event(), workers) as ref:

        def batch(n: int) -> list[int]:
            samples: list[int] = []
            for number in range(1, n + 1):
                start = now()
                ref.ask(number)
                samples.append(now() - start)
            return samples

        yield batch
