"""What the scheduler wants done: imperative, obeyed by a driver in the order given."""

from __future__ import annotations

from attrs import field, frozen

from taktora.core.triggers import SourceTrigger

__all__ = [
    "Command",
    "Escalate",
    "Execute",
    "Forget",
    "Restart",
    "Start",
    "Stop",
    "Unwatch",
    "Watch",
]


@frozen
class Start:
    """Run the actor's ``on_start``."""

    actor_id: str


@frozen
class Execute:
    """Let the actor handle its mail; answer with ``Completed``, ``Failed`` or ``Stopped``."""

    actor_id: str


@frozen
class Restart:
    """Build the actor's item anew; answer with ``Restarted`` or ``Failed``."""

    actor_id: str


@frozen
class Stop:
    """Run ``on_stop``, close the mailbox, turn what is left into dead letters, drop the actor."""

    actor_id: str


@frozen
class Forget:
    """The actor ended by itself: drop it."""

    actor_id: str


@frozen
class Watch:
    """Report ``Triggered(source)`` whenever ``trigger`` fires."""

    source: int
    trigger: SourceTrigger


@frozen
class Unwatch:
    """Stop watching ``source``."""

    source: int


@frozen
class Escalate:
    """End the run with this failure."""

    actor_id: str
    error: BaseException = field(eq=False)


Command = Start | Execute | Restart | Stop | Forget | Watch | Unwatch | Escalate
"""Everything that :meth:`~taktora.core.scheduler.Scheduler.handle` returns."""
