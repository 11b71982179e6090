"""What holds in every run of every topology, checked while it goes on.

The laws are numbered in ``spec/simulation.md``. They are judged by what is seen from outside: what
the scheduler is told and what it commands, who executes, and what goes in and out of mailboxes. What
ought to come of it is worked out a second time here, from the declarations alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taktora.actors.flow import ControlFlow
from taktora.core import commands as cmd
from taktora.core import stimuli as sti
from taktora.core.scheduler import Scheduler
from taktora.drivers.virtual import Entry, VirtualDriver
from taktora.errors import InvariantBroken
from taktora.testing.clockwork import Clockwork, account
from taktora.testing.edges import Edges
from taktora.testing.ledger import Ledger
from taktora.testing.mail import OUTSIDE, Asked, Mail, watch
from taktora.testing.rest import check_rest
from taktora.testing.sources import Sources
from taktora.time import Nanos

__all__ = ["Invariants"]

_EXECUTE: Final = cmd.Execute


class Invariants:
    """Watches one simulation.

    A law that is broken while an item executes is raised as soon as that is over: an item's code is
    no place for it. What was raised once is raised again by everything that follows.
    """

    def __init__(self, driver: VirtualDriver, scheduler: Scheduler, fairness: int) -> None:
        self.driver = driver
        self.scheduler = scheduler
        self._fairness = fairness
        self.sender = OUTSIDE
        """Who is executing."""
        self.asked: list[Asked] = []
        self.withdrawn: list[Mail] = []
        self.ledgers: dict[str, Ledger] = {}
        """Actors by id; those that have ended are not in it."""
        self.clockwork = Clockwork(self.broken)
        self.sources = Sources(self.broken)
        self.running = self.open = False
        """As the scheduler's, from what it was told."""
        self.in_flight = 0
        self._closed = False
        self._breach: InvariantBroken | None = None
        self._latest: Nanos = 0
        self._longest = 0
        self._notes: dict[type[Any], Callable[[Any, Nanos], None]] = {
            sti.Added: self._added,
            sti.Assembled: self._assembled,
            sti.RunStarted: self._run_started,
            sti.StopRequested: self._stop_requested,
            sti.RunEnded: self._run_ended,
            sti.Triggered: self._triggered,
            sti.Elapsed: self._elapsed,
            sti.Completed: self._answered,
            sti.Stopped: self._answered,
            sti.Failed: self._failed,
            sti.Walked: self._walked,
            sti.FlightBegan: self._flight_began,
            sti.Advanced: self._advanced,
            sti.Started: self._started,
            sti.Restarted: self._restarted,
            sti.Pause: self._paused,
            sti.Resume: self._resumed,
        }
        self._rare: dict[type[Any], Callable[[Any], None]] = {
            cmd.Start: self._start,
            cmd.Escalate: self._escalate,
            cmd.Land: self._land,
            cmd.Stop: self._ended,
            cmd.Forget: self._ended,
            cmd.Watch: lambda command: self.sources.watch(command.source, command.trigger.source),
            cmd.Unwatch: lambda command: self.sources.unwatch(command.source),
        }

    # --- laws that break ----------------------------------------------------------------------------

    def broken(self, law: str, message: str) -> None:
        """Take down that a law was broken; the first one is what is raised."""
        if self._breach is None:
            at = self.driver.clock() / 1e9
            self._breach = InvariantBroken(law, f"at {at:.9f} s: {message}")

    def _raise(self) -> None:
        if self._breach is not None and self.sender is OUTSIDE:
            raise self._breach

    def check(self) -> None:
        """Raise if a law was broken, or is broken by how things lie now."""
        self._raise()
        if not self._closed:
            check_rest(self)
            self._raise()

    # --- what is seen -------------------------------------------------------------------------------

    def connected(self, cell: Any) -> None:
        """An actor was built and is about to be added."""
        mail = watch(cell.inbox, cell.actor_id, self)
        mail.looks_again(getattr(cell, "rearm", ()))
        self.ledgers[cell.actor_id] = Ledger(cell, mail)

    def closed(self) -> None:
        """Nothing may run any more; whoever lived here is let go."""
        self._closed = True
        self.ledgers.clear()

    def rang(self, port: Any, *, delivered: bool) -> None:
        """A waiting port was notified; ``delivered=False``: a fault lost that."""
        self.sources.rang(port, delivered=delivered)

    def stepped(self, entry: Entry, index: int) -> None:
        """``entry`` is about to go, and ``index`` older ones were passed over."""
        if entry.answer is not None:
            return
        cell: Any = entry.cell
        self.sender = actor_id = cell.actor_id
        if entry.hand is not None:  # it has been running since it set out
            return
        ledger = self.ledgers.get(actor_id)
        if ledger is None or self._closed:
            self.broken("SIM-15", f"{actor_id!r} runs after its end")
        else:
            if ledger.running:
                self.broken("SIM-01", f"{actor_id!r} runs while it runs")
            elif not ledger.outstanding:
                self.broken("SIM-01", f"{actor_id!r} runs, and was not told to")
            ledger.running = True
        if entry.sets_out:  # it sends nothing yet
            self.sender = OUTSIDE
        if index:
            self._overtook(index)

    def _overtook(self, index: int) -> None:
        line = self.driver.line
        self._longest = max(self._longest, len(line) + 1)
        for one in line[:index]:
            if one.passed_over > self._fairness + self._longest:
                self.broken(
                    "SIM-17",
                    f"{one.label!r} is ready, and others went first {one.passed_over} times",
                )

    def worked(self, cell: Any) -> None:
        """The step of ``cell`` is over; its answer is still to come."""
        self.sender = OUTSIDE
        rearm = getattr(cell, "rearm", ())
        ledger = self.ledgers.get(cell.actor_id) if rearm else None
        if ledger is None or not ledger.mail.woke:
            return
        if ledger.edges is None or ledger.edges.walked:  # else it is looked at when the run lands
            for source, _, _ in rearm:
                if not source.drained:
                    self.sources.left_behind(cell.actor_id, source)

    def around(self, item_id: str, flow: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """``flow`` of a node of a chain or graph, watched when it runs as part of a run."""

        def watched(ctx: Any) -> Any:
            ledger = self.ledgers.get(item_id)
            edges = None if ledger is None else ledger.home
            if edges is None or not ctx.in_run:  # a message of its own
                return flow(ctx)
            edges.enter(item_id)
            stop = True
            try:
                result = flow(ctx)
                stop = result is ControlFlow.STOP_CHAIN
            finally:
                edges.left(item_id, stop=stop)
            return result

        return watched

    # --- what the scheduler is told, and commands -----------------------------------------------------

    def handled(self, stimulus: sti.Stimulus, commands: tuple[cmd.Command, ...]) -> None:
        """The scheduler was told something."""
        now = self.driver.clock()
        if now < self._latest:
            self.broken("SIM-19", f"it was {self._latest / 1e9:.9f} s before")
        self._latest = now
        note = self._notes.get(type(stimulus))
        if note is not None:
            note(stimulus, now)
        elif self.asked:
            self._unasked()
        if self.withdrawn:
            self._take_back()
        for command in commands:
            if type(command) is _EXECUTE:
                self._begins(command)
            else:
                rare = self._rare.get(type(command))
                if rare is not None:
                    rare(command)
        if self.asked:
            self.asked.clear()
        if self.in_flight != self.scheduler.in_flight and type(stimulus) is not sti.RunEnded:
            self.broken(
                "SIM-01",
                f"{self.in_flight} were told to execute and did not answer, the scheduler has "
                f"{self.scheduler.in_flight}",
            )
        if self._breach is not None:
            self._raise()

    def _begins(self, command: cmd.Execute) -> None:
        actor_id = command.actor_id
        ledger = self.ledgers.get(actor_id)
        if ledger is None:
            self.broken("SIM-15", f"{actor_id!r} is told to execute after its end")
            return
        if ledger.outstanding:
            self.broken("SIM-01", f"{actor_id!r} is told to execute before it has answered")
            return
        ledger.outstanding = True
        self.in_flight += 1
        if not self.open and not (ledger.home is not None and ledger.home.may_go_on(ledger)):
            self.broken("SIM-14", f"{actor_id!r} is told to execute after the stop")
        if ledger.paused or ledger.starting or ledger.away:
            state = "paused" if ledger.paused else "starting" if ledger.starting else "failed"
            self.broken("SIM-16", f"{actor_id!r} is told to execute while it is {state}")
        if not ledger.cell.inbox:
            self.broken("SIM-16", f"{actor_id!r} is told to execute and has no mail")

    def _unasked(self) -> None:
        mail, fired, _ = self.asked[0]
        self.broken("SIM-05", f"{mail.actor_id!r} is woken by {fired[0].kind!r}, and nothing fired")

    def _take_back(self) -> None:
        for mail in self.withdrawn:
            ledger = self.ledgers.get(mail.actor_id)
            if ledger is not None and ledger.home is not None:
                ledger.home.withdrawn(mail)
        self.withdrawn.clear()

    # --- answers --------------------------------------------------------------------------------------

    def _answer(self, actor_id: str) -> Ledger | None:
        ledger = self.ledgers.get(actor_id)
        if ledger is not None and ledger.outstanding:
            ledger.outstanding = ledger.running = False
            self.in_flight -= 1
        return ledger

    def _answered(self, stimulus: sti.Completed | sti.Stopped, now: Nanos) -> None:  # noqa: ARG002
        ledger = self._answer(stimulus.actor_id)
        if ledger is not None and ledger.edges is not None:
            ledger.edges.walked_through()
        if self.asked:
            self._unasked()

    def _failed(self, stimulus: sti.Failed, now: Nanos) -> None:  # noqa: ARG002
        ledger = self._answer(stimulus.actor_id)
        if ledger is None:
            return
        if ledger.starting:
            ledger.started = False  # the next run tries again
        ledger.failed()
        if stimulus.aboard and ledger.home is not None:
            ledger.home.done(ledger, stop=True)
        if self.asked:
            self._unasked()

    def _walked(self, stimulus: sti.Walked, now: Nanos) -> None:  # noqa: ARG002
        ledger = self._answer(stimulus.actor_id)
        if ledger is not None and ledger.edges is not None:
            ledger.edges.walked_through()
        if stimulus.failed is not None and stimulus.failed in self.ledgers:
            self.ledgers[stimulus.failed].failed()

    def _flight_began(self, stimulus: sti.FlightBegan, now: Nanos) -> None:  # noqa: ARG002
        ledger = self.ledgers[stimulus.actor_id]
        ledger.running = False
        assert ledger.edges is not None
        ledger.edges.begin()
        ledger.edges.boarded(self.asked, is_open=self.open)

    def _advanced(self, stimulus: sti.Advanced, now: Nanos) -> None:  # noqa: ARG002
        ledger = self._answer(stimulus.actor_id)
        if ledger is not None and ledger.home is not None:
            ledger.home.done(ledger, stop=stimulus.stop)
            ledger.home.boarded(self.asked, is_open=self.open)

    def _land(self, command: cmd.Land) -> None:
        ledger = self._answer(command.actor_id)
        if ledger is not None and ledger.edges is not None:
            ledger.edges.land(command.left_out)

    # --- time and sources -----------------------------------------------------------------------------

    def _triggered(self, stimulus: sti.Triggered, now: Nanos) -> None:
        self.sources.triggered(stimulus.source, now, self.asked)

    def _elapsed(self, stimulus: sti.Elapsed, now: Nanos) -> None:  # noqa: ARG002
        self.clockwork.elapsed(now, self.asked, is_open=self.open)

    # --- lives ----------------------------------------------------------------------------------------

    def _added(self, stimulus: sti.Added, now: Nanos) -> None:
        self._enter(stimulus.spec, now)

    def _assembled(self, stimulus: sti.Assembled, now: Nanos) -> None:
        members = [self._enter(spec, now) for spec in stimulus.members]
        front = self._enter(stimulus.spec, now)
        front.edges = edges = Edges(
            front, members, stimulus.plan, self.broken, walked=stimulus.walked
        )
        for member in members:
            member.home = edges

    def _enter(self, spec: sti.ActorSpec, now: Nanos) -> Ledger:
        ledger = self.ledgers[spec.actor_id]
        ledger.spec = spec
        ledger.accounts = [account(ledger, slot, one) for slot, one in enumerate(spec.triggers)]
        self.sources.declare(ledger.accounts, spec.triggers)
        if self.running:
            self.clockwork.arm(ledger.accounts, now)
        return ledger

    def _start(self, command: cmd.Start) -> None:
        ledger = self.ledgers[command.actor_id]
        if ledger.started:
            self.broken("SIM-16", f"{command.actor_id!r} is started a second time")
        ledger.starting = ledger.started = True

    def _started(self, stimulus: sti.Started, now: Nanos) -> None:  # noqa: ARG002
        ledger = self.ledgers.get(stimulus.actor_id)
        if ledger is not None:
            ledger.starting = False

    def _restarted(self, stimulus: sti.Restarted, now: Nanos) -> None:  # noqa: ARG002
        ledger = self.ledgers.get(stimulus.actor_id)
        if ledger is not None:
            ledger.away = False

    def _paused(self, stimulus: sti.Pause, now: Nanos) -> None:  # noqa: ARG002
        self.ledgers[stimulus.actor_id].paused = True

    def _resumed(self, stimulus: sti.Resume, now: Nanos) -> None:
        ledger = self.ledgers[stimulus.actor_id]
        if ledger.paused:
            ledger.paused = False
            for one in ledger.accounts:
                one.arrived(now)

    def _ended(self, command: cmd.Stop | cmd.Forget) -> None:
        ledger = self.ledgers.pop(command.actor_id)
        ledger.gone = True
        if ledger.outstanding:
            self.broken("SIM-01", f"{command.actor_id!r} is ended while it executes")
            self.in_flight -= 1
        for one in ledger.accounts:
            one.gone = True
        self.sources.forget(ledger.accounts)
        if ledger.home is not None:
            ledger.home.cut()

    # --- runs -----------------------------------------------------------------------------------------

    def _run_started(self, stimulus: sti.RunStarted, now: Nanos) -> None:  # noqa: ARG002
        self.running = self.open = True
        self.clockwork.epoch = now
        for ledger in self.ledgers.values():
            self.clockwork.arm(ledger.accounts, now)

    def _stop_requested(self, stimulus: sti.StopRequested, now: Nanos) -> None:  # noqa: ARG002
        self.open = False

    def _escalate(self, command: cmd.Escalate) -> None:
        self.open = False
        ledger = self.ledgers.get(command.actor_id)
        if ledger is not None:
            ledger.away = False

    def _run_ended(self, stimulus: sti.RunEnded, now: Nanos) -> None:  # noqa: ARG002
        self.running = self.open = False
        self.clockwork.clear()
        self.in_flight = 0
        for ledger in self.ledgers.values():
            ledger.outstanding = ledger.running = False
            if ledger.edges is not None:
                ledger.edges.tear_down()
