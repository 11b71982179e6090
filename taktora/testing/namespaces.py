"""A network of one's own: what a thread does in it disturbs nobody, and nothing of it stays.

The namespace has no name: the kernel removes it, with all that is in it, when the last thread,
process and socket in it has gone, however they went.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["own_network"]

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


def _call(name: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
