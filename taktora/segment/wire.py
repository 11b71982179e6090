"""The edge: a segment at a network interface, frames in and out of a raw socket (Linux, AF_PACKET)."""

from __future__ import annotations

import heapq
import itertools
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Final

from taktora.segment.frames import ETHERTYPE
from taktora.segment.segment import Segment
from taktora.time import Nanos

__all__ = ["Wire"]

_SOL_PACKET: Final = 263
_IGNORE_OUTGOING: Final = 23
_IDLE: Final = 0.01
"""Seconds between two looks at what time brings, while no frame comes."""
_LARGEST: Final = 2048


class Wire:
    """Answers what comes in at ``nic`` as ``segment`` would.

    One thread runs :meth:`serve`; :meth:`stop` may be called from any thread, or a signal handler.

    Raises:
        OSError: There is no such interface, or CAP_NET_RAW is missing.
    """

    def __init__(self, segment: Segment, nic: str) -> None:
        self._segment = segment
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE))
        try:
            self._socket.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
            self._socket.bind((nic, ETHERTYPE))
            self._socket.setblocking(False)
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        except OSError:
            self._socket.close()
            raise
        self._later: list[tuple[Nanos, int, bytes]] = []
        self._serial = itertools.count()
        self._watched: dict[int, Callable[[], None]] = {}

    def watch(self, source: socket.socket, take: Callable[[], None]) -> None:
        """Call ``take`` in :meth:`serve`'s thread whenever ``source`` can be read. Before serving."""
        self._watched[source.fileno()] = take

    def serve(self) -> None:
        """Answer frames until :meth:`stop`."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        for number in self._watched:
            poll.register(number, select.POLLIN)
        frames = self._socket.fileno()
        while True:
            ready = poll.poll(self._patience())
            if any(number == self._bell for number, _ in ready):
                return
            if ready:
                for number, _ in ready:
                    if number == frames:
                        self._receive()
                    else:
                        self._watched[number]()
            else:
                now = time.monotonic_ns()
                self._segment.check_time(now)
                self._segment.settle(now)
            if self._later:
                self._send_due()

    def stop(self) -> None:
        """Make :meth:`serve` return."""
        os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """Let go of the interface."""
        self._socket.close()
        os.close(self._bell)

    def _patience(self) -> float:
        """Milliseconds to wait at most."""
        if not self._later:
            return _IDLE * 1000
        return max(0.0, min(_IDLE * 1000, (self._later[0][0] - time.monotonic_ns()) / 1e6))

    def _receive(self) -> None:
        """Everything that waits; the answer goes out before the devices have their turn."""
        segment = self._segment
        while True:
            try:
                frame = self._socket.recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError:  # the interface is down: nothing comes until it is up again
                return
            now = time.monotonic_ns()
            answer = segment.answer(frame, now)
            if answer is not None and segment.late:
                heapq.heappush(self._later, (now + segment.late, next(self._serial), answer))
            elif answer is not None:
                self._send(answer)
            segment.settle(now)

    def _send(self, frame: bytes) -> None:
        try:
            self._socket.send(frame)
        except OSError:  # down, or no buffer left: the frame is lost, as on a wire
            self._segment.statistics.lost += 1

    def _send_due(self) -> None:
        now = time.monotonic_ns()
        while self._later and self._later[0][0] <= now:
            self._send(heapq.heappop(self._later)[2])
