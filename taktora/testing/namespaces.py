"""A network of one's own: what a thread does in it disturbs nobody, and nothing of it stays.

The namespace has no name: the kernel removes it, with all that is in it, when the last thread,
process and socket in it has gone, however they went.
"""

from __future__ import annotations

import ctypes
import functools
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taktora.testing.veth import veth_pair

__all__ = ["cannot_simulate", "own_network"]

_CLONE_NEWNET = 0x4000_0000
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def own_network() -> Iterator[None]:
    """This thread is in a new network namespace inside the ``with`` block, and back where it was after.

    Threads and processes that it starts meanwhile are in there, too, and stay; other threads are
    not. Everything else (files, processes, shared memory) is shared as before. There is a loopback
    interface in it, which is down.

    Raises:
        PermissionError: CAP_SYS_ADMIN is missing.
        OSError: the kernel was built without namespaces, or allows no more of them.
    """
    before = os.open(Path("/proc/thread-self/ns/net"), os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("unshare", _libc.unshare(_CLONE_NEWNET))
        try:
            yield
        finally:
            _call("setns", _libc.setns(before, _CLONE_NEWNET))
    finally:
        os.close(before)


@functools.cache
def cannot_simulate() -> str | None:
    """Why there can be no simulated network here, ``None`` if there can: it is tried, once."""
    refused: list[str] = []

    def attempt() -> None:
        try:
            with own_network():
                veth_pair("ecat0", "ecat1")
                socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
        except OSError as error:
            refused.append(
                f"a network of its own needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW) and "
                f"a kernel with veth: {error}"
            )

    thread = threading.Thread(target=attempt, name="taktora-own-network")
    thread.start()
    thread.join()
    return refused[0] if refused else None


def _call(name: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
