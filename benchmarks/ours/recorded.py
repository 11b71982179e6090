"""What a recorder in another process costs those who publish and those who listen.

Five channels at 1 kHz each. ``open_send`` takes the time of five ``send_copy`` in a row, one on each
channel; ``open_execute`` that from a publish to the execution of an item in the same thread. Between
two of them the thread sleeps, as a real publisher does. ``period`` is the recorder's, in seconds;
``None``: nobody records.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from benchmarks.handwritten import Tick
from benchmarks.harness import Batch
from benchmarks.ours.domain import own_domain
from benchmarks.peers.wire import ROOT, until
from taktora import Executor, every, on

__all__ = ["open_execute", "open_send"]

CHANNELS = 5
PERIOD_NS = 1_000_000


@contextmanager
def _recorder(domain: str, period: float) -> Iterator[None]:
    """``taktora record --all``, once it has subscribed to all channels and written something."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.mcap")
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "taktora",
                "record",
                "--all",
                "-o",
                str(path),
                "--period",
                str(period),
            ],
            cwd=ROOT,
            env={**os.environ, "TAKTORA_DOMAIN": domain},
            stdout=subprocess.DEVNULL,
        )
        try:
            until(path.exists, "the recorder starts")
            yield
        finally:
            process.terminate()
            if process.wait(20):
                raise RuntimeError(f"the recorder ended with {process.returncode}")


def _paced(step: Callable[[int], int]) -> Batch:
    """``step(number)`` once a millisecond."""

    def batch(n: int) -> list[int]:
        samples = []
        due = time.perf_counter_ns()
        for number in range(n):
            due += PERIOD_NS
            time.sleep(max(due - time.perf_counter_ns(), 0) / 1e9)
            samples.append(step(number))
        return samples

    return batch


@contextmanager
def open_send(period: float | None) -> Iterator[Batch]:
    with own_domain() as domain, Executor(domain=domain) as executor:
        channels = [executor.channel(f"c{number}", Tick) for number in range(CHANNELS)]
        publishers = [channel.publisher() for channel in channels]
        subscribers = [channel.subscriber() for channel in channels]

        def step(number: int) -> int:
            tick, now = Tick(number), time.perf_counter_ns
            before = now()
            for publisher in publishers:
                publisher.send_copy(tick)
            took = now() - before
            for subscriber in subscribers:
                subscriber.wakeup.drain()
                for _ in subscriber:
                    pass
            return took

        with nullcontext() if period is None else _recorder(domain, period):
            yield _paced(step)


@contextmanager
def open_execute(period: float | None) -> Iterator[Batch]:
    with own_domain() as domain, Executor(domain=domain) as executor:
        channels = [executor.channel(f"c{number}", Tick) for number in range(CHANNELS)]
        publishers = [channel.publisher() for channel in channels]
        subscriber = channels[-1].subscriber()
        samples: list[int] = []
        published = 0

        @every(PERIOD_NS / 1e9)
        def publish() -> None:
            nonlocal published
            for publisher in publishers[:-1]:
                publisher.send_copy(Tick(len(samples)))
            published = time.perf_counter_ns()
            publishers[-1].send_copy(Tick(len(samples)))

        @on(subscriber)
        def receive() -> None:
            samples.append(time.perf_counter_ns() - published)
            for _ in subscriber:
                pass

        executor.add(publish, placement="inline")
        executor.add(receive, placement="inline")

        def batch(n: int) -> list[int]:
            samples.clear()
            executor.run_until(lambda: len(samples) >= n)
            return samples[:n]

        with nullcontext() if period is None else _recorder(domain, period):
            yield batch
