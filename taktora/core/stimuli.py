"""What the scheduler is told: things that happened (past tense), and what users ask of it.

"Stimulus", not "event": iceoryx2 owns the word event. Every stimulus is frozen, so drivers may
build one per actor or source and send it again and again.
"""

from __future__ import annotations

from attrs import field, frozen

from taktora.core.mailbox import Mailbox
from taktora.core.supervision import Supervision
from taktora.core.triggers import Trigger

__all__ = [
    "ActorSpec",
    "Added",
    "Completed",
    "Describe",
    "Elapsed",
    "Failed",
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
]


@frozen
class ActorSpec:
    """All that the scheduler needs to know about an actor."""

    actor_id: str
    mailbox: Mailbox = field(repr=False, eq=False)
    triggers: tuple[Trigger, ...] = ()
    supervision: Supervision = field(factory=Supervision.stop)


@frozen
class Added:
    """An actor was constructed and wired; it may run from now on."""

    spec: ActorSpec


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


@frozen
class Failed:
    """An actor raised while handling a message or wake-up, and is at rest."""

    actor_id: str
    error: BaseException = field(eq=False)


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
class Describe:
    """Ask for a :class:`~taktora.core.scheduler.Description` of everything scheduled."""


Stimulus = (
    Added
    | Told
    | Triggered
    | Elapsed
    | Completed
    | Failed
    | Started
    | Stopped
    | Restarted
    | RunStarted
    | StopRequested
    | RunEnded
    | Pause
    | Resume
    | Remove
)
"""Everything that :meth:`~taktora.core.scheduler.Scheduler.handle` takes."""
