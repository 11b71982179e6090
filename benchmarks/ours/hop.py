"""The hop through the executor: an item on a worker thread, woken by an eventfd that it writes itself.

A lap is one execution to the next: the worker writes the eventfd, the driver wakes up, takes note of the
completion, and hands the item to the worker again. Two changes of thread, as in `benchmarks.hop_baseline`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Batch, laps
from benchmarks.ours.domain import own_domain
from taktora import Context, Executor, Item, TriggerDeclarer

__all__ = ["Ringer", "open_hop"]


class Ringer(Item):
    """Reads its eventfd and writes it again at the end of each execution."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.stamps: list[int] = []

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.fd(self.fd)

    def execute(self, ctx: Context) -> None:
        self.stamps.append(time.perf_counter_ns())
        os.eventfd_read(self.fd)
        os.eventfd_write(self.fd, 1)


@contextmanager
def open_hop() -> Iterator[Batch]:
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        with own_domain() as domain, Executor(domain=domain, worker_threads=1) as executor:
            item = Ringer(fd)
            executor.add(item, placement="pool")
            os.eventfd_write(fd, 1)

            def batch(n: int) -> list[int]:
                item.stamps.clear()
                while (left := n + 1 - len(item.stamps)) > 0:
                    executor.run_n(left)
                return laps(item.stamps)

            yield batch
    finally:
        os.close(fd)
