"""One MainDevice per network interface, across processes.

Two of them on one wire reset each other's SubDevices, and neither sees an error. So whoever drives an
interface binds a Unix socket in the abstract namespace, unix(7): such names are kept per network
namespace, as interfaces are, and go with the process, however it ends.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Final

from taktora.closing import Closing
from taktora.errors import BusError

__all__ = ["NicInUse", "NicLock"]

_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid
_BACKLOG: Final = 1024  # who asks for the holder waits here for ever: nobody accepts


class NicInUse(BusError):
    """Somebody drives the interface already.

    Attributes:
        pid: whose process; 0 when that cannot be told.
    """

    def __init__(self, text: str, pid: int) -> None:
        super().__init__(text)
        self.pid = pid


class NicLock(Closing):
    """Held from the moment it is made until :meth:`close`. Any thread.

    A child that is made by ``fork()`` holds it, too, until it ends or runs another program.

    Args:
        nic: name of the interface, for messages.
        index: its number, which is its identity, whatever it is called.

    Raises:
        NicInUse: it is held already, also by this process; the text names the process.
        BusError: it cannot be locked.
    """

    def __init__(self, nic: str, index: int) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        name = f"\0taktora-ethercat-nic-{index}"
        try:
            self._socket.bind(name)
            self._socket.listen(_BACKLOG)
        except OSError as error:
            self._socket.close()
            if error.errno != errno.EADDRINUSE:
                raise BusError(f"{nic} cannot be locked: {error.strerror}") from error
            pid = _holder(name)
            raise NicInUse(
                f"{nic} is driven by {_named(pid)}; an interface has room for one MainDevice or "
                f"simulator: end that one first",
                pid,
            ) from error

    def close(self) -> None:
        """Let go of the interface. Idempotent."""
        self._socket.close()


def _holder(name: str) -> int:
    """Process id of who listens there, 0 when that cannot be told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(name)
        except OSError:
            return 0  # it has let go of it meanwhile, or too many have asked
        found = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(found)[0]
    return pid


def _named(pid: int) -> str:
    if pid == os.getpid():
        return f"this very process already (pid {pid})"
    return f"another process (pid {pid})" if pid else "another process"
