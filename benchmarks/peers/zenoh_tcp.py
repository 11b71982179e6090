"""zenoh-python: two peers with one explicit TCP link on 127.0.0.1, scouting and gossip off.

Both sides wait in ``Subscriber.recv()``; waking up from a callback costs 60 to 100 us more. ``ZBytes`` has
no buffer protocol, so the receiver has to copy the payload out (``to_bytes``) before it can touch it.
With ``shared_memory`` the link stays TCP for small messages and for the descriptors of large ones.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    until,
)

__all__ = ["available", "open_pair"]

THERE, BACK = "bench/there", "bench/back"


def available() -> str | None:
    return needs("zenoh", "eclipse-zenoh")


def _config(*, listen: str | None, connect: str | None, shared_memory: bool) -> Any:
    import zenoh

    config = zenoh.Config()
    for key, value in {
        "mode": "peer",
        "listen/endpoints": [listen] if listen else [],
        "connect/endpoints": [connect] if connect else [],
        "scouting/multicast/enabled": False,
        "scouting/gossip/enabled": False,
        "transport/shared_memory/enabled": shared_memory,
    }.items():
        config.insert_json5(key, json.dumps(value))
    return config


def _publisher(session: Any, key: str) -> Any:
    import zenoh

    return session.declare_publisher(
        key, congestion_control=zenoh.CongestionControl.BLOCK, express=True
    )


def _free_endpoint() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp/127.0.0.1:{probe.getsockname()[1]}"


def _serve(endpoint: str, shared_memory: bool, ready: Callable[[], None]) -> None:
    import zenoh

    with zenoh.open(_config(listen=None, connect=endpoint, shared_memory=shared_memory)) as session:
        subscriber = session.declare_subscriber(THERE)
        publisher = _publisher(session, BACK)
        until(lambda: bool(publisher.matching_status.matching), "zenoh: a match for the answer")
        ready()
        while True:
            publisher.put(encode(answer_to(subscriber.recv().payload.to_bytes())))


@contextmanager
def open_pair(size: int, *, shared_memory: bool = False) -> Iterator[Batch]:
    import zenoh

    endpoint = _free_endpoint()
    with zenoh.open(_config(listen=endpoint, connect=None, shared_memory=shared_memory)) as session:
        subscriber = session.declare_subscriber(BACK)
        publisher = _publisher(session, THERE)

        def exchange(payload: bytearray) -> int:
            publisher.put(payload)
            return decode(subscriber.recv().payload.to_bytes())

        with echo_process(__name__, endpoint, str(int(shared_memory))):
            until(
                lambda: bool(publisher.matching_status.matching), "zenoh: a match for the payload"
            )
            yield round_trips(in_place(size), exchange)


if __name__ == "__main__":
    as_echo(lambda ready: _serve(sys.argv[2], bool(int(sys.argv[3])), ready))
