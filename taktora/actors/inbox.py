"""The mailbox that threads share: the pure one, a lock, and a bell for whoever schedules.

Any thread puts; the thread that executes the actor takes. The bell rings when the mailbox goes
from announced-empty to non-empty, so one ring covers a whole burst.

Taking a message needs no lock: ``deque.popleft`` is atomic, and the depth is the length of the
line. Only a :class:`Wake` does, because others may be merging into it, and a mailbox that drops
its oldest message, because then senders take too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from taktora.core.mailbox import Dropped, Mailbox, Overflow, PutResult, Wake, Woke
from taktora.core.triggers import Fired

__all__ = ["Inbox"]

# Bound once: these run for every message, and super() costs as much as what it finds.
put, take, wake = Mailbox.put, Mailbox.take, Mailbox.wake


def _unbound() -> None:
    """The bell of an inbox that no executor owns yet: what is put before the start is kept."""


class Inbox(Mailbox):
    """A :class:`Mailbox` that threads may share. Satisfies pykka's ``ActorInbox`` protocol."""

    __slots__ = ("_announced", "_lock", "bell", "on_dead_letter")

    def __init__(self, capacity: int = 1024, overflow: Overflow = Overflow.REJECT) -> None:
        super().__init__(capacity, overflow)
        self._lock = threading.Lock()
        self._announced = False
        self.bell: Callable[[], None] = _unbound
        """Called, without the lock, when mail arrives that nobody was told about."""
        self.on_dead_letter: Callable[[Any, str], None] | None = None
        """Called, without the lock, with a message that was dropped, and the reason."""

    def put(self, message: Any) -> PutResult:
        """Add ``message``; what happened if it was not simply accepted. Never blocks."""
        with self._lock:
            line = self._line
            depth = len(line) - (self._wake is not None)
            if depth < self.capacity and not self.closed and self._final is None:
                line.append(message)
                self.accepted += 1
                if depth >= self.peak:
                    self.peak = depth + 1
                if self._announced:
                    return None
                self._announced = True
                result = None
            else:
                result = put(self, message)
        if result is None:
            self.bell()
        elif type(result) is Dropped and self.on_dead_letter is not None:
            self.on_dead_letter(result.message, f"mailbox full, policy {self.overflow.value!r}")
        return result

    def put_final(self, message: Any) -> PutResult:
        """Add ``message`` behind everything else and let nothing in after it but its like."""
        with self._lock:
            result = super().put_final(message)
            ring = not self._announced and result is None
            if ring:
                self._announced = True
        if ring:
            self.bell()
        return result

    def wake(self, fired: tuple[Fired, ...], *, merge: bool = True) -> Woke:
        """Ask for an execution. Does not ring: the scheduler that calls this knows already."""
        with self._lock:
            if merge and self._wake is None and not self.closed and self._final is None:
                self._wake = pending = Wake(fired)
                self._line.append(pending)
                return Woke.QUEUED
            return wake(self, fired, merge=merge)

    def take(self) -> Any | None:
        """The next message or wake-up, ``None`` when there is none."""
        if self.overflow is not Overflow.DROP_OLDEST:
            line = self._line
            try:
                if type(line[0]) is not Wake:  # only this thread takes, so the head stays the head
                    return line.popleft()
            except IndexError:
                if self._final is None:
                    return None
        with self._lock:
            if self._line and self._line[0] is self._wake:
                self._wake = None
                return self._line.popleft()
            return take(self)

    def discard_ticks(self) -> int:
        """Take interval ticks out of what is pending; how many there were."""
        with self._lock:
            return super().discard_ticks()

    def withdraw(self) -> bool:
        """Take the pending wake-up out, as if it had never been asked for; whether there was one."""
        with self._lock:
            return super().withdraw()

    def settle(self) -> bool:
        """Whether something is waiting; if not, the next put rings."""
        if not self._announced:  # the next put rings anyway
            return bool(self._line or self._final)
        with self._lock:
            self._announced = waiting = bool(self._line or self._final)
            return waiting

    def close(self) -> tuple[Any, ...]:
        """Refuse everything from now on; what was never taken, oldest first."""
        with self._lock:
            return super().close()

    # pykka's names for the same things

    def get(self) -> Any:
        """The next message. Raises ``LookupError`` when empty: a pooled actor never blocks."""
        message = self.take()
        if message is None:
            raise LookupError("the inbox is empty")
        return message

    def empty(self) -> bool:
        """Whether nothing is waiting."""
        return not self
