"""The peers' job with an executor on both sides: an item sends, an item answers, an item receives."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.handwritten import Tick
from benchmarks.harness import Batch
from benchmarks.ours.domain import own_domain
from benchmarks.peers.wire import WrongEcho, answer_to, as_echo, echo_process, in_place
from taktora import Channel, Context, Executor, Item, Publisher, Subscriber, TriggerDeclarer

__all__ = ["open_pair"]


def _there(executor: Executor, size: int) -> Channel:
    if size == 8:
        return executor.channel("there", Tick)
    return executor.channel("there", bytes, max_bytes=size)


class Answerer(Item):
    """Process B: touches both ends of what arrives and answers with its number."""

    def __init__(self, arrivals: Subscriber, answers: Publisher, size: int) -> None:
        self.arrivals = arrivals
        self.answers = answers
        self.number_in: Callable[[Any], int] = answer_to if size != 8 else lambda tick: tick.number

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.subscriber(self.arrivals)

    def execute(self, ctx: Context) -> None:
        sample = self.arrivals.take()
        if sample is not None:
            self.answers.send_copy(Tick(self.number_in(sample.payload)))


class Asker(Item):
    """Process A: takes the time of an answer and sends the next payload."""

    def __init__(self, answers: Subscriber, payloads: Publisher, size: int) -> None:
        self.answers = answers
        self.payloads = payloads
        self.prepare: Callable[[int], Any] = Tick if size == 8 else in_place(size)
        self.samples: list[int] = []
        self.wanted = 0
        self.number = 0
        self.sent_at = 0

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.subscriber(self.answers)

    def send(self) -> None:
        self.number += 1
        payload = self.prepare(self.number)
        self.sent_at = time.perf_counter_ns()
        self.payloads.send_copy(payload)

    def execute(self, ctx: Context) -> None:
        sample = self.answers.take()
        if sample is None:
            return
        number = sample.payload.number
        self.samples.append(time.perf_counter_ns() - self.sent_at)
        if number != self.number:
            raise WrongEcho(f"sent {self.number}, got {number}")
        if len(self.samples) < self.wanted:
            self.send()
        else:
            ctx.stop_executor()


def _serve(domain: str, size: int, ready: Callable[[], None]) -> None:
    with Executor(domain=domain) as executor:
        arrivals = _there(executor, size).subscriber()
        answers = executor.channel("back", Tick).publisher()
        executor.add(Answerer(arrivals, answers, size), placement="inline")
        ready()
        executor.run()


@contextmanager
def open_pair(size: int) -> Iterator[Batch]:
    with (
        own_domain() as domain,
        Executor(domain=domain) as executor,
        echo_process(__name__, domain, str(size)),
    ):
        payloads = _there(executor, size).publisher()
        asker = Asker(executor.channel("back", Tick).subscriber(), payloads, size)
        executor.add(asker, placement="inline")

        def batch(n: int) -> list[int]:
            asker.samples.clear()
            asker.wanted = n + 1
            asker.send()
            executor.run()
            return asker.samples[1:]  # the first one holds the start of the run

        yield batch


if __name__ == "__main__":
    as_echo(lambda ready: _serve(sys.argv[2], int(sys.argv[3]), ready))
