"""pyzmq: one PAIR socket each over ``ipc://``; a large payload is sent without a copy.

``send(copy=False)`` hands the buffer to ZeroMQ's I/O thread, which may still read it after the call.
The next stamp comes only after the answer, that is after the far side has read all of it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.harness import Batch
from benchmarks.peers.wire import (
    answer_to,
    as_echo,
    decode,
    echo_process,
    encode,
    in_place,
    needs,
    round_trips,
)

__all__ = ["available", "open_pair"]


def available() -> str | None:
    return needs("zmq", "pyzmq")


def _copies(size: int) -> bool:
    return size < 65536  # below that zero-copy costs more than it saves (zmq.COPY_THRESHOLD)


def _serve(address: str, size: int, ready: Callable[[], None]) -> None:
    zmq: Any = import_module("zmq")  # typed, but the type checker may run without it

    copies = _copies(size)

    with zmq.Context() as context, context.socket(zmq.PAIR) as socket:
        socket.linger = 0
        socket.connect(address)
        ready()
        while True:
            data = socket.recv() if copies else socket.recv(copy=False).buffer
            socket.send(encode(answer_to(data)))


@contextmanager
def open_pair(size: int) -> Iterator[Batch]:
    zmq: Any = import_module("zmq")

    with (
        tempfile.TemporaryDirectory() as directory,
        zmq.Context() as context,
        context.socket(zmq.PAIR) as socket,
    ):
        address = f"ipc://{directory}/pair"
        socket.linger = 0
        socket.bind(address)
        copies = _copies(size)

        def exchange(payload: bytearray) -> int:
            socket.send(payload, 0, copies)
            return decode(socket.recv())

        with echo_process(__name__, address, str(size)):
            yield round_trips(in_place(size), exchange)


if __name__ == "__main__":
    as_echo(lambda ready: _serve(sys.argv[2], int(sys.argv[3]), ready))
