"""The bare hop: the main thread hands a callable to a worker thread and sleeps until it is done.

There: ``queue.SimpleQueue``. Back: an eventfd that the worker writes. The main thread blocks in
`os.eventfd_read`, or, closer to what a driver has to do, in `select.epoll` with the eventfd attached. No
WaitSet is involved: this is the floor below any executor that runs work on another thread.
"""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.harness import Batch

__all__ = ["open_blocking", "open_epoll"]

Work = Callable[[], None] | None


@contextmanager
def _worker(done: int) -> Iterator[queue.SimpleQueue[Work]]:
    """A thread that calls what it gets and writes the eventfd ``done`` after each call."""
    handed: queue.SimpleQueue[Work] = queue.SimpleQueue()

    def work() -> None:
        while (call := handed.get()) is not None:
            call()
            os.eventfd_write(done, 1)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield handed
    finally:
        handed.put(None)
        thread.join()


def _hops(handed: queue.SimpleQueue[Work], wait: Callable[[], object]) -> Batch:
    now = time.perf_counter_ns

    def nothing() -> None:
        """The work."""

    def batch(n: int) -> list[int]:
        samples: list[int] = []
        for _ in range(n):
            start = now()
            handed.put(nothing)
            wait()
            samples.append(now() - start)
        return samples

    return batch


@contextmanager
def open_blocking() -> Iterator[Batch]:
    """The main thread blocks in a read of the eventfd."""
    done = os.eventfd(0)
    try:
        with _worker(done) as handed:
            yield _hops(handed, lambda: os.eventfd_read(done))
    finally:
        os.close(done)


@contextmanager
def open_epoll() -> Iterator[Batch]:
    """The main thread waits in epoll, then reads the eventfd."""
    done = os.eventfd(0)
    try:
        with select.epoll() as poller, _worker(done) as handed:
            poller.register(done, select.EPOLLIN)

            def wait() -> None:
                poller.poll()
                os.eventfd_read(done)

            yield _hops(handed, wait)
    finally:
        os.close(done)
