"""The proof: a payload goes through shared memory and wakes an item, as in a real program."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from statistics import median

from taktora.cli.finding import Finding, note, ok, problem

__all__ = ["check_round_trip", "judge_latencies", "measure"]

WAKES = 200
_PATIENCE = 5.0  # seconds for one wake
_SLOW = 1000  # microseconds


def check_round_trip() -> Iterator[Finding]:
    """Send, wake, receive, some 200 times, in a domain of its own."""
    yield judge_latencies(measure(WAKES))


def judge_latencies(latencies_us: list[float]) -> Finding:
    """Latencies from send to execute; shorter than ``WAKES`` when a wake did not come."""
    if len(latencies_us) < WAKES:
        return problem(
            "round trip",
            f"only {len(latencies_us)} of {WAKES} messages woke their item in time",
            "look at the problems above; if there are none, please report this with the output of "
            "taktora doctor --json",
        )
    middle, worst = median(latencies_us), max(latencies_us)
    text = f"{WAKES} wakes, median {middle:.0f} us, worst {worst:.0f} us"
    if middle > _SLOW:
        return note("round trip", text, "the machine is busy: see what runs beside (top)")
    return ok("round trip", text)


def measure(wakes: int) -> list[float]:
    """Latencies in microseconds of messages from this thread to an item on another one."""
    from taktora import Executor, Node, Runner, on

    domain = f"doctor-{os.getpid()}"
    latencies: list[float] = []
    woken = threading.Event()
    with Node("doctor", domain=domain) as node, Executor(domain=domain) as executor:
        publisher = node.channel("round-trip", ctypes.c_int64).publisher()
        subscriber = executor.channel("round-trip", ctypes.c_int64).subscriber()

        @on(subscriber)
        def receive() -> None:
            for sample in subscriber:
                latencies.append((time.monotonic_ns() - sample.payload) / 1000)
                woken.set()

        executor.add(receive)
        with Runner(executor):
            for _ in range(wakes):
                time.sleep(0.001)  # let the executor fall asleep, so that it has to be woken
                woken.clear()
                publisher.send_copy(time.monotonic_ns())
                if not woken.wait(_PATIENCE):
                    break
    return latencies
