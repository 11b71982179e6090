"""A bounded FIFO in front of an actor, with one place for a pending wake-up.

Laws:

* Messages of one sender are taken in the order in which they were put.
* The depth never exceeds the capacity; what happens to the message too many is the overflow
  policy's decision, and it is counted.
* Triggers never compete with messages for room: all triggers that fire before the actor gets to
  run merge into one pending :class:`Wake`, which keeps its place in the line. What was merged is
  counted as coalesced.
* After :meth:`Mailbox.put_final` nothing more gets in; the final message is taken when everything
  before it was.
* After :meth:`Mailbox.close` nothing gets in, and everything that was inside came out of ``close``.

Pure: no lock. Whoever shares a mailbox between threads brings one (``actors/inbox.py``).
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Any, Final

from attrs import evolve, field, frozen

from taktora.core.triggers import Fired

__all__ = ["Closed", "Dropped", "Mailbox", "Overflow", "PutResult", "Rejected", "Wake", "Woke"]


class Overflow(enum.Enum):
    """What a full mailbox does with one more message."""

    REJECT = "reject"
    """The sender gets ``MailboxFull``; the mailbox stays as it is."""
    DROP_OLDEST = "drop oldest"
    """The oldest message becomes a dead letter; the new one gets in."""
    DROP_NEWEST = "drop newest"
    """The new message becomes a dead letter."""


class Woke(enum.Enum):
    """What became of a wake-up."""

    QUEUED = "queued"
    """It got an execution of its own."""
    JOINED = "joined"
    """It shares the pending execution with firings of other declarations."""
    REPLACED = "replaced"
    """It shares the pending execution, and an earlier firing of its declaration made way for it."""
    REFUSED = "refused"
    """The mailbox is closed, or full and the wake-up may not merge."""


class Wake:
    """One pending execution: everything that fired since the last one began."""

    __slots__ = ("fired",)

    def __init__(self, fired: tuple[Fired, ...]) -> None:
        self.fired = fired

    def merge(self, fired: tuple[Fired, ...]) -> bool:
        """Keep the newest firing of each declaration; ``True`` when one made way.

        The order is that of the first firings. Events of a raw listener add up instead.
        """
        if len(fired) == 1 == len(self.fired):
            old, new = self.fired[0], fired[0]
            if not old.events and _same(old, new):
                self.fired = fired
                return True
        merged = list(self.fired)
        replaced = False
        for new in fired:
            at = next((i for i, old in enumerate(merged) if _same(old, new)), None)
            if at is None:
                merged.append(new)
                continue
            replaced = True
            old = merged[at]
            merged[at] = evolve(new, events=_added_up(old, new)) if old.events else new
        self.fired = tuple(merged)
        return replaced

    def __repr__(self) -> str:
        return f"Wake({', '.join(f.kind for f in self.fired)})"


def _added_up(old: Fired, new: Fired) -> tuple[tuple[int, int], ...]:
    counts: dict[int, int] = {}
    for event, count in (*old.events, *new.events):  # one drain may tell of an event twice
        counts[event] = counts.get(event, 0) + count
    return tuple(counts.items())


def _same(old: Fired, new: Fired) -> bool:
    return old.slot == new.slot and old.kind == new.kind


@frozen
class Rejected:
    """The message was not accepted: the mailbox is full."""

    depth: int


@frozen
class Dropped:
    """A message was dropped to stay within capacity; ``message`` is the one that went."""

    message: Any = field(repr=False)


@frozen
class Closed:
    """The message was not accepted: the actor has stopped."""


PutResult = Rejected | Dropped | Closed | None
"""``None``: accepted."""

_CLOSED: Final = Closed()


class Mailbox:
    """The bounded FIFO. Owned by one actor; see the module's laws."""

    __slots__ = (
        "_final",
        "_line",
        "_wake",
        "accepted",
        "capacity",
        "closed",
        "coalesced",
        "dropped",
        "overflow",
        "peak",
        "rejected",
    )

    def __init__(self, capacity: int, overflow: Overflow = Overflow.REJECT) -> None:
        self.capacity = capacity
        self.overflow = overflow
        self.closed = False
        self.accepted = 0
        self.rejected = 0
        self.dropped = 0
        self.coalesced = 0
        self.peak = 0
        self._line: deque[Any] = deque()
        self._wake: Wake | None = None
        self._final: list[Any] | None = None

    @property
    def depth(self) -> int:
        """Messages waiting; the pending wake-up is not counted."""
        return len(self._line) - (self._wake is not None)

    @property
    def head(self) -> Any | None:
        """What :meth:`take` would give; ``None`` when there is nothing."""
        if self._line:
            return self._line[0]
        return self._final[0] if self._final else None

    def __bool__(self) -> bool:
        return bool(self._line) or bool(self._final)

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.depth}/{self.capacity}"
        return f"<Mailbox {state}, {self.dropped} dropped, {self.rejected} rejected>"

    def put(self, message: Any) -> PutResult:
        """Add ``message`` at the end of the line, or say what happened instead."""
        if self.closed or self._final is not None:
            return _CLOSED
        depth = len(self._line) - (self._wake is not None)
        if depth < self.capacity:
            self._line.append(message)
            self.accepted += 1
            if depth >= self.peak:
                self.peak = depth + 1
            return None
        if self.overflow is Overflow.REJECT:
            self.rejected += 1
            return Rejected(depth)
        if self.overflow is Overflow.DROP_NEWEST:
            self.dropped += 1
            return Dropped(message)
        try:
            oldest = self._remove_oldest()
        except IndexError:  # taken by its actor this very moment: there is room
            result = None
        else:
            self.dropped += 1
            result = Dropped(oldest)
        self._line.append(message)
        self.accepted += 1
        return result

    def put_final(self, message: Any) -> PutResult:
        """Add ``message`` behind everything else and let nothing in after it but its like."""
        if self.closed:
            return _CLOSED
        if self._final is None:
            self._final = []
        self._final.append(message)
        return None

    def wake(self, fired: tuple[Fired, ...], *, merge: bool = True) -> Woke:
        """Ask for an execution because of ``fired``.

        With ``merge=False`` the wake-up gets an execution of its own (a burst of missed ticks);
        it then counts against the capacity and may be refused, which is counted as dropped.
        """
        if self.closed or self._final is not None:
            return Woke.REFUSED
        if not merge:
            if self.depth >= self.capacity:
                self.dropped += 1
                return Woke.REFUSED
            self._line.append(Wake(fired))
            if self.depth > self.peak:
                self.peak = self.depth
            return Woke.QUEUED
        pending = self._wake
        if pending is None:
            self._wake = pending = Wake(fired)
            self._line.append(pending)
            return Woke.QUEUED
        self.coalesced += 1
        return Woke.REPLACED if pending.merge(fired) else Woke.JOINED

    def take(self) -> Any | None:
        """The next message or :class:`Wake`; ``None`` when there is none."""
        if not self._line:
            return self._final.pop(0) if self._final else None
        head = self._line.popleft()
        if head is self._wake:
            self._wake = None
        return head

    def discard_ticks(self) -> int:
        """Take interval ticks out of what is pending; how many there were."""
        count = 0
        for entry in list(self._line):
            if type(entry) is not Wake:
                continue
            kept = tuple(fired for fired in entry.fired if fired.kind != "interval")
            count += len(entry.fired) - len(kept)
            entry.fired = kept
            if not kept:
                self._line.remove(entry)
                if entry is self._wake:
                    self._wake = None
        return count

    def withdraw(self) -> bool:
        """Take the pending wake-up out, as if it had never been asked for; whether there was one."""
        if self._wake is None:
            return False
        self._line.remove(self._wake)
        self._wake = None
        return True

    def settle(self) -> bool:
        """Whether something is waiting; ``False`` promises that the next put announces itself."""
        return bool(self)

    def close(self) -> tuple[Any, ...]:
        """Refuse everything from now on and give back what was never taken, oldest first."""
        self.closed = True
        left = (*self._line, *(self._final or ()))
        self._final = None
        self._line.clear()
        self._wake = None
        return left

    def _remove_oldest(self) -> Any:
        """Take out the oldest thing that counts, leaving a pending mergeable wake-up in place."""
        pending = self._wake
        oldest = self._line.popleft()
        if oldest is not pending:
            return oldest
        try:
            return self._line.popleft()
        finally:
            self._line.appendleft(pending)
