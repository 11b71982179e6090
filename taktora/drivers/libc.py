"""The few system calls that Python 3.11 does not offer, or not the way the driver needs them.

They are made through ``PyDLL``, which keeps the GIL: none of them blocks, and letting go of the
GIL between two steps of the driver invites another thread in, at two context switches a time.
"""

from __future__ import annotations

import ctypes
import os

from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = [
    "Bell",
    "TimerFd",
    "get_timer_slack",
    "lock_memory",
    "set_thread_name",
    "set_timer_slack",
]

_libc = ctypes.PyDLL(None, use_errno=True)

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1
_MCL_CURRENT = 1
_MCL_FUTURE = 2
_MCL_ONFAULT = 4
_PR_SET_NAME = 15
_PR_SET_TIMERSLACK = 29
_PR_GET_TIMERSLACK = 30


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanos", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


def _error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")


class TimerFd:
    """A file descriptor that becomes readable at an absolute monotonic time (timerfd_create(2))."""

    def __init__(self) -> None:
        self._fd: int = _libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self._fd < 0:
            raise _error("timerfd_create")
        self._spec = _Itimerspec()
        self._reference = ctypes.byref(self._spec)

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def arm(self, due: Nanos) -> None:
        """Become readable at ``due`` (monotonic ns); at once if that is past. 0 disarms."""
        value = self._spec.value
        value.seconds, value.nanos = divmod(due, NANOS_PER_SECOND)
        if _libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, self._reference, None) != 0:
            raise _error("timerfd_settime")

    def clear(self) -> None:
        """Make it unreadable again after it fired."""
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # re-armed since it fired

    def close(self) -> None:
        """Release the descriptor."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Bell:
    """A non-blocking eventfd(2): rung by any thread or signal handler, heard by one."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._count = ctypes.c_uint64()
        self._reference = ctypes.byref(self._count)

    def fileno(self) -> int:
        """The descriptor; -1 once closed."""
        return self._fd

    def ring(self) -> None:
        """Make the descriptor readable. Does nothing once closed."""
        if self._fd >= 0:
            # Lets go of the GIL on purpose: who is woken needs it, and may be on this very core.
            os.eventfd_write(self._fd, 1)

    def hear(self) -> None:
        """Make the descriptor unreadable until it is rung again."""
        _libc.eventfd_read(self._fd, self._reference)

    def close(self) -> None:
        """Release the descriptor."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def set_timer_slack(nanos: int) -> None:
    """Let the kernel delay this thread's timers by at most ``nanos`` (prctl(2))."""
    if _libc.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(nanos), 0, 0, 0) != 0:
        raise _error("prctl(PR_SET_TIMERSLACK)")


def get_timer_slack() -> int:
    """This thread's timer slack in nanoseconds."""
    slack: int = _libc.prctl(_PR_GET_TIMERSLACK, 0, 0, 0, 0)
    if slack < 0:
        raise _error("prctl(PR_GET_TIMERSLACK)")
    return slack


def set_thread_name(name: str) -> None:
    """Name this thread for ``top -H`` and debuggers; the kernel keeps 15 bytes."""
    if _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0) != 0:
        raise _error("prctl(PR_SET_NAME)")


def lock_memory() -> None:
    """Keep this process's pages in memory: those that it has, and others once they were used.

    What is only mapped, such as shared memory that nobody has written to, is not filled (mlockall(2)).
    """
    for flags in (_MCL_CURRENT, _MCL_FUTURE | _MCL_ONFAULT):
        if _libc.mlockall(flags) != 0:
            raise _error("mlockall")
