"""What travels in every peer's round trip, and the process at the far end.

A payload begins with its sequence number (8 bytes, little-endian); a longer one ends with the number's
low byte. The echo reads both ends and answers with the number, or with `WRONG` when they don't fit.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import itertools
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TypeVar

from benchmarks.harness import Batch

__all__ = [
    "PeerFailed",
    "WrongEcho",
    "answer_to",
    "as_echo",
    "decode",
    "echo_process",
    "encode",
    "in_place",
    "needs",
    "pin",
    "pinning",
    "round_trips",
    "staying_up",
    "until",
]

NUMBER = struct.Struct("<Q")
WRONG = 2**64 - 1
ROOT = Path(__file__).resolve().parents[2]
PR_SET_PDEATHSIG = 1
PIN = "TAKTORA_BENCH_PIN"

P = TypeVar("P")

encode: Callable[[int], bytes] = NUMBER.pack
"""The 8 bytes of an answer."""


class PeerFailed(Exception):
    """A peer did not start, or its echo process ended early."""


class WrongEcho(Exception):
    """The answer belongs to another payload or reports a damaged one: the measurement is void."""


def decode(data: bytes | bytearray | memoryview) -> int:
    """The number in the first 8 bytes."""
    number: int = NUMBER.unpack_from(data)[0]
    return number


def answer_to(data: bytes | bytearray | memoryview) -> int:
    """Touch both ends of a payload; return the number to answer with."""
    number = decode(data)
    return WRONG if len(data) > NUMBER.size and data[-1] != number & 0xFF else number


def in_place(size: int) -> Callable[[int], bytearray]:
    """Payloads of ``size`` bytes in one buffer that is stamped anew for each number."""
    buffer = bytearray(size)

    def stamp(number: int) -> bytearray:
        if size > NUMBER.size:
            buffer[-1] = number & 0xFF
        NUMBER.pack_into(buffer, 0, number)
        return buffer

    return stamp


def round_trips(prepare: Callable[[int], P], exchange: Callable[[P], int]) -> Batch:
    """Time ``exchange`` (send, wait, decode the answer); ``prepare`` is not timed."""
    numbers = itertools.count(1)

    def batch(n: int) -> list[int]:
        samples: list[int] = []
        now = time.perf_counter_ns
        for number in itertools.islice(numbers, n):
            payload = prepare(number)
            start = now()
            answer = exchange(payload)
            samples.append(now() - start)
            if answer != number:
                raise WrongEcho(f"sent {number}, got {answer}")
        return samples

    return batch


def needs(module: str, package: str) -> str | None:
    """``None`` when ``module`` can be imported, otherwise how to get it."""
    if importlib.util.find_spec(module) is not None:
        return None
    return f"{package} is not installed (pip install {package})"


def until(condition: Callable[[], bool], what: str, *, seconds: float = 20.0) -> None:
    """Wait for ``condition`` while setting up; never used while measuring."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise PeerFailed(f"{what}: not within {seconds:g} s")
        time.sleep(0.002)


@contextmanager
def pinning() -> Iterator[None]:
    """Inside the block both ends of a pair stay on a core of their own (`pin`)."""
    before = os.sched_getaffinity(0)
    os.environ[PIN] = f"{min(before)} {max(before)}"
    pin(far=False)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        del os.environ[PIN]


def pin(*, far: bool) -> None:
    """Keep this thread, and those it starts, on the core of its end; only under `pinning`."""
    if PIN in os.environ:
        os.sched_setaffinity(0, {int(os.environ[PIN].split()[far])})


@contextmanager
def staying_up(process: subprocess.Popen[str]) -> Iterator[None]:
    """Raise `PeerFailed` in the main thread, wherever it waits, should ``process`` end in the block."""

    def child_ended(signum: int, frame: FrameType | None) -> None:
        if process.poll() is not None:
            raise PeerFailed(f"the process at the far end ended with {process.returncode}")

    before = signal.signal(signal.SIGCHLD, child_ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


@contextmanager
def echo_process(module: str, *arguments: str, env: dict[str, str] | None = None) -> Iterator[None]:
    """Process B, up and ready for the length of the block; it ends with the block or with us."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--echo", *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        if not any(line.strip() == "ready" for line in process.stdout):
            raise PeerFailed(f"the echo process of {module} ended before it was ready")
        with staying_up(process):
            yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def as_echo(serve: Callable[[Callable[[], None]], None]) -> None:
    """Run ``serve(ready)`` as process B: leaves in order on SIGTERM, and when process A is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    pin(far=True)
    serve(lambda: print("ready", flush=True))
