"""``python -m benchmarks.many_items``: what 10,000 items on one executor cost before they do anything.

Printed: time to add them all and until the last one answers, memory per item (resident set, the item's
own object included), CPU while all are idle, and what one more item costs when there are few or many.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.ours.domain import own_domain
from taktora import Context, Executor, Item, Runner, TriggerDeclarer

KINDS = ("message", "interval", "fd")
WINDOW = 100


class Idle(Item):
    """Has a trigger that never fires in time; answers what it is asked."""

    def __init__(self, kind: str, fd: int | None) -> None:
        self.kind = kind
        self.fd = fd

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        if self.kind == "interval":
            on.interval(3600)
        elif self.fd is not None:
            on.fd(self.fd)

    def on_receive(self, message: Any, ctx: Context) -> Any:
        return message


@contextmanager
def _idle_items(count: int, kind: str) -> Iterator[list[Idle]]:
    fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(count)] if kind == "fd" else []
    try:
        yield [Idle(kind, fds[i] if fds else None) for i in range(count)]
    finally:
        for fd in fds:
            os.close(fd)


def _resident() -> int:
    """Bytes of this process that are in memory now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def _add(executor: Executor, items: list[Idle]) -> tuple[list[int], Any]:
    """Add ``items`` one by one; what each took in ns, and the ref of the last one."""
    took: list[int] = []
    ref: Any = None
    for item in items:
        start = time.perf_counter_ns()
        ref = executor.add(item, placement="inline")
        took.append(time.perf_counter_ns() - start)
    return took, ref


def measure(count: int, kind: str, idle_s: float) -> str:
    """Run the whole experiment once; several lines of text."""
    lines = [f"{count} items, each with {kind} as its trigger"]
    with (
        _idle_items(count, kind) as items,
        _idle_items(WINDOW, kind) as late,
        own_domain() as domain,
        Executor(domain=domain, handle_signals=False) as executor,
    ):
        before = _resident()
        took, ref = _add(executor, items)
        lines.append(f"added in {sum(took) / 1e9:.3f} s")
        start = time.perf_counter()
        with Runner(executor):
            ref.ask("are you there?")
            lines.append(f"from start to the first answer {time.perf_counter() - start:.3f} s")
            lines.append(f"memory per item {(_resident() - before) / count:.0f} B")
            cpu = time.process_time()
            threading.Event().wait(idle_s)
            share = (time.process_time() - cpu) / idle_s
            lines.append(f"idle CPU {100 * share:.3f} % of a core over {idle_s:g} s")
            added_late, _ = _add(executor, late)
    few, many = statistics.median(took[:WINDOW]), statistics.median(took[-WINDOW:])
    lines.append(
        f"one add, median of {WINDOW}: the first {few / 1000:.1f} us, "
        f"the last {many / 1000:.1f} us ({many / few:.2f} x), "
        f"while running {statistics.median(added_late) / 1000:.1f} us"
    )
    return "\n  ".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_items", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kind", choices=KINDS, default="interval")
    parser.add_argument("--idle", type=float, default=10.0, metavar="SECONDS")
    arguments = parser.parse_args()
    if arguments.items < 2 * WINDOW:
        parser.error(f"--items must be at least {2 * WINDOW}")
    machine = describe()
    print(f"{measure(arguments.items, arguments.kind, arguments.idle)}\n{machine}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
