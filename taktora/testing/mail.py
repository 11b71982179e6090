"""The books of one mailbox: what was put in and asked for, and what came of it.

A mailbox in a simulation is the very one of production, of a class that tells its bell what happens;
the bell (:class:`Mail`) keeps the books and sees at once when something is lost or out of order.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from taktora.actors.inbox import Inbox
from taktora.core.mailbox import Dropped, PutResult, Rejected, Wake, Woke
from taktora.core.triggers import Fired
from taktora.testing.journal import why

__all__ = ["Asked", "Mail", "Witness", "watch"]

OUTSIDE: Final = ""
"""The sender of what no item sends."""


class Witness(Protocol):
    """Who is told of what the books show."""

    sender: str
    """Who is executing."""
    asked: list[Asked]
    """The wake-ups that the scheduler asked for in the present stimulus."""
    withdrawn: list[Mail]
    """Whose wake-up it took back."""

    def broken(self, law: str, message: str) -> None:
        """A law was broken."""


Asked = tuple["Mail", tuple[Fired, ...], Woke]
"""Whom a wake-up is for, what fired, and what the mailbox made of it."""


class Mail:
    """The books of one mailbox; as its bell it rings on."""

    __slots__ = (
        "_again",
        "_depth",
        "_finals",
        "_ring",
        "_witness",
        "accepted",
        "actor_id",
        "asked",
        "bursts",
        "coalesced",
        "discarded",
        "dropped",
        "executed",
        "line",
        "owed",
        "ran_ticks",
        "refused",
        "rejected",
        "woke",
    )

    def __init__(self, actor_id: str, witness: Witness, ring: Callable[[], None]) -> None:
        self.actor_id = actor_id
        self._witness = witness
        self._ring = ring
        self._again: frozenset[int] = frozenset()
        self.line: deque[tuple[str, Any]] = deque()
        """Messages that wait, oldest first, each with its sender."""
        self._finals: list[Any] = []
        self.owed: tuple[Fired, ...] | None = None
        """What the pending wake-up must tell of."""
        self.bursts: deque[tuple[Fired, ...]] = deque()
        """Wake-ups that wait and may not merge."""
        self.accepted = self.dropped = self.rejected = 0
        self.asked = self.executed = self.coalesced = self.refused = self.discarded = 0
        self.ran_ticks = 0
        """Slots of intervals that an execution was told of."""
        self.woke = False
        """What was taken last was a wake-up."""

    def __call__(self) -> None:
        """Ring, as the inbox wants."""
        self._ring()

    def looks_again(self, rearm: tuple[Any, ...]) -> None:
        """Which wake-ups the actor asks for by itself, because it left something."""
        self._again = frozenset(id(again) for _, _, again in rearm)

    @property
    def ticks_waiting(self) -> int:
        """Slots of intervals in what is pending."""
        pending = sum(one.kind == "interval" for one in self.owed or ())
        return pending + len(self.bursts)

    # --- messages ---------------------------------------------------------------------------------

    def put(self, entry: Any, result: PutResult, inbox: Inbox) -> None:
        """Somebody put ``entry``, with this result."""
        if result is None:
            self.accepted += 1
            self.line.append((self._witness.sender, entry))
        elif type(result) is Dropped:
            self.dropped += 1
            if result.message is not entry:
                self.accepted += 1
                self._made_room(result.message)
                self.line.append((self._witness.sender, entry))
        elif type(result) is Rejected:
            self.rejected += 1
            if inbox.depth < inbox.capacity:
                self._broken(
                    "SIM-04", f"refused {why(entry)} with room left: {inbox.depth}/{inbox.capacity}"
                )
        if inbox.depth > inbox.capacity:
            self._broken("SIM-03", f"holds {inbox.depth} messages, of {inbox.capacity} at most")

    def put_final(self, entry: Any, result: PutResult) -> None:
        """Somebody asked the actor to stop."""
        if result is None:
            self._finals.append(entry)

    def _made_room(self, gone: Any) -> None:
        if type(gone) is Wake:
            self._strike_burst(gone)
            self.discarded += 1
            return
        for at, (_, entry) in enumerate(self.line):
            if entry is gone:
                del self.line[at]
                return
        self._broken("SIM-04", f"dropped {why(gone)}, which did not wait")

    def take(self, entry: Any) -> None:
        """The actor is about to handle ``entry``; ``None``: it was told that there is nothing."""
        self.woke = type(entry) is Wake
        if entry is None:
            if self.line or self.owed or self.bursts:
                self._broken("SIM-04", f"found nothing, although {self._waiting()} waited")
        elif self.woke:
            self._woken(entry)
        elif self.line and self.line[0][1] is entry:  # as a rule
            self.line.popleft()
        else:
            self._out_of_line(entry)

    def _out_of_line(self, entry: Any) -> None:
        at = next((at for at, (_, one) in enumerate(self.line) if one is entry), None)
        if at is None:
            if any(one is entry for one in self._finals):
                if self.line:
                    self._broken("SIM-02", f"stops before {why(self.line[0][1])}, put before that")
                return
            self._broken("SIM-04", f"handles {why(entry)}, which nobody put, or a second time")
            return
        sender = self.line[at][0]
        passed = [one for who, one in list(self.line)[:at] if who == sender]
        del self.line[at]
        if passed:
            self._broken(
                "SIM-02",
                f"handles {why(entry)} before {why(passed[0])}, which "
                f"{repr(sender) if sender else 'the same sender'} put earlier",
            )

    # --- wake-ups ---------------------------------------------------------------------------------

    def wake(self, fired: tuple[Fired, ...], result: Woke, *, merge: bool) -> None:
        """An execution was asked for."""
        self.asked += 1
        if id(fired) not in self._again:
            self._witness.asked.append((self, fired, result))
        if result is Woke.REFUSED:
            self.refused += 1
            self.dropped += not merge and not self._finals
        elif not merge:
            self.bursts.append(fired)
        elif self.owed is None:
            self.owed = fired
        else:
            self.coalesced += 1
            self.owed = _merged(self.owed, fired)

    def withdraw(self) -> None:
        """The pending wake-up was taken back."""
        if self.owed is not None:
            self.owed = None
            self.discarded += 1
        self._witness.withdrawn.append(self)

    def discard_ticks(self) -> None:
        """Ticks of an earlier run were taken out."""
        self.discarded += len(self.bursts)
        self.bursts.clear()
        if self.owed is not None:
            self.owed = tuple(one for one in self.owed if one.kind != "interval") or None
            self.discarded += self.owed is None

    def _woken(self, wake: Wake) -> None:
        self.executed += 1
        fired, owed = wake.fired, self.owed
        for one in fired:
            if one.kind == "interval":
                self.ran_ticks += 1
        if fired is owed:  # as a rule
            self.owed = None
        elif self.bursts and any(one is fired for one in self.bursts):
            self._strike_burst(wake)
        else:
            self.owed = None
            if owed is None or fired != owed:
                self._broken(
                    "SIM-05", f"is woken by {_names(fired)}, but what fired was {_names(owed)}"
                )

    def _strike_burst(self, wake: Wake) -> None:
        first = self.bursts[0] if self.bursts else None
        if wake.fired is first:
            self.bursts.popleft()
            return
        self.bursts = deque(one for one in self.bursts if one is not wake.fired)
        self._broken("SIM-08", f"runs for the slot of {_names(wake.fired)} before {_names(first)}")

    # --- the end, and the sum -----------------------------------------------------------------------

    def close(self, left: tuple[Any, ...]) -> None:
        """The mailbox was closed; ``left`` came out of it."""
        given = {id(entry) for entry in left}
        for _, entry in self.line:
            if id(entry) not in given:
                self._broken("SIM-04", f"ended, and {why(entry)} is neither handled nor given back")
        self.line.clear()
        self.discarded += (self.owed is not None) + len(self.bursts)
        self.owed = None
        self.bursts.clear()

    def balance(self, inbox: Inbox) -> None:
        """Break a law unless the books and what the mailbox counts agree."""
        pending = (self.owed is not None) + len(self.bursts)
        sums = (
            ("SIM-03", "messages waiting", inbox.depth, len(self.line) + len(self.bursts)),
            ("SIM-04", "messages accepted", inbox.accepted, self.accepted),
            ("SIM-04", "messages rejected", inbox.rejected, self.rejected),
            ("SIM-04", "messages and ticks dropped", inbox.dropped, self.dropped),
            ("SIM-06", "wake-ups coalesced", inbox.coalesced, self.coalesced),
            (
                "SIM-06",
                "wake-ups asked for",
                self.executed + inbox.coalesced + self.refused + pending + self.discarded,
                self.asked,
            ),
        )
        for law, what, counted, true in sums:
            if counted != true:
                self._broken(law, f"{what}: {counted} by its counters, {true} in truth")

    def _waiting(self) -> str:
        if self.line:
            return why(self.line[0][1])
        return _names(self.owed or self.bursts[0])

    def _broken(self, law: str, message: str) -> None:
        self._witness.broken(law, f"{self.actor_id!r} {message}")


def _merged(old: tuple[Fired, ...], new: tuple[Fired, ...]) -> tuple[Fired, ...]:
    """The newest firing of every declaration, in the order of the first ones."""
    merged = {(one.slot, one.kind): one for one in old}
    merged |= {(one.slot, one.kind): one for one in new}
    return tuple(merged.values())


def _names(fired: tuple[Fired, ...] | None) -> str:
    return "nothing" if fired is None else why(Wake(fired))


@functools.cache
def _watched(kind: type[Inbox]) -> type[Inbox]:
    """``kind``, with a bell that hears everything."""

    class Watched(kind):  # type: ignore[valid-type,misc]
        __slots__ = ()

        bell: Any

        def put(self, message: Any) -> PutResult:
            result: PutResult = super().put(message)
            self.bell.put(message, result, self)
            return result

        def put_final(self, message: Any) -> PutResult:
            result: PutResult = super().put_final(message)
            self.bell.put_final(message, result)
            return result

        def take(self) -> Any | None:
            entry = super().take()
            self.bell.take(entry)
            return entry

        def wake(self, fired: tuple[Fired, ...], *, merge: bool = True) -> Woke:
            result: Woke = super().wake(fired, merge=merge)
            self.bell.wake(fired, result, merge=merge)
            return result

        def withdraw(self) -> bool:
            there_was_one: bool = super().withdraw()
            if there_was_one:
                self.bell.withdraw()
            return there_was_one

        def discard_ticks(self) -> int:
            self.bell.discard_ticks()
            count: int = super().discard_ticks()
            return count

        def close(self) -> tuple[Any, ...]:
            left: tuple[Any, ...] = super().close()
            self.bell.close(left)
            return left

        def enrol(self, mail: Mail) -> None:
            """Begin the books with what is there."""
            self.bell = mail
            mail.line.extend((OUTSIDE, entry) for entry in self._line)
            mail.accepted = self.accepted

    Watched.__name__ = f"Watched{kind.__name__}"
    return Watched


def watch(inbox: Inbox, actor_id: str, witness: Witness) -> Mail:
    """Keep books of ``inbox`` from now on. It stays the object that everybody knows."""
    mail = Mail(actor_id, witness, inbox.bell)
    plain: Any = type(inbox)
    kind: Any = _watched(plain)
    inbox.__class__ = kind
    kind.enrol(inbox, mail)
    return mail
