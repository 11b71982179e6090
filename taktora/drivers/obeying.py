"""Obeying the scheduler: what every driver does alike, on real threads and in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, assert_never

from taktora.core.budgets import Fault
from taktora.core.commands import (
    Clear,
    Command,
    Escalate,
    Forget,
    Land,
    Restart,
    Start,
    Stop,
    Trip,
    Unwatch,
    Watch,
)
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import Started, Stimulus
from taktora.time import Nanos

__all__ = ["Obeying", "Runnable", "Switch"]


class Runnable(Protocol):
    """An actor as a driver sees it."""

    inline: bool

    def start(self) -> Stimulus | None:
        """Run ``on_start``."""

    def run(self) -> Stimulus:
        """Handle a batch of mail; what to report."""

    def restart(self) -> Stimulus:
        """Build the item anew; what to report."""

    def land(self, landing: Land) -> Stimulus | None:
        """A run of a chain or graph is over; what to report, if there is more to do."""

    def end(self) -> None:
        """Run ``on_stop``, close the mailbox."""


class Switch(Protocol):
    """Says that the run was asked to end."""

    stopping: bool


class Obeying:
    """The half of a driver that does as it is told. Needs the driver's role, but for :meth:`post`."""

    clock: Callable[[], Nanos]
    """What time it is for everyone who runs here; monotonic nanoseconds."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._handle = scheduler.handle
        self._next_due = scheduler.next_due
        self.cells: dict[str, Runnable] = {}
        """Actors by id; entries are added before ``Added`` is reported, removed on ``Stop``."""
        self.posted: deque[Stimulus | Callable[[], None]] = deque()
        """What others reported, or want done in the driver's role."""
        self.wakeups = 0
        """Turns that ran at least one item, over all runs."""
        self.rescued = 0
        """Notifications that were found without a wake-up; 0 unless iceoryx2 lost one."""
        self.aborted = False
        """A run was torn down half-way; nothing may run any more."""
        self.failure: Escalate | None = None
        """What ended the run, if an item did. The first failure counts."""
        self.on_gone: Callable[[str], None] = lambda _: None
        """Called when an actor has stopped, with its id."""
        self.on_trip: Callable[[str | None, Fault | None], None] = lambda *_: None
        """Called when an actor, or the executor (``None``), is faulted, or (``None``) no more."""
        self._started = False

    def post(self, stimulus: Stimulus | Callable[[], None]) -> None:
        """Report, from wherever: taken in when the driver next looks."""
        self.posted.append(stimulus)

    def rearm(self, fd: int) -> None:
        """Watch a file descriptor again after its item has run."""

    def report(self, stimulus: Stimulus) -> None:
        """Tell the scheduler, now, and obey."""
        commands = self._handle(stimulus, now=self.clock())
        if commands:
            self.obey(commands)

    def pump(self) -> None:
        """Take in what was posted so far; what that leads to waits for the next turn."""
        posted = self.posted
        for _ in range(len(posted)):
            entry = posted.popleft()
            if callable(entry):
                entry()
            else:
                self.report(entry)

    def obey(self, commands: tuple[Command, ...]) -> None:
        """Carry out what the scheduler decided, in order."""
        raise NotImplementedError

    def _obey_rare(
        self,
        command: Start | Restart | Stop | Forget | Watch | Unwatch | Escalate | Land | Trip | Clear,
    ) -> None:
        match command:
            case Start(actor_id):
                failed = self.cells[actor_id].start()
                if failed is not None:
                    self.report(failed)
                self.posted.append(Started(actor_id))  # after all that came with it
            case Restart(actor_id):
                # Not reported from in here: one that fails at once would nest without end.
                self.posted.append(self.cells[actor_id].restart())
            case Stop(actor_id):
                self.cells[actor_id].end()
                self.on_gone(actor_id)
            case Forget(actor_id):
                self.on_gone(actor_id)
            case Watch():
                self._watch(command)
            case Unwatch(source):
                self._unwatch(source)
            case Land(actor_id):
                more = self.cells[actor_id].land(command)
                if more is not None:
                    self.posted.append(more)
            case Trip(actor_id, fault):
                self.on_trip(actor_id, fault)
            case Clear(actor_id):
                self.on_trip(actor_id, None)
            case Escalate():
                self.failure = self.failure or command
            case _:
                assert_never(command)

    def close(self) -> None:
        """Let go of everything that was held for running."""
        raise NotImplementedError

    def _watch(self, command: Watch) -> None:
        """Report ``Triggered`` from now on."""
        raise NotImplementedError

    def _unwatch(self, number: int) -> None:
        """Do not, any more."""
        raise NotImplementedError
