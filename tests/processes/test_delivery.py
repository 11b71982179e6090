"""What one process sends, an item in another gets: in order, once, and gaps are seen."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import Executor, Runner

from .worker import Reading

COUNT = 100_000


@pytest.mark.rule("TRIG-36")
def test_of_100_000_fast_sends_all_arrive_in_order_once_or_show_as_gaps(
    executor: Executor, domain: str, start: Callable[..., Any]
) -> None:
    subscriber = executor.channel("line", Reading).subscriber()
    seen: list[int] = []
    last = threading.Event()

    def receive() -> None:
        for sample in subscriber:
            seen.append(sample.payload.sequence)
            if seen[-1] == COUNT - 1:
                last.set()

    executor.add(taktora.item(receive, triggers=lambda on: on.subscriber(subscriber)))
    sender = start("send_fast", domain, COUNT)
    sender.expect("ready")
    with Runner(executor):
        sender.go()
        sender.expect("done")
        assert last.wait(20), "the newest sample is within the buffer and must arrive"
        sender.go()
    gaps = sum(b - a - 1 for a, b in itertools.pairwise([-1, *seen]))
    assert all(a < b for a, b in itertools.pairwise(seen))
    assert len(seen) + gaps == COUNT
    assert len(seen) >= 16


@pytest.mark.rule("TRIG-36")
def test_100_000_sends_on_a_channel_that_does_not_overflow_all_arrive(
    executor: Executor, domain: str, start: Callable[..., Any]
) -> None:
    subscriber = executor.channel("line", Reading, overflow=False).subscriber()
    seen: list[int] = []
    last = threading.Event()

    def receive() -> None:
        seen.extend(sample.payload.sequence for sample in subscriber)
        if seen and seen[-1] == COUNT - 1:
            last.set()

    executor.add(taktora.item(receive, triggers=lambda on: on.subscriber(subscriber)))
    sender = start("send_all", domain, COUNT)
    sender.expect("ready")
    with Runner(executor):
        sender.go()
        assert last.wait(60), len(seen)
        sender.expect("done")
        sender.go()
    assert seen == list(range(COUNT))


NOTIFIERS = 4
SECONDS = 60


@pytest.mark.stress
@pytest.mark.rule("TRIG-35")
@pytest.mark.timeout(SECONDS * 3)
def test_four_processes_notify_one_listener_for_a_minute_and_no_wake_up_is_lost(
    make_executor: Callable[..., Executor], domain: str, start: Callable[..., Any]
) -> None:
    executor = make_executor()
    subscriber = executor.channel("bell", ctypes.c_uint64, buffer_size=4).subscriber()
    wakes = 0
    latest = 0
    silences: list[int] = []
    longest = 0

    def woken(ctx: taktora.Context) -> None:
        nonlocal wakes, latest
        wakes += 1
        latest = ctx.now_ns
        for _ in subscriber:
            pass

    def watch(ctx: taktora.Context) -> None:
        """After a lost wake-up every later notification is silent, until somebody looks."""
        nonlocal longest
        silence = ctx.now_ns - latest
        longest = max(longest, silence)
        if silence > 2_000_000_000:
            silences.append(silence)
            ctx.stop_executor()

    executor.add(taktora.item(woken, triggers=lambda on: on.subscriber(subscriber)))
    senders = [start("notify", domain, SECONDS, seed) for seed in range(NOTIFIERS)]
    for sender in senders:
        sender.expect("ready")
    for sender in senders:
        sender.go()
    executor.run_until(lambda: wakes > 0)
    # The watch ticks every 50 ms, so the driver is never idle for a second and never sweeps:
    # a lost wake-up would stay lost.
    executor.add(taktora.item(watch, triggers=lambda on: on.interval(0.05)))
    executor.run_for(SECONDS - 2)
    assert not silences
    sent = sum(int(sender.expect("done")[1]) for sender in senders)
    executor.run_for(0.2)
    assert subscriber.take() is None, "everything was taken, so the last wake-up was not lost"
    assert wakes > 10_000
    assert sent > 100_000
    assert executor.stats().rescued == 0
    print(f"{wakes} wake-ups, {sent} sent, longest silence {longest / 1e6:.1f} ms")
