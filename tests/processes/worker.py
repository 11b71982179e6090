"""The other process: started by the tests as ``python worker.py ROLE DOMAIN ...``."""

from __future__ import annotations

import ctypes
import os
import random
import sys
import threading
import time

import taktora


class Reading(ctypes.Structure):
    _fields_ = [("sequence", ctypes.c_uint64), ("sent_ns", ctypes.c_uint64)]


def say(*words: object) -> None:
    print(*words, flush=True)


def send_fast(domain: str, count: str) -> None:
    """As fast as possible; what the receiver is too slow for is overwritten."""
    with taktora.Node(domain=domain) as node:
        publisher = node.channel("line", Reading).publisher()
        say("ready")
        sys.stdin.readline()
        for n in range(int(count)):
            publisher.send_copy(Reading(n, time.monotonic_ns()))
        say("done")
        sys.stdin.readline()


def send_all(domain: str, count: str) -> None:
    """Nothing is overwritten: a full buffer says so, and the sample is sent again."""
    with taktora.Node(domain=domain) as node:
        publisher = node.channel("line", Reading, overflow=False).publisher()
        say("ready")
        sys.stdin.readline()
        refused = 0
        for n in range(int(count)):
            reading = Reading(n, time.monotonic_ns())
            while not publisher.send_copy(reading).sent:
                refused += 1
                os.sched_yield()
        say("done", refused)
        sys.stdin.readline()


def notify(domain: str, seconds: str, seed: str) -> None:
    """Notify one listener at random, for a while."""
    chance = random.Random(int(seed))
    with taktora.Node(domain=domain) as node:
        publisher = node.channel("bell", ctypes.c_uint64).publisher()
        say("ready")
        sys.stdin.readline()
        end = time.monotonic() + float(seconds)
        count = 0
        while time.monotonic() < end:
            publisher.send_copy(count)
            count += 1
            pause = time.perf_counter_ns() + chance.randrange(100_000)
            while time.perf_counter_ns() < pause:
                pass
        say("done", count)


def publish_for_ever(domain: str) -> None:
    """An executor that publishes every 5 ms until a signal comes."""
    with taktora.Executor(domain=domain) as executor:
        publisher = executor.channel("line", Reading).publisher()
        count = 0

        @taktora.every(0.005)
        def publish(ctx: taktora.Context) -> None:
            nonlocal count
            publisher.send_copy(Reading(count, ctx.now_ns))
            count += 1
            if count == 3:
                say("ready")

        executor.add(publish)
        executor.run()
    say("ended")


def receive_for_ever(domain: str, workers: str) -> None:
    """An executor with an item on the line, until a signal comes."""
    with taktora.Executor(domain=domain, worker_threads=int(workers)) as executor:
        subscriber = executor.channel("line", Reading).subscriber()
        count = 0

        @taktora.on(subscriber)
        def receive() -> None:
            nonlocal count
            for _ in subscriber:
                count += 1
            if count >= 3:
                say("got", count)

        executor.add(receive)
        executor.add(Ready())
        executor.run()
    say("ended")


class Ready(taktora.Item):
    """Says so once the run has begun: from then on signals end it."""

    def on_start(self) -> None:
        say("ready")


def just_end(domain: str) -> None:
    """End without closing anything, with everything still in globals."""
    global executor, publisher, sample, runner
    executor = taktora.Executor(domain=domain)
    channel = executor.channel("line", Reading)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(Reading(1, 2))
    sample = subscriber.take()
    executor.add(taktora.item(lambda: None, triggers=lambda on: on.interval(0.01)))
    runner = taktora.Runner(executor)
    say("ready", sample.payload.sequence)


def never_ends(domain: str) -> None:
    """A pool item that never returns must not keep the interpreter from exiting on SIGTERM twice."""
    executor = taktora.Executor(domain=domain, worker_threads=1)
    executor.add(
        taktora.item(lambda: threading.Event().wait(), triggers=lambda on: on.interval(0.01))
    )
    executor.add(Ready())
    executor.run()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
