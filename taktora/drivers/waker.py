"""Waking a sleeping thread so that it can run at once.

A thread that is woken needs the GIL. Releasing a lock wakes it while the waker still holds the
GIL: it runs into it, goes back to sleep, and costs two to four context switches more. Writing to
an eventfd lets go of the GIL first. Measured, for one ask and its answer on one core: 6 µs
instead of 19.
"""

from __future__ import annotations

import math
import os
import select
import threading

__all__ = ["Waker", "waker_of_this_thread"]


class Waker:
    """One thread sleeps on it, any thread wakes it. Wakes are not counted: look at what they say."""

    __slots__ = ("_fd", "_poll")

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def wake(self) -> None:
        """Let the sleeper go on, now or when it next wants to sleep. Any thread."""
        os.eventfd_write(self._fd, 1)

    def sleep(self, timeout: float | None = None) -> bool:
        """Sleep until woken, or for ``timeout`` seconds; ``False`` when it was only the time.

        May return early, for a wake that was meant for an earlier sleep.
        """
        if timeout is not None and not self._poll.poll(math.ceil(max(timeout, 0) * 1000)):
            return False
        os.eventfd_read(self._fd)
        return True

    def __del__(self) -> None:
        if hasattr(self, "_fd"):
            os.close(self._fd)


class _Own(threading.local):
    waker: Waker | None = None


_own = _Own()


def waker_of_this_thread() -> Waker:
    """The one waker that the calling thread sleeps on; closed when the thread is gone."""
    waker = _own.waker
    if waker is None:
        waker = _own.waker = Waker()
    return waker
