"""Everything the WaitSet watches, each as one object with one duty: ``fire``.

Only the driver thread, or whoever holds the driver's role while nobody drives, touches these.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from taktora.core.commands import Command
from taktora.core.stimuli import Triggered

__all__ = ["FdSet", "WatchedListener", "WatchedPort"]

Report = Callable[[Triggered], None]
"""Tells the scheduler and obeys it."""
Handle = Callable[..., tuple[Command, ...]]
Obey = Callable[[tuple[Command, ...]], None]
"""The two halves of a report, for the path that every sample takes."""


class WatchedPort:
    """A subscriber, server or client: a wake-up is a hint, the data behind it is the truth."""

    __slots__ = ("_handle", "_has_data", "_obey", "_stimulus", "_try_wait", "listener")

    def __init__(self, wakeup: Any, number: int, handle: Handle, obey: Obey) -> None:
        self.listener = wakeup.listener
        self._try_wait = self.listener.try_wait
        self._has_data = wakeup.probe()
        self._handle, self._obey = handle, obey
        self._stimulus = Triggered(number)

    def fire(self) -> None:
        """Drain the listener until it is empty (or a wake-up may be lost), then look for data."""
        try_wait = self._try_wait
        while try_wait():
            pass
        if self._has_data():
            commands = self._handle(self._stimulus, now=monotonic_ns())
            if commands:
                self._obey(commands)

    def sweep(self) -> bool:
        """Look without having been woken; ``True`` when there was something to find."""
        if not self._try_wait():
            return False
        self.fire()
        return True


class WatchedListener:
    """A raw iceoryx2 listener: its event ids and counts are all there is."""

    __slots__ = ("_number", "_report", "_try_wait", "listener")

    def __init__(self, wakeup: Any, number: int, report: Report) -> None:
        self.listener = wakeup.listener
        self._try_wait = self.listener.try_wait
        self._number = number
        self._report = report

    def fire(self) -> None:
        """Drain until empty and report every event; nothing when there was none."""
        events: list[tuple[int, int]] = []
        while activations := self._try_wait():
            events += ((activation.id.as_value, activation.count) for activation in activations)
        if events:
            self._report(Triggered(self._number, tuple(events)))

    def sweep(self) -> bool:
        """Look without having been woken; ``True`` when there was something to find."""
        activations = self._try_wait()
        if not activations:
            return False
        self._report(Triggered(self._number, tuple((a.id.as_value, a.count) for a in activations)))
        self.fire()
        return True


class FdSet:
    """Users' file descriptors behind one epoll descriptor, each reported once until re-armed.

    One-shot, because a descriptor stays readable until the item, perhaps on another thread, has
    read it. Re-arming is one system call and safe on any thread.
    """

    def __init__(self, report: Report) -> None:
        self._epoll = select.epoll()
        self._report = report
        self._stimuli: dict[int, Triggered] = {}

    def fileno(self) -> int:
        """The epoll descriptor, readable when one of the others is."""
        return self._epoll.fileno()

    def add(self, fd: int, number: int) -> None:
        """Report ``number`` once when ``fd`` is readable."""
        self._stimuli[fd] = Triggered(number)
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLONESHOT)

    def remove(self, fd: int) -> None:
        """Stop watching ``fd``, which the user may have closed already."""
        del self._stimuli[fd]
        try:
            self._epoll.unregister(fd)
        except (OSError, ValueError):
            return  # closed: the kernel has forgotten it already

    def rearm(self, fd: int) -> None:
        """Report ``fd`` again when it is (still) readable. Any thread."""
        try:
            self._epoll.modify(fd, select.EPOLLIN | select.EPOLLONESHOT)
        except (OSError, ValueError):
            return  # removed or closed meanwhile: nothing left to report

    def fire(self) -> None:
        """Report every descriptor that is readable."""
        for fd, _ in self._epoll.poll(0):
            stimulus = self._stimuli.get(fd)
            if stimulus is not None:
                self._report(stimulus)

    def close(self) -> None:
        """Release the epoll descriptor."""
        self._epoll.close()
