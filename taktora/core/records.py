"""What the scheduler writes down: actors, their timers, and who subscribes to what."""

from __future__ import annotations

import enum
from typing import Any

from attrs import frozen

from taktora.core.budgets import Budget
from taktora.core.commands import Command, Execute
from taktora.core.flight import Flight
from taktora.core.mailbox import Mailbox
from taktora.core.plan import Plan
from taktora.core.stimuli import ActorSpec
from taktora.core.supervision import FailureLog, Supervision
from taktora.core.timers import Timer
from taktora.core.triggers import DeadlineTrigger, Fired, IntervalTrigger, Trigger
from taktora.time import Nanos

__all__ = [
    "ActorDescription",
    "ActorRecord",
    "Composition",
    "DeadlineTimer",
    "Description",
    "IntervalTimer",
    "Phase",
    "RestartPause",
    "Subscription",
    "Wait",
]


class Phase(enum.Enum):
    """Where an actor is between two stimuli."""

    IDLE = "idle"
    STARTING = "starting"
    """A ``Start`` is outstanding."""
    ACTIVE = "active"
    """An ``Execute`` is outstanding."""
    SUSPENDED = "suspended"
    """Failed, and waiting to be built anew."""


@frozen
class ActorDescription:
    """One actor as the scheduler sees it."""

    actor_id: str
    phase: str
    paused: bool
    triggers: tuple[Trigger, ...]
    mailbox_depth: int
    skipped: int
    supervision: Supervision


@frozen
class Description:
    """Everything that is scheduled, as data."""

    running: bool
    in_flight: int
    actors: tuple[ActorDescription, ...]


class IntervalTimer(Timer):
    """The next tick of one interval declaration."""

    __slots__ = ("actor", "missed", "period", "slot", "source")

    def __init__(self, actor: ActorRecord, trigger: IntervalTrigger, slot: int) -> None:
        super().__init__(0)
        self.actor = actor
        self.period = trigger.period
        self.missed = trigger.missed
        self.source = trigger.source
        self.slot = slot


class DeadlineTimer(Timer):
    """When silence on one deadline declaration becomes a miss."""

    __slots__ = ("actor", "slot", "source", "within")

    def __init__(self, actor: ActorRecord, trigger: DeadlineTrigger, slot: int) -> None:
        super().__init__(0)
        self.actor = actor
        self.within = trigger.within
        self.source = trigger.source
        self.slot = slot


class RestartPause(Timer):
    """When a failed actor may be built anew."""

    __slots__ = ("actor",)

    def __init__(self, actor: ActorRecord, due: Nanos) -> None:
        super().__init__(due)
        self.actor = actor


class ActorRecord:
    """All that the scheduler knows about one actor. Owned by the scheduler."""

    __slots__ = (
        "boarding",
        "budget",
        "composition",
        "deadlines",
        "doomed",
        "execute",
        "failures",
        "home",
        "intervals",
        "mailbox",
        "onward",
        "paused",
        "phase",
        "place",
        "plain",
        "restart_pause",
        "skipped",
        "sources",
        "spec",
        "started",
    )

    def __init__(self, spec: ActorSpec) -> None:
        self.spec = spec
        self.mailbox: Mailbox = spec.mailbox
        self.execute: tuple[Command, ...] = (Execute(spec.actor_id),)
        self.onward: tuple[Command, ...] = ()
        self.phase = Phase.IDLE
        self.paused = False
        self.doomed = False
        self.started = False
        self.skipped = 0
        self.failures = FailureLog()
        self.budget = Budget(spec.budget, "budget")
        self.composition: Composition | None = None
        """Set: this actor is a chain or graph."""
        self.home: Composition | None = None
        """The chain or graph that it is a member of, at ``place`` of its plan."""
        self.place = 0
        self.plain = True
        """Neither a chain or graph, nor part of one, nor to be removed when it comes to rest."""
        self.boarding = False
        """Its part of a run waits in its mailbox."""
        self.intervals: list[IntervalTimer] = []
        self.deadlines: list[DeadlineTimer] = []
        self.restart_pause: list[RestartPause] = []
        self.sources: list[int] = []


class Wait(enum.Enum):
    """What a chain or graph with mail waits for."""

    NOTHING = "nothing"
    REST = "rest"
    """A member that handles a message."""
    RETURN = "return"
    """A member that is paused, starting, or to be built anew."""


class Composition:
    """What the scheduler knows of a chain or graph beyond what it knows of any actor."""

    __slots__ = ("_wakes", "actor", "error", "flight", "held", "members", "plan", "waits", "walked")

    actor: ActorRecord
    """The chain or graph itself."""

    def __init__(self, plan: Plan, members: list[ActorRecord], *, walked: bool) -> None:
        self.plan = plan
        self.members = members
        self.walked = walked
        self.flight: Flight | None = None
        self.error: BaseException | None = None
        """What cut the present run short."""
        self.waits = Wait.NOTHING
        self.held: list[ActorRecord] = []
        """Members with mail that may not run before the run is over."""
        self._wakes = [
            tuple(Fired("predecessor", plan.ids[number]) for number in before)
            for before in plan.predecessors
        ]

    def wake_of(self, number: int, values: list[Any]) -> tuple[Fired, ...]:
        """What wakes a member whose predecessors are done, with what these emitted."""
        before = self.plan.predecessors[number]
        if all(values[at] is None for at in before):
            return self._wakes[number]
        return tuple(Fired("predecessor", self.plan.ids[at], value=values[at]) for at in before)


class Subscription:
    """One declaration of one actor on one source."""

    __slots__ = ("actor", "deadline", "fired")

    def __init__(self, actor: ActorRecord, fired: Fired, deadline: DeadlineTimer | None) -> None:
        self.actor = actor
        self.fired = (fired,)
        self.deadline = deadline
