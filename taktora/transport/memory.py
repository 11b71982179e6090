"""Python objects that look at shared memory, each keeping alive what it looks at.

The binding's own memory views do not keep the sample alive, and say that they are writable while
the memory is mapped read-only: a write ends the process. Here every view has an owner, and a view
of received memory is read-only.
"""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

__all__ = ["Anchor", "block_at", "shared_view"]


class Anchor:
    """Keeps one loan, and the port that it came from, alive as long as somebody can write to it.

    Owned by the memory block that the payload looks at. ``loan`` is dropped when the payload was
    sent or given up; ``port`` stays, so that the segment stays mapped under a stale payload.
    """

    __slots__ = ("__weakref__", "loan", "port")

    def __init__(self, loan: Any, port: Any) -> None:
        self.loan = loan
        self.port = port


@lru_cache(maxsize=1024)
def _block_type(size: int) -> Any:
    """``c_ubyte * size``; making a ctypes type takes 7 us, looking it up a tenth of one."""
    return ctypes.c_ubyte * size


def block_at(address: int, size: int, owner: object) -> Any:
    """A writable ctypes array of ``size`` bytes at ``address`` that keeps ``owner`` alive."""
    block = _block_type(size).from_address(address)
    block._owner = owner  # noqa: SLF001 - ours: a ctypes object has room for attributes
    return block


def shared_view(address: int, size: int, owner: object, port: object = None) -> memoryview:
    """A read-only memoryview of ``size`` bytes at ``address``; keeps ``owner`` and ``port`` alive.

    So does everything made from it: slices, casts, numpy arrays.
    """
    if not size:
        return memoryview(b"")
    block = _block_type(size).from_address(address)
    # A list, which the collector knows: a forked child finds what is in it.
    block._owner = [port, owner]  # noqa: SLF001 - as in block_at; on the way of every payload
    return memoryview(block).cast("B").toreadonly()
