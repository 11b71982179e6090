"""Taking away shared memory that a process left half-made when it was killed.

iceoryx2 creates shared memory write-only (mode 0200) and opens it to others when it is complete.
Whoever removes what a dead node left waits for that moment: without end, and with the GIL held, if
the creator died before it. So before dead nodes are cleaned up, whatever is write-only and not
open in any process is removed. For the same reason dead nodes are cleaned up by us, when a node
starts, closes or reaches a limit, and not by iceoryx2 whenever something is opened.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["remove_unfinished"]

_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - that is where POSIX shared memory is
_UNFINISHED: Final = stat.S_IWUSR

_Inode = tuple[int, int]


def remove_unfinished(prefix: str) -> int:
    """Remove half-made shared memory whose name begins with ``prefix``; how many there were."""
    suspects: dict[_Inode, str] = {}
    with suppress(OSError), os.scandir(_SHARED_MEMORY) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_IMODE(status.st_mode) == _UNFINISHED:
                        suspects[status.st_dev, status.st_ino] = entry.path
    if not suspects:
        return 0
    alive = _open_inodes()
    abandoned = [path for inode, path in suspects.items() if inode not in alive]
    for path in abandoned:
        with suppress(OSError):  # somebody else was quicker
            Path(path).unlink()
    return len(abandoned)


def _open_inodes() -> set[_Inode]:
    """What the processes of this machine have open, as far as this user may see."""
    found: set[_Inode] = set()
    for descriptors in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):  # the process is gone, or another user's
            for descriptor in descriptors.iterdir():
                with suppress(OSError):
                    status = descriptor.stat()
                    found.add((status.st_dev, status.st_ino))
    return found
