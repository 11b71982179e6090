"""The twin of `benchmarks.handwritten.open_attachments`: one of many items on eventfds fires."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Batch, laps
from benchmarks.ours.domain import own_domain
from benchmarks.ours.hop import Ringer
from taktora import Executor

__all__ = ["open_attachments"]


@contextmanager
def open_attachments(count: int) -> Iterator[Batch]:
    fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(count)]
    try:
        with own_domain() as domain, Executor(domain=domain) as executor:
            items = [Ringer(fd) for fd in fds]
            for item in items:
                executor.add(item, placement="inline")
            ringing = items[count // 2]
            os.eventfd_write(ringing.fd, 1)

            def batch(n: int) -> list[int]:
                ringing.stamps.clear()
                while (left := n + 1 - len(ringing.stamps)) > 0:
                    executor.run_n(left)
                return laps(ringing.stamps)

            yield batch
    finally:
        for fd in fds:
            os.close(fd)
