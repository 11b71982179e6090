"""eCAL: local mode, shared memory for payloads and for registration, every UDP and TCP layer off.

A receive callback on eCAL's thread puts the bytes on a ``queue.SimpleQueue`` on which the main thread
waits: the binding offers no blocking receive. ``send`` takes ``bytes``, and the callback gets ``bytes``.
"""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import Batch
from benchmarks.peers.wire import (
    PeerFailed,
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


def available() -> str | None:
    return needs("ecal", "eclipse-ecal")


def _configuration() -> Any:
    import ecal.nanobind_core as ecal

    config = ecal.Configuration()
    config.registration.local.transport_type = ecal.LocalTransportType.SHM
    config.registration.registration_refresh = 100
    config.publisher.layer.udp.enable = False
    config.publisher.layer.tcp.enable = False
    config.subscriber.layer.udp.enable = False
    config.subscriber.layer.tcp.enable = False
    config.logging.provider.udp.enable = False
    config.logging.provider.console.enable = False  # its lines carry the host name
    return config


class _Endpoint:
    """One side of the pair: publishes one topic, queues what arrives on the other."""

    def __init__(self, outgoing: str, incoming: str) -> None:
        import ecal.nanobind_core as ecal

        self.arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        # Without an explicit `config` both take the defaults of the import, UDP on, not initialize()'s.
        self._publisher = ecal.Publisher(outgoing, config=ecal.get_publisher_configuration())
        self._subscriber = ecal.Subscriber(incoming, config=ecal.get_subscriber_configuration())
        self._subscriber.set_receive_callback(self._arrive)
        self.send: Callable[[bytes], bool] = self._publisher.send

    def _arrive(self, publisher: object, data_type: object, data: Any) -> None:
        self.arrived.put(data.buffer)

    def matched(self) -> bool:
        return bool(self._publisher.get_subscriber_count())

    def close(self) -> None:
        self._subscriber.remove_receive_callback()
        del self._subscriber, self._publisher, self.send


@contextmanager
def _quiet() -> Iterator[None]:
    """eCAL writes a line to file descriptor 1 when it starts; no setting stops it."""
    before = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)


@contextmanager
def _endpoint(outgoing: str, incoming: str) -> Iterator[_Endpoint]:
    import ecal.nanobind_core as ecal

    with _quiet():
        started = ecal.initialize(_configuration(), "taktora-bench")
    if not started:
        raise PeerFailed("eCAL did not initialize")
    try:
        if ecal.config.is_network_enabled():
            raise PeerFailed("eCAL's network mode is on")
        end = _Endpoint(outgoing, incoming)
        try:
            yield end
        finally:
            end.close()
    finally:
        ecal.finalize()


def _serve(tag: str, ready: Callable[[], None]) -> None:
    with _endpoint(f"back{tag}", f"there{tag}") as end:
        until(end.matched, "eCAL: a match for the answer")
        ready()
        while True:
            end.send(encode(answer_to(end.arrived.get())))


def _connect(end: _Endpoint) -> None:
    """Send number 0 until it comes back: eCAL may know a subscriber before it reaches it."""
    until(end.matched, "eCAL: a match for the payload")

    def reached() -> bool:
        end.send(bytes(8))
        try:
            return decode(end.arrived.get(timeout=0.1)) == 0
        except queue.Empty:
            return False

    until(reached, "eCAL: a first echo")
    while True:  # late answers to earlier attempts
        try:
            end.arrived.get(timeout=0.1)
        except queue.Empty:
            return


@contextmanager
def open_pair(size: int) -> Iterator[Batch]:
    tag = str(os.getpid())
    stamp = in_place(size)
    with _endpoint(f"there{tag}", f"back{tag}") as end, echo_process(__name__, tag):
        _connect(end)

        def exchange(payload: bytes) -> int:
            end.send(payload)
            return decode(end.arrived.get())

        yield round_trips(lambda number: bytes(stamp(number)), exchange)


if __name__ == "__main__":
    as_echo(lambda ready: _serve(sys.argv[2], ready))
