"""The mailbox that threads share: the pure one, a lock, and a bell for whoever schedules.

Any thread puts; the thread that executes the actor takes. The bell rings when the mailbox goes
from announced-empty to non-empty, so one ring covers a whole burst.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from taktora.core.mailbox import Closed, Dropped, Mailbox, Overflow, PutResult, Woke
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
            result = put(self, message)
            ring = not self._announced and result is None
            if ring:
                self._announced = True
        if ring:
            self.bell()
        elif type(result) is Dropped and self.on_dead_letter is not None:
            self.on_dead_letter(result.message, f"mailbox full, policy {self.overflow.value!r}")
        return result

    def put_control(self, message: Any) -> PutResult:
        """Add ``message`` to the lane that is served first."""
        with self._lock:
            result = super().put_control(message)
            ring = not self._announced and type(result) is not Closed
            if ring:
                self._announced = True
        if ring:
            self.bell()
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
            return wake(self, fired, merge=merge)

    def take(self) -> Any | None:
        """The next message or wake-up, ``None`` when there is none."""
        with self._lock:
            return take(self)

    def settle(self) -> bool:
        """Whether something is waiting; if not, the next put rings."""
        with self._lock:
            self._announced = waiting = bool(self._line or self._control or self._final)
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
