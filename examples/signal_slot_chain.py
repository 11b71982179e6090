"""A signal in a chain, and the slot that wakes on what it sends: a chain, a topic, an item.

    read >> signal >> sent        ~~ "valve/temperature" ~~>        slot

Look at the counts: the signal sends only what has changed enough. What its hook says no to is not
sent, ends the run of its chain there, and wakes nobody. The two sides could as well live in two
programs: each makes a pair and uses its half.
"""

from __future__ import annotations

import ctypes
import itertools
import math

from taktora import Executor, every, item, signal_slot

READINGS = 60


def build(executor: Executor) -> None:
    signal, slot = signal_slot.pair(executor, "valve/temperature", ctypes.c_double)
    readings = itertools.count()
    now, last = 0.0, math.nan

    @every(0.01, id="read")
    def read() -> None:
        nonlocal now
        now = 20 + 5 * math.sin(next(readings) / 10)

    @signal.before_send
    def fill(payload: ctypes.c_double) -> bool:
        payload.value = now  # written in shared memory
        return not abs(now - last) < 1

    def sent() -> None:
        nonlocal last
        last = now

    @slot.after_recv
    def show(payload: ctypes.c_double) -> None:
        print(f"{payload.value:5.1f} degrees {'#' * round(payload.value)}")

    executor.add(read >> signal >> item(sent, id="sent"), id="sensor")
    executor.add(slot)


if __name__ == "__main__":
    with Executor(name="signal-slot") as executor:
        build(executor)
        executor.run_until(lambda: executor.stats()["read"].count >= READINGS)
        stats = executor.stats()
        print(f"{stats['read'].count} readings, {stats['sent'].count} were worth sending")
