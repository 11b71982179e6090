"""Chains and graphs of items that do nothing, woken by an eventfd that the last one writes.

A lap is one run to the next, the wake-up included: the peers in `benchmarks.graph_baseline` have none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.harness import Batch, laps
from benchmarks.ours.domain import own_domain
from taktora import Context, ExecutionMonitor, Executor, Item, Observer, TriggerDeclarer

__all__ = ["open_calls", "open_chain", "open_graph", "open_single"]


class Head(Item):
    """Reads the eventfd and takes the time."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.stamps: list[int] = []

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.fd(self.fd)

    def execute(self, ctx: Context) -> None:
        self.stamps.append(time.perf_counter_ns())
        os.eventfd_read(self.fd)


class Middle(Item):
    """Does nothing."""

    def execute(self, ctx: Context) -> None:
        pass


class Tail(Item):
    """Writes the eventfd."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def execute(self, ctx: Context) -> None:
        os.eventfd_write(self.fd, 1)


class Alone(Head):
    """Head and tail in one."""

    def execute(self, ctx: Context) -> None:
        super().execute(ctx)
        os.eventfd_write(self.fd, 1)


class Calling(Head):
    """Does by hand what a chain would do: calls ten methods."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self.nodes: list[Middle] = []

    def execute(self, ctx: Context) -> None:
        super().execute(ctx)
        for node in self.nodes:
            node.execute(ctx)
        os.eventfd_write(self.fd, 1)


@contextmanager
def _laps(workers: int, *, observed: bool = False, what: str, width: int) -> Iterator[Batch]:
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    options: dict[str, Any] = {}
    if observed:
        options = {"observer": Observer(), "monitor": ExecutionMonitor()}
    try:
        with (
            own_domain() as domain,
            Executor(domain=domain, worker_threads=workers, **options) as ex,
        ):
            head: Head = Alone(fd) if what == "single" else Head(fd)
            if what == "calls":
                head = Calling(fd)
                head.nodes = [Middle() for _ in range(width)]
            if what in ("single", "calls"):
                ex.add(head)
            elif what == "chain":
                ex.add_chain([head, *(Middle() for _ in range(width)), Tail(fd)])
            else:
                ex.add(head >> [Middle() for _ in range(width)] >> Tail(fd))
            os.eventfd_write(fd, 1)

            def batch(n: int) -> list[int]:
                head.stamps.clear()
                while (left := n + 1 - len(head.stamps)) > 0:
                    ex.run_n(left)
                return laps(head.stamps)

            yield batch
    finally:
        os.close(fd)


def open_graph(workers: int) -> Any:
    """1 -> 8 -> 1."""
    return _laps(workers, what="graph", width=8)


def open_chain(length: int) -> Any:
    """``length`` nodes, inline."""
    return _laps(0, what="chain", width=length - 2)


def open_calls(count: int) -> Any:
    """One item that calls ``count`` methods."""
    return _laps(0, what="calls", width=count)


def open_single(observed: bool) -> Any:
    """One item, with or without somebody who looks on."""
    return _laps(0, observed=observed, what="single", width=0)
