"""The GIL is never held while something waits: a thread that counts goes on counting."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import taktora
from taktora import Describe, Executor, Runner


class Pulse:
    """A thread that counts, and the longest time it could not."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.longest = 0.0
        self.count = 0
        self._thread = threading.Thread(target=self._beat)

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(0.0005):
            now = time.monotonic()
            self.longest = max(self.longest, now - last)
            last = now
            self.count += 1

    @contextmanager
    def beating(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()


@pytest.mark.rule("LIFE-24")
def test_other_threads_go_on_while_the_driver_waits_and_we_call_everything(
    executor: Executor,
) -> None:
    """The idle driver waits up to a second at a time; a call that waited for it would show."""
    channel = executor.channel("full", ctypes.c_uint64, overflow=False, buffer_size=1)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    with Runner(executor):
        pulse = Pulse()
        with pulse.beating():
            for n in range(20):
                ref = executor.add(taktora.Item(), id=f"item {n}")
                other = executor.channel(f"channel {n}", ctypes.c_uint64).subscriber()
                executor.add(
                    taktora.item(lambda: None, triggers=lambda on, s=other: on.subscriber(s))
                )
                executor.stats()
                executor.scheduler.ask(Describe(), timeout=10)
                ref.ask("hello", timeout=10)
                publisher.send_copy(n)
                publisher.send_copy(n)
                repr(executor)
            executor.stop()
            threading.Event().wait(0.05)
        assert pulse.count > 20
        assert pulse.longest < 0.5, "the wait that would be held is a second long"
    assert subscriber.take() is not None


@pytest.mark.rule("LIFE-24")
def test_sending_to_a_full_channel_returns_at_once_even_inside_one_process(
    executor: Executor,
) -> None:
    channel = executor.channel("full", ctypes.c_uint64, overflow=False, buffer_size=2)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    outcomes = [publisher.send_copy(n).sent for n in range(5)]
    assert outcomes == [True, True, False, False, False]
    assert [int(sample.payload) for sample in subscriber] == [0, 1]


@pytest.mark.rule("LIFE-33")
@pytest.mark.timeout(120)
def test_ten_thousand_items_run_pause_and_go(make_executor: Callable[..., Executor]) -> None:
    executor = make_executor()
    ran: set[int] = set()
    for n in range(10_000):
        executor.add(
            taktora.item(lambda n=n: ran.add(n), triggers=lambda on: on.interval(0.05)), id=f"i{n}"
        )
    executor.run_until(lambda: len(ran) == 10_000)
    assert len(executor.stats().items) == 10_000
    executor.close()
    assert executor.stats().items == {}
