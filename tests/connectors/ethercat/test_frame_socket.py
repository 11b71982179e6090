"""Waiting at another's socket: for a frame, for another thread that reads there, or in vain."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from taktora.connectors.ethercat.bus import LOST
from taktora.connectors.ethercat.frame_socket import FrameSocket, open_sockets, raw_socket_since
from taktora.connectors.ethercat.soem_exchange import exchanger

LONG = 20_000_000_000
SHORT = 1_500_000
"""Nanoseconds."""


class Wire:
    """Two ends, one of them SOEM's; whether another thread reads there, too."""

    def __init__(self, timeout: int) -> None:
        self.shared = False
        self.soems, self.far = socket.socketpair()
        self.frames = FrameSocket(self.soems.dup(), timeout, lambda: self.shared)

    def look(self) -> bool:
        ready = self.frames.wait(self.frames.milliseconds)
        return ready == self.frames.simple or self.frames.arrived(ready)


@contextmanager
def wire(timeout: int) -> Iterator[Wire]:
    made = Wire(timeout)
    with made.soems, made.far:
        yield made
        made.frames.close()


@pytest.mark.rule("SOEM-60")
@pytest.mark.parametrize("timeout", [1_000_000, SHORT, 300_000])
def test_a_frame_that_does_not_come_is_waited_for_in_vain(timeout: int) -> None:
    with wire(timeout) as one:
        assert not one.look()
        one.far.send(b"frame")
        assert one.look()


@pytest.mark.rule("SOEM-60")
def test_another_thread_that_reads_there_ends_the_wait_until_it_has_done() -> None:
    with wire(LONG) as one:
        one.shared = True
        one.frames.ring()
        assert [one.look() for _ in range(3)] == [True, True, True]
        one.shared = False
        assert one.look()  # that it has done is seen now
    with wire(SHORT) as one:
        one.frames.ring()
        assert [one.look() for _ in range(3)] == [True, False, False]


@pytest.mark.rule("SOEM-60")
def test_a_ring_after_the_end_goes_nowhere() -> None:
    with wire(SHORT) as one:
        one.frames.close()
        one.frames.ring()


@pytest.mark.rule("SOEM-60")
def test_only_what_was_opened_since_then_at_that_interface_is_soems() -> None:
    before = open_sockets()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        assert raw_socket_since(before, "lo") is None


class Soem:
    """Its two calls: what they were given, and whether waiting was allowed."""

    def __init__(self, one: Wire, *counters: int) -> None:
        self._wire = one
        self._counters = list(counters)
        self.received: list[tuple[int, bool]] = []

    def send(self) -> None:
        pass

    def receive(self, timeout: int) -> int:
        self.received.append((timeout, _waits(self._wire.soems)))
        return self._counters.pop(0)


def _waits(one: socket.socket) -> bool:
    return not fcntl.fcntl(one, fcntl.F_GETFL) & os.O_NONBLOCK


@pytest.mark.rule("SOEM-60")
def test_soem_is_asked_once_for_each_frame_and_never_waits_for_one_that_is_late() -> None:
    with wire(SHORT) as one:
        soem = Soem(one, -1, -1, 9, 9)
        exchange = exchanger(
            soem.send, soem.receive, timeout=1500, frames=one.frames, clock=lambda: 0
        )
        assert exchange() == LOST
        one.far.send(b"late")
        assert [exchange() for _ in range(3)] == [LOST, 9, 9]
        assert soem.received == [(1, False), (1500, False), (1500, False), (1500, True)]
        assert _waits(one.soems)
