"""Publish -> execute in one thread: two items on subscribers that publish to each other.

The same lap as `benchmarks.handwritten.open_loop`: read a field, send, notify, wait, look up, drain,
receive. What it takes more is what the executor costs. One item that fed itself would measure something
else: an executor takes what is there already, up to ``throughput`` samples, without any wake-up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.handwritten import Tick
from benchmarks.harness import Batch, laps
from benchmarks.ours.domain import own_domain
from taktora import Context, Executor, Item, Publisher, Subscriber, TriggerDeclarer

__all__ = ["open_inline"]


class Relay(Item):
    """Takes a tick and publishes the next one; stamps the time of each execution."""

    def __init__(self, subscriber: Subscriber, publisher: Publisher, stamps: list[int]) -> None:
        self.subscriber = subscriber
        self.publisher = publisher
        self.stamps = stamps

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.subscriber(self.subscriber)

    def execute(self, ctx: Context) -> None:
        sample = self.subscriber.take()
        if sample is not None:
            self.stamps.append(time.perf_counter_ns())
            self.publisher.send_copy(Tick(sample.payload.number + 1))


@contextmanager
def open_inline() -> Iterator[Batch]:
    stamps: list[int] = []
    with own_domain() as domain, Executor(domain=domain) as executor:
        ping, pong = executor.channel("ping", Tick), executor.channel("pong", Tick)
        executor.add(Relay(ping.subscriber(), pong.publisher(), stamps), placement="inline")
        executor.add(Relay(pong.subscriber(), ping.publisher(), stamps), placement="inline")
        first = ping.publisher()
        first.send_copy(Tick(0))

        def batch(n: int) -> list[int]:
            stamps.clear()
            executor.run_n(n + 1)
            assert len(stamps) == n + 1, "an execution without a wake-up of its own"
            return laps(stamps)

        yield batch
