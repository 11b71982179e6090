"""What the scheduler is told: things that happened (past tense), and what users ask of it.

"Stimulus", not "event": iceoryx2 owns the word event. Every stimulus is frozen, so drivers may
build one per actor or source and send it again and again.
"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from taktora.core.mailbox import Mailbox
from taktora.core.plan import Plan
from taktora.core.supervision import Supervision
from taktora.core.triggers import Fired, Trigger
from taktora.time import Nanos

__all__ = [
    "ActorSpec",
    "Added",
    "Advanced",
    "Assembled",
    "ClearFault",
    "Completed",
    "Describe",
    "Elapsed",
    "Failed",
    "FlightBegan",
    "Pause",
    "Remove",
    "Restarted",
    "Resume",
    "RunEnded",
    "RunStarted",
    "Stimulus",
    "StopRequested",
    "Started",
    "Stopped",
    "Told",
    "Triggered",
    "Walked",
]


@frozen
class ActorSpec:
    """All that the scheduler needs to know about an actor."""

    actor_id: str
    mailbox: Mailbox = field(repr=False, eq=False)
    triggers: tuple[Trigger, ...] = ()
    supervision: Supervision = field(factory=Supervision.stop)
    budget: Nanos = 0
    """How long one execution may take before it is a fault; 0: as long as it likes."""


@frozen
class Added:
    """An actor was constructed and wired; it may run from now on."""

    spec: ActorSpec


@frozen
class Assembled:
    """A chain or graph was constructed: the actor that its triggers wake, and its members.

    ``walked``: a run of it is one execution, which goes through the members in the plan's order.
    Else every member is executed on its own as soon as all its predecessors are done.
    """

    spec: ActorSpec
    members: tuple[ActorSpec, ...]
    """In the order of ``plan.ids``."""
    plan: Plan
    walked: bool


@frozen
class Told:
    """A mailbox that was empty has mail."""

    actor_id: str


@frozen
class Triggered:
    """A watched source fired. ``source`` is the number that ``Watch`` gave it."""

    source: int
    events: tuple[tuple[int, int], ...] = ()


@frozen
class Elapsed:
    """Time passed; timers may be due."""


@frozen
class Completed:
    """An actor handled what it was given and is at rest."""

    actor_id: str
    overran: Nanos = 0
    """How long an execution took that was over budget; 0: none was."""


@frozen
class FlightBegan:
    """A chain or graph took what wakes it next: the root may start."""

    actor_id: str
    fired: tuple[Fired, ...] = field(eq=False)


@frozen
class Advanced:
    """A member of a chain or graph did its part of a run, and is at rest."""

    actor_id: str
    stop: bool = False
    """It asked for nothing more to start."""
    value: Any = field(default=None, eq=False)
    """What it emitted."""
    overran: Nanos = 0


@frozen
class Walked:
    """A chain or graph went through a run, in which something out of the ordinary happened."""

    actor_id: str
    failed: str | None = None
    """The member that raised."""
    error: BaseException | None = field(default=None, eq=False)
    overran: tuple[tuple[str, Nanos], ...] = ()
    """Members over budget, and how long they took."""


@frozen
class Failed:
    """An actor raised while handling a message or wake-up, and is at rest."""

    actor_id: str
    error: BaseException = field(eq=False)
    aboard: bool = False
    """It raised in its part of a chain's or graph's run."""
    overran: Nanos = 0


@frozen
class Stopped:
    """An actor ended its life by itself, while it was executing."""

    actor_id: str


@frozen
class Started:
    """``Start`` was obeyed; reported once everything that came with it was obeyed too."""

    actor_id: str


@frozen
class Restarted:
    """An actor was built anew and may run again."""

    actor_id: str


@frozen
class RunStarted:
    """A run begins; ``now`` becomes the epoch of the time grid."""


@frozen
class StopRequested:
    """Start nothing more; the run ends when the running executions have finished."""


@frozen
class RunEnded:
    """The run is over; nothing executes until the next one."""


@frozen
class Pause:
    """Keep this actor from executing until resumed. Messages and data wait; ticks are skipped."""

    actor_id: str


@frozen
class Resume:
    """Let a paused actor execute again."""

    actor_id: str


@frozen
class Remove:
    """Stop this actor as soon as it is at rest and forget it; its waiting mail is dead letters."""

    actor_id: str


@frozen
class ClearFault:
    """Let a faulted item run again; ``None``: the executor, after a breach of its own budget."""

    actor_id: str | None = None


@frozen
class Describe:
    """Ask for a :class:`~taktora.core.scheduler.Description` of everything scheduled."""


Stimulus = (
    Added
    | Told
    | Triggered
    | Elapsed
    | Completed
    | Failed
    | Assembled
    | FlightBegan
    | Advanced
    | Walked
    | Started
    | Stopped
    | Restarted
    | RunStarted
    | StopRequested
    | RunEnded
    | Pause
    | Resume
    | Remove
    | ClearFault
)
"""Everything that :meth:`~taktora.core.scheduler.Scheduler.handle` takes."""
