"""The raw socket that SOEM has opened, to wait at for exactly as long as one wants to.

SOEM waits in ``recv`` with SO_RCVTIMEO, which the kernel rounds up to its own ticks and adds one: with 250
ticks a second, 4 to 8 ms however short the time-out. ``poll`` is exact (hrtimers).
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from taktora.time import Nanos

__all__ = ["FrameSocket", "open_sockets", "raw_socket_since"]

_ETHERTYPE: Final = 0x88A4
_DESCRIPTORS: Final = Path("/proc/self/fd")
_MILLISECOND: Final = 1_000_000


class FrameSocket:
    """Waits for frames at another's socket. One thread, but :meth:`ring`.

    Args:
        own: a duplicate of that socket; closed at the end.
        timeout: how long to wait for a frame.
        is_shared: whether another thread takes frames out of the socket now, perhaps ours; it rings
            after it has begun to.
    """

    def __init__(self, own: socket.socket, timeout: Nanos, is_shared: Callable[[], bool]) -> None:
        self._socket = own
        self._is_shared = is_shared
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        poll = select.poll()
        poll.register(own, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        self.milliseconds, rest = divmod(timeout, _MILLISECOND)
        """To wait for, first."""
        self.wait: Callable[[int], list[tuple[int, int]]] = poll.poll
        """Wait at most so many milliseconds; what was found says :attr:`simple`, or :meth:`arrived`."""
        self.simple: Final = [(own.fileno(), select.POLLIN)]
        """Of :attr:`wait`: a frame has come, and there is nothing else to look at."""
        self._rest: Final = rest / 1e9  # what is no whole millisecond, in seconds
        self._both: Final = (own.fileno(), self._bell)

    def arrived(self, ready: list[tuple[int, int]]) -> bool:
        """After :attr:`wait`: a frame has come, or another thread may have taken it."""
        if not ready:
            return bool(self._rest and select.select(self._both, (), (), self._rest)[0])
        if any(number == self._bell for number, _ in ready):
            self._look_around()
        return True

    def ring(self) -> None:
        """Another thread takes frames out of the socket from now on. Any thread."""
        bell = self._bell
        if bell >= 0:  # not closed
            os.eventfd_write(bell, 1)

    @contextmanager
    def not_blocking(self) -> Iterator[None]:
        """Whoever reads from the socket now gets what is there, and does not wait."""
        self._socket.setblocking(False)
        try:
            yield
        finally:
            self._socket.setblocking(True)

    def close(self) -> None:
        """Let go of it. Idempotent."""
        self._socket.close()
        bell, self._bell = self._bell, -1
        if bell >= 0:
            os.close(bell)

    def _look_around(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        if self._is_shared():  # it may have begun before the bell was taken back
            self.ring()


def open_sockets() -> dict[str, int]:
    """Descriptors of this process's sockets, by what they are; none where there is no ``/proc``."""
    found = {}
    with suppress(OSError):
        for one in _DESCRIPTORS.iterdir():
            with suppress(OSError):  # closed meanwhile
                what = str(one.readlink())
                if what.startswith("socket:"):
                    found[what] = int(one.name)
    return found


def raw_socket_since(before: dict[str, int], nic: str) -> socket.socket | None:
    """A duplicate of the socket for EtherCAT at ``nic`` that was opened since; ``None``: there is none."""
    for what, number in open_sockets().items():
        if what in before:
            continue
        try:
            found = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        if found.family == socket.AF_PACKET and found.getsockname()[:2] == (nic, _ETHERTYPE):
            return found
        found.close()
    return None
