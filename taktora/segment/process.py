"""A simulator in a process: frames at an interface, and requests at a socket, on one thread."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from taktora.errors import TaktoraError
from taktora.segment.config import SegmentDescription, load_segment
from taktora.segment.control import Control, pack
from taktora.segment.simulator import Simulator
from taktora.segment.wire import Wire

__all__ = ["serve"]

_PR_SET_PDEATHSIG = 1


def serve(
    description: SegmentDescription,
    nic: str,
    *,
    ready: Callable[[Simulator, Wire], None],
    control: socket.socket | None = None,
) -> Simulator:
    """Simulate until the wire is stopped, or the other end of ``control`` is closed.

    Args:
        description: of the segment.
        nic: name of the interface.
        ready: called once frames are answered, and the last thing before that; with ``wire.stop``
            to be called from any thread or signal handler.
        control: a connected stream socket for requests.

    Raises:
        OSError: there is no such interface, or CAP_NET_RAW is missing.
    """
    simulator = Simulator(description, time.monotonic_ns())
    wire = Wire(simulator.segment, nic)
    try:
        if control is not None:
            wire.watch(control, _Requests(control, Control(simulator), wire.stop).take)
        ready(simulator, wire)
        wire.serve()
    finally:
        wire.close()
    return simulator


class _Requests:
    """Lines from a socket, each answered at once."""

    def __init__(self, control: socket.socket, answers: Control, end: Callable[[], None]) -> None:
        self._socket = control
        self._answers = answers
        self._end = end
        self._rest = b""

    def take(self) -> None:
        """What has come."""
        data = self._socket.recv(1 << 16)
        if not data:
            self._end()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._socket.sendall(self._answers.answer(line, time.monotonic_ns()))


def _main(file: str, nic: str, control: str, parent: str) -> int:
    """As a child of a test: it ends with its parent, and says on its socket when it is ready."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        return 1  # it is gone already
    with socket.socket(fileno=int(control)) as connected:
        try:
            serve(
                load_segment(file),
                nic,
                ready=lambda *_: connected.sendall(pack({"is": "ready"})),
                control=connected,
            )
        except (OSError, TaktoraError) as error:
            connected.sendall(pack({"error": str(error), "type": type(error).__name__}))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
