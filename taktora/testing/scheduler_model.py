"""What an actor and its mailbox are, said with plain lists and by the laws alone.

The model that :class:`~taktora.testing.SchedulerMachine` holds the scheduler against.
"""

from __future__ import annotations

from typing import Any

from taktora.core.mailbox import Mailbox, Overflow, Woke
from taktora.core.stimuli import ActorSpec
from taktora.core.triggers import Fired, IntervalTrigger
from taktora.testing.laws import law
from taktora.time import Nanos

__all__ = ["Line", "Model", "Source", "law", "probed"]


class Source:
    """A port, as far as the core knows: something with an identity."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def probed(mailbox_class: type[Mailbox]) -> type[Mailbox]:
    """``mailbox_class`` with a record of the wake-ups that the scheduler asked of it."""

    class Probe(mailbox_class):  # type: ignore[valid-type,misc]
        __slots__ = ("log",)

        def __init__(self, capacity: int, overflow: Overflow) -> None:
            super().__init__(capacity, overflow)
            self.log: list[tuple[tuple[Fired, ...], bool, Woke]] = []

        def wake(self, fired: tuple[Fired, ...], *, merge: bool = True) -> Woke:
            result: Woke = super().wake(fired, merge=merge)
            self.log.append((fired, merge, result))
            return result

    return Probe


class Line:
    """What a mailbox is, said with a plain list."""

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        self.capacity = capacity
        self.overflow = overflow
        self.entries: list[tuple[str, Any]] = []
        """``("message", token)``, ``("burst", [Fired])`` or ``("wake", [Fired])``."""

    @property
    def depth(self) -> int:
        """What counts against the capacity."""
        return sum(kind != "wake" for kind, _ in self.entries)

    def put(self, token: object) -> tuple[str, Any]:
        """Whether it is accepted, rejected or dropped, and the entry that went for it."""
        if self.depth < self.capacity:
            self.entries.append(("message", token))
            return "accepted", None
        if self.overflow is Overflow.REJECT:
            return "rejected", None
        if self.overflow is Overflow.DROP_NEWEST:
            return "dropped", ("message", token)
        at = next(i for i, (kind, _) in enumerate(self.entries) if kind != "wake")
        oldest = self.entries.pop(at)
        self.entries.append(("message", token))
        return "dropped", oldest

    def wake(self, fired: Fired, merge: bool) -> Woke:
        """What becomes of one firing."""
        if not merge:
            if self.depth >= self.capacity:
                return Woke.REFUSED
            self.entries.append(("burst", [fired]))
            return Woke.QUEUED
        pending = next((content for kind, content in self.entries if kind == "wake"), None)
        if pending is None:
            self.entries.append(("wake", [fired]))
            return Woke.QUEUED
        for i, old in enumerate(pending):
            if (old.slot, old.kind) == (fired.slot, fired.kind):
                events = fired.events
                if old.events:
                    counts: dict[int, int] = {}
                    for event, count in (*old.events, *fired.events):
                        counts[event] = counts.get(event, 0) + count
                    events = tuple(counts.items())
                pending[i] = Fired(fired.kind, fired.source, fired.scheduled_ns, events, fired.slot)
                return Woke.REPLACED
        pending.append(fired)
        return Woke.JOINED

    def discard_ticks(self) -> tuple[int, int]:
        """Slots that were taken out, and wake-ups that went because nothing of them was left."""
        slots, wakes = self.slots(), self.wakes()
        kept: list[tuple[str, Any]] = []
        for kind, content in self.entries:
            if kind == "message":
                kept.append((kind, content))
            elif left := [one for one in content if one.kind != "interval"]:
                kept.append((kind, left))
        self.entries = kept
        return slots, wakes - self.wakes()

    def wakes(self) -> int:
        """Wake-ups that wait."""
        return sum(kind != "message" for kind, _ in self.entries)

    def slots(self) -> int:
        """Grid slots that wait for a run."""
        return sum(
            one.kind == "interval"
            for kind, content in self.entries
            if kind != "message"
            for one in content
        )


class Model:
    """One actor, by the laws alone."""

    def __init__(self, spec: ActorSpec) -> None:
        self.id = spec.actor_id
        self.spec = spec
        self.mailbox: Any = spec.mailbox
        self.line = Line(spec.mailbox.capacity, spec.mailbox.overflow)
        self.paused = self.doomed = self.started = False
        self.phase = "idle"
        """Or starting, active (it has an ``Execute``), suspended."""
        self.executing = False
        """Active, and dispatched: a worker has it in hand."""
        self.took = False
        """It has taken something in this execution."""
        self.failures: list[Nanos] = []
        self.restart_due: Nanos | None = None
        self.due: dict[int, Nanos] = {}
        """Trigger slot -> when its timer is due; armed in runs only."""
        # for the accounts
        self.asked = self.ran = self.refused = self.coalesced = self.dropped_wakes = 0
        self.discarded_wakes = 0
        self.passed = self.slots_ran = self.skipped = self.dropped_slots = 0
        self.last_slot: dict[int, Nanos] = {}
        self.last_token: dict[str, int] = {}
        # what the stimulus that comes next must ask of the mailbox
        self.expected: list[Fired] = []
        """These may merge."""
        self.bursts: dict[int, list[Fired]] = {}
        """These may not: as many as find room."""

    def rest(self) -> None:
        """Whatever it executed is over."""
        self.phase = "idle"
        self.executing = False

    def triggers(self, kind: type) -> list[tuple[int, Any]]:
        """Its declarations of one kind, with their slots."""
        return [(i, t) for i, t in enumerate(self.spec.triggers) if isinstance(t, kind)]

    def sourced(self) -> list[tuple[int, Any]]:
        """Its declarations that something is watched for, with their slots."""
        return [
            (i, t) for i, t in enumerate(self.spec.triggers) if not isinstance(t, IntervalTrigger)
        ]
