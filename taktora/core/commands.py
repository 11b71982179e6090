"""What the scheduler wants done: imperative, obeyed by a driver in the order given."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from taktora.core.budgets import Fault
from taktora.core.triggers import SourceTrigger

__all__ = [
    "Clear",
    "Command",
    "Escalate",
    "Execute",
    "Forget",
    "Land",
    "Restart",
    "Start",
    "Stop",
    "Trip",
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
    onward: bool = False
    """It goes on with a run of its chain or graph: part of the wake-up that began that."""


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


@frozen
class Land:
    """A run of a chain or graph is over: tell whoever observes, and answer whoever asked for it."""

    actor_id: str
    left_out: tuple[str, ...] = ()
    """Members that never started."""
    values: tuple[Any, ...] = field(default=(), eq=False)
    """What the members that nobody follows emitted."""
    error: BaseException | None = field(default=None, eq=False)
    """What cut the run short, if a member raised."""


@frozen
class Trip:
    """From now on run the fault handler instead of the item, or nothing; ``None``: of every item."""

    actor_id: str | None
    fault: Fault


@frozen
class Clear:
    """The fault is over."""

    actor_id: str | None


Command = (
    Start | Execute | Restart | Stop | Forget | Watch | Unwatch | Escalate | Land | Trip | Clear
)
"""Everything that :meth:`~taktora.core.scheduler.Scheduler.handle` returns."""
