"""When intervals and deadlines are due, worked out from their declarations alone.

A second opinion on what the scheduler's timers do: nothing here is shared with them.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from taktora.core.mailbox import Woke
from taktora.core.triggers import (
    DeadlineTrigger,
    IntervalTrigger,
    MissedTick,
    SourceTrigger,
    Trigger,
    kind_of,
)
from taktora.testing.mail import Asked, Mail
from taktora.time import Nanos

__all__ = ["Account", "Clockwork", "Deadline", "Interval", "Owner", "Plain"]

_BURST: Final = MissedTick.BURST


class Owner(Protocol):
    """Whose timers they are."""

    actor_id: str
    mail: Mail
    paused: bool
    passed: int
    """Slots of its intervals that have passed."""


class Account:
    """One declaration of one actor."""

    __slots__ = ("due", "gone", "kind", "owner", "slot")

    def __init__(self, owner: Owner, slot: int, kind: str) -> None:
        self.owner = owner
        self.slot = slot
        self.kind = kind
        """Of its firings."""
        self.due: Nanos = 0
        self.gone = False
        """Its actor has ended."""

    def arm(self, epoch: Nanos, now: Nanos) -> bool:
        """A run begins for its actor; whether it has to do with time."""
        raise NotImplementedError

    def arrived(self, now: Nanos) -> None:
        """Its source fired."""

    def passes(self, now: Nanos) -> Sequence[Nanos]:
        """Which of its times, the latest of which is due, lead to a wake-up at ``now``."""
        raise NotImplementedError


class Plain(Account):
    """A source and nothing else."""

    __slots__ = ()

    def arm(self, epoch: Nanos, now: Nanos) -> bool:  # noqa: ARG002
        """It has not."""
        return False


class Interval(Account):
    """Slots of the grid, at ``epoch + k * period``."""

    __slots__ = ("missed", "period")

    def __init__(self, owner: Owner, slot: int, trigger: IntervalTrigger) -> None:
        super().__init__(owner, slot, "interval")
        self.period = trigger.period
        self.missed = trigger.missed

    def arm(self, epoch: Nanos, now: Nanos) -> bool:
        """The first slot after now."""
        self.due = epoch + ((now - epoch) // self.period + 1) * self.period
        return True

    def passes(self, now: Nanos) -> Sequence[Nanos]:
        """The latest slot; all of a burst; none that nobody may run for."""
        first = self.due
        if self.missed is MissedTick.DELAY:
            self.owner.passed += 1
            self.due = now + self.period
            return (first,)
        count = (now - first) // self.period + 1
        self.owner.passed += count
        self.due = first + count * self.period
        if self.missed is _BURST:
            return range(first, self.due, self.period)
        return (self.due - self.period,)


class Deadline(Account):
    """Silence of a source for longer than ``within``."""

    __slots__ = ("within",)

    def __init__(self, owner: Owner, slot: int, trigger: DeadlineTrigger) -> None:
        super().__init__(owner, slot, "deadline_missed")
        self.within = trigger.within

    def arm(self, epoch: Nanos, now: Nanos) -> bool:  # noqa: ARG002
        """It counts from now."""
        self.due = now + self.within
        return True

    def arrived(self, now: Nanos) -> None:
        """The silence is over."""
        self.due = now + self.within

    def passes(self, now: Nanos) -> Sequence[Nanos]:
        """The first that is due; those after it, if they passed unseen, are one report."""
        first = self.due
        self.due = first + ((now - first) // self.within + 1) * self.within
        return (first,)


def account(owner: Owner, slot: int, trigger: Trigger) -> Account:
    """An account of what an actor declares."""
    if isinstance(trigger, IntervalTrigger):
        return Interval(owner, slot, trigger)
    if isinstance(trigger, DeadlineTrigger):
        return Deadline(owner, slot, trigger)
    declared: SourceTrigger = trigger
    return Plain(owner, slot, kind_of(declared))


class Clockwork:
    """All that is due, and whether the scheduler says so."""

    def __init__(self, broken: Callable[[str, str], None]) -> None:
        self._broken = broken
        self.epoch: Nanos = 0
        self._heap: list[tuple[Nanos, int, Account]] = []
        self._sequence = 0

    def arm(self, accounts: Sequence[Account], now: Nanos) -> None:
        """The timers of an actor begin."""
        for one in accounts:
            if one.arm(self.epoch, now):
                self._push(one)

    def clear(self) -> None:
        """The run is over."""
        self._heap.clear()

    def _push(self, one: Account) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (one.due, self._sequence, one))

    def overdue(self, now: Nanos) -> Account | None:
        """Something that should have been reported by now."""
        due = [one for _, _, one in self._heap if not one.gone and one.due <= now]
        return min(due, key=lambda one: one.due) if due else None

    def elapsed(self, now: Nanos, asked: Sequence[Asked], *, is_open: bool) -> None:
        """Time was reported, and the scheduler asked for these wake-ups."""
        heap = self._heap
        first: tuple[Account, Sequence[Nanos]] | None = None
        more: list[tuple[Account, Sequence[Nanos]]] = []
        while heap and heap[0][0] <= now:
            one = heapq.heappop(heap)[2]
            if one.gone:
                continue
            if one.due > now:  # moved since
                self._push(one)
                continue
            slots = one.passes(now)
            self._push(one)
            if not is_open or one.owner.paused:
                continue
            if first is None:
                first = one, slots
            else:
                more.append((one, slots))
        if first is None and not asked:
            return
        if first is not None and not more and len(asked) == 1 and len(first[1]) == 1:
            mail, fired, _ = asked[0]
            slot = fired[0]
            if (
                mail is first[0].owner.mail
                and slot.slot == first[0].slot
                and slot.scheduled_ns == first[1][0]
            ):
                return
        self._compare([] if first is None else [first, *more], asked)

    def _compare(
        self, expected: list[tuple[Account, Sequence[Nanos]]], asked: Sequence[Asked]
    ) -> None:
        wakes: dict[tuple[int, int, str], deque[Asked]] = {}
        for one in asked:
            fired = one[1][0]
            wakes.setdefault((id(one[0]), fired.slot, fired.kind), deque()).append(one)
        for due, slots in expected:
            law = "SIM-08" if due.kind == "interval" else "SIM-10"
            mine = wakes.pop((id(due.owner.mail), due.slot, due.kind), deque())
            who = repr(due.owner.actor_id)
            for slot in slots:
                if not mine:
                    self._broken(
                        law, f"{who} was not woken for {_what(due.kind)}, due at {_at(slot)}"
                    )
                    break
                _, fired_now, result = mine.popleft()
                if fired_now[0].scheduled_ns != slot:
                    self._broken(
                        law,
                        f"{who} was woken for {_what(due.kind)} at "
                        f"{_at(fired_now[0].scheduled_ns)}, but it was due at {_at(slot)}",
                    )
                if result is Woke.REFUSED:
                    break
            if mine:
                self._broken(law, f"{who} was woken too often for {_what(due.kind)}")
        for left in wakes.values():
            mail, fired_now, _ = left[0]
            law = "SIM-10" if fired_now[0].kind == "deadline_missed" else "SIM-08"
            self._broken(
                law,
                f"{mail.actor_id!r} was woken for {_what(fired_now[0].kind)} at "
                f"{_at(fired_now[0].scheduled_ns)}, when none was due",
            )


def _what(kind: str) -> str:
    return "a tick of its interval" if kind == "interval" else "a missed deadline"


def _at(nanos: Any) -> str:
    return f"{nanos / 1e9:.9f} s" if isinstance(nanos, int) else "no time at all"
