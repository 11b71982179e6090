"""``multiprocessing.Pipe``: bytes over a Unix socket pair, the least that two Python processes need."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from benchmarks.harness import Batch
from benchmarks.peers.wire import answer_to, as_echo, decode, encode, in_place, round_trips

__all__ = ["available", "open_pair"]


def available() -> str | None:
    return None


def _echo(pipe: Connection[bytes, bytes]) -> None:
    def serve(_: object) -> None:
        pipe.send_bytes(b"ready")
        while data := pipe.recv_bytes():
            pipe.send_bytes(encode(answer_to(data)))

    as_echo(serve)


@contextmanager
def open_pair(size: int) -> Iterator[Batch]:
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_echo, args=(far,), daemon=True)
    process.start()
    far.close()

    def exchange(payload: bytearray) -> int:
        near.send_bytes(payload)
        return decode(near.recv_bytes())

    try:
        near.recv_bytes()
        yield round_trips(in_place(size), exchange)
    finally:
        process.terminate()
        process.join(5)
        near.close()
