"""What others do for a graph 1 -> 8 -> 1 of functions that do nothing, and for ten calls in a row.

A sample is one run, from before the first vertex to after the last one; nobody is woken for it.
"""

from __future__ import annotations

import asyncio
import graphlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import iceoryx2 as iox

from benchmarks.handwritten import CAP, waitset
from benchmarks.harness import Batch, laps

__all__ = ["open_calls", "open_futures", "open_graphlib", "open_task_group"]

WIDTH = 8
GRAPH: dict[int, set[int]] = {
    **{number: {0} for number in range(1, WIDTH + 1)},
    WIDTH + 1: set(range(1, WIDTH + 1)),
}


def nothing() -> None:
    """The work."""


def _timed(run: Callable[[], object]) -> Batch:
    now = time.perf_counter_ns

    def batch(n: int) -> list[int]:
        samples: list[int] = []
        for _ in range(n):
            start = now()
            run()
            samples.append(now() - start)
        return samples

    return batch


@contextmanager
def open_futures() -> Iterator[Batch]:
    """Two threads; submit, wait for all, submit the next stage."""
    with ThreadPoolExecutor(2) as pool:

        def run() -> None:
            pool.submit(nothing).result()
            wait([pool.submit(nothing) for _ in range(WIDTH)])
            pool.submit(nothing).result()

        yield _timed(run)


@contextmanager
def open_graphlib() -> Iterator[Batch]:
    """``TopologicalSorter`` says who is ready, two threads do it."""
    with ThreadPoolExecutor(2) as pool:

        def run() -> None:
            sorter = graphlib.TopologicalSorter(GRAPH)
            sorter.prepare()
            flying: dict[Future[None], int] = {}
            while sorter.is_active():
                for number in sorter.get_ready():
                    flying[pool.submit(nothing)] = number
                for done in wait(flying, return_when=FIRST_COMPLETED)[0]:
                    sorter.done(flying.pop(done))

        yield _timed(run)


@contextmanager
def open_task_group() -> Iterator[Batch]:
    """One event loop on one thread; each stage is a group of tasks."""

    async def vertex() -> None:
        """The work."""

    async def run() -> None:
        await vertex()
        async with asyncio.TaskGroup() as group:
            for _ in range(WIDTH):
                group.create_task(vertex())
        await vertex()

    async def many(n: int) -> list[int]:
        samples: list[int] = []
        for _ in range(n):
            start = time.perf_counter_ns()
            await run()
            samples.append(time.perf_counter_ns() - start)
        return samples

    with asyncio.Runner() as runner:
        yield lambda n: runner.run(many(n))


@contextmanager
def open_calls(count: int) -> Iterator[Batch]:
    """A bare wake (WaitSet, eventfd), then ``count`` method calls; the last one writes the eventfd."""
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    waits = waitset()
    guard = waits.attach_notification_fd(iox.FileDescriptor.non_owning_new(fd))
    table: dict[Any, Callable[[], None]] = {}
    stamps: list[int] = []

    class Node:
        def execute(self, ctx: object) -> None:
            pass

    nodes = [Node() for _ in range(count)]

    def woken() -> None:
        stamps.append(time.perf_counter_ns())
        os.eventfd_read(fd)
        for node in nodes:
            node.execute(None)
        os.eventfd_write(fd, 1)

    table[iox.WaitSetAttachmentId.from_guard(guard)] = woken
    os.eventfd_write(fd, 1)

    def batch(n: int) -> list[int]:
        stamps.clear()
        while len(stamps) <= n:
            for attachment in waits.wait_and_process_with_timeout(CAP)[0]:
                table[attachment]()
        return laps(stamps)

    try:
        yield batch
    finally:
        guard.delete()
        os.close(fd)
