"""How much room shared memory has left."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["free_bytes"]

_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - that is where POSIX shared memory is


def free_bytes() -> int:
    """Bytes that can still be written there: one more would be a SIGBUS, not an error."""
    room = os.statvfs(_SHARED_MEMORY)
    return room.f_bavail * room.f_frsize
