"""Plants plausible bugs, one at a time, and demands that the machine finds each.

A test that has never failed proves nothing: this file is what makes ``test_scheduler_machine``
worth trusting. ``caught_by`` names the rules whose breach may reveal the bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from taktora.core import mailbox as core_mailbox
from taktora.core import scheduler as core
from taktora.core.commands import Escalate, Execute, Forget, Start, Stop
from taktora.core.grid import Tick, tick
from taktora.core.mailbox import Mailbox, Wake, Woke
from taktora.core.records import ActorRecord
from taktora.core.records import Phase as Phase_
from taktora.core.scheduler import Scheduler
from taktora.core.supervision import FailureLog
from taktora.core.timers import Timers
from taktora.core.triggers import MissedTick
from taktora.testing import LawBroken, SchedulerMachine
from tests.planting import caught

from . import test_timers

IDLE, STARTING, ACTIVE, SUSPENDED = Phase_.IDLE, Phase_.STARTING, Phase_.ACTIVE, Phase_.SUSPENDED


@contextmanager
def unpaused(actor: Any) -> Iterator[None]:
    """As if it were not paused, except that it does not execute."""
    was = actor.paused, actor.phase
    if actor.paused:
        actor.paused, actor.phase = False, SUSPENDED
    try:
        yield
    finally:
        if was[0]:
            actor.paused, actor.phase = was


@contextmanager
def opened(scheduler: Scheduler, actor: Any) -> Iterator[None]:
    """As if the run were open, except that nothing executes."""
    was = scheduler.open, actor.phase
    if not scheduler.open:
        scheduler.open, actor.phase = True, SUSPENDED
    try:
        yield
    finally:
        if not was[0]:
            scheduler.open, actor.phase = was


# --- schedulers -----------------------------------------------------------------------------------


class ForgetsMailOnCompleted(Scheduler):
    """Mail that came while an actor executed waits until something else comes."""

    def _completed(self, stimulus: Any, now: int) -> Any:
        commands = super()._completed(stimulus, now)
        if commands == (Execute(stimulus.actor_id),):
            self.in_flight -= 1
            self._actors[stimulus.actor_id].phase = IDLE
            return ()
        return commands


class TwoOutstanding(Scheduler):
    """A message for an actor that executes makes it ready once more."""

    def _told(self, stimulus: Any, now: int) -> Any:
        actor = self._actors.get(stimulus.actor_id)
        if actor is not None and actor.phase is ACTIVE and actor.mailbox and self.open:
            self.in_flight += 1
            return actor.execute
        return super()._told(stimulus, now)


class IgnoresPaused(Scheduler):
    """A paused actor is executed when it gets mail."""

    def activate(self, actor: Any) -> Any:
        paused, actor.paused = actor.paused, False
        try:
            return super().activate(actor)
        finally:
            actor.paused = paused


class IgnoresStopRequested(Scheduler):
    """Mail that comes after a stop is still executed in this run."""

    def activate(self, actor: Any) -> Any:
        was, self.open = self.open, self._running
        try:
            return super().activate(actor)
        finally:
            self.open = was


class BelievesAnOldBell(Scheduler):
    """A bell that rings late executes an actor whose mail was taken meanwhile."""

    def _told(self, stimulus: Any, now: int) -> Any:
        actor = self._actors.get(stimulus.actor_id)
        return () if actor is None else self.activate(actor)


class ArrivalDoesNotRearm(Scheduler):
    """Data that arrives in time does not move the deadline."""

    def _triggered(self, stimulus: Any, now: int) -> Any:
        due = {deadline: deadline.due for a in self._actors.values() for deadline in a.deadlines}
        commands = super()._triggered(stimulus, now)
        for deadline, was in due.items():
            deadline.due = was
        return commands


class MissesOnlyOnce(Scheduler):
    def _missed(self, timer: Any, now: int) -> Any:
        commands = super()._missed(timer, now)
        timer.cancelled = True
        return commands


class MissDriftsFromNow(Scheduler):
    """The next miss of a deadline is counted from when this one was noticed."""

    def _missed(self, timer: Any, now: int) -> Any:
        commands = super()._missed(timer, now)
        timer.due = now + timer.within
        return commands


class ReportsMissesWhilePaused(Scheduler):
    def _missed(self, timer: Any, now: int) -> Any:
        with unpaused(timer.actor):
            return super()._missed(timer, now)


class ResumeForgetsTheDeadline(Scheduler):
    def _resume(self, stimulus: Any, now: int) -> Any:
        actor = self._get(stimulus.actor_id)
        due = [deadline.due for deadline in actor.deadlines]
        commands = super()._resume(stimulus, now)
        for deadline, was in zip(actor.deadlines, due, strict=True):
            deadline.due = was
        return commands


class ResumeDoesNotActivate(Scheduler):
    """A resumed actor waits with its mail until something else comes."""

    def _resume(self, stimulus: Any, now: int) -> Any:
        was, self.open = self.open, False
        try:
            return super()._resume(stimulus, now)
        finally:
            self.open = was


class QueuesTicksWhilePaused(Scheduler):
    """Ticks of a paused actor pile up instead of being skipped."""

    def _ticked(self, timer: Any, now: int) -> Any:
        with unpaused(timer.actor):
            return super()._ticked(timer, now)


class TimersOutliveTheirActor(Scheduler):
    """Timers of a removed actor go on."""

    def forget(self, actor: Any, *, stop: bool) -> Any:
        actor.intervals, actor.deadlines = [], []
        return super().forget(actor, stop=stop)


class RestartPauseOutlivesItsActor(Scheduler):
    def forget(self, actor: Any, *, stop: bool) -> Any:
        actor.restart_pause = []
        return super().forget(actor, stop=stop)


class FailureStaysInFlight(Scheduler):
    """An execution that failed is counted as outstanding for ever: the run never ends."""

    def _failed(self, stimulus: Any, now: int) -> Any:
        actor = self._actors.get(stimulus.actor_id)
        if actor is not None and actor.phase is ACTIVE:
            self.in_flight += 1
        return super()._failed(stimulus, now)


class RunsWhileSuspended(Scheduler):
    """A failed actor executes before it was built anew."""

    def activate(self, actor: Any) -> Any:
        if actor.phase is SUSPENDED and actor.mailbox:
            actor.phase = IDLE
        return super().activate(actor)


class RestartedDoesNotActivate(Scheduler):
    """Mail that came during a restart waits until something else comes."""

    def _restarted(self, stimulus: Any, now: int) -> Any:
        if stimulus.actor_id in self._actors:
            self._get(stimulus.actor_id).phase = IDLE
        return ()


class RemovesTheExecuting(Scheduler):
    """An actor is stopped while it executes."""

    def _remove(self, stimulus: Any, now: int) -> Any:
        actor = self._get(stimulus.actor_id)
        if actor.phase is ACTIVE:
            self.in_flight -= 1
        return self.forget(actor, stop=True)


class UnwatchesSharedSources(Scheduler):
    """Removing one of two actors on a channel cuts off the other."""

    def forget(self, actor: Any, *, stop: bool) -> Any:
        for number in actor.sources:
            self._subscriptions[number].clear()
        return super().forget(actor, stop=stop)


class NeverUnwatches(Scheduler):
    def forget(self, actor: Any, *, stop: bool) -> Any:
        actor.sources = []
        return super().forget(actor, stop=stop)


class WakesOnlyTheFirstDeclaration(Scheduler):
    """Of two actors on a channel only the first is woken."""

    def _triggered(self, stimulus: Any, now: int) -> Any:
        every = self._subscriptions.get(stimulus.source)
        if every is None:
            return ()
        self._subscriptions[stimulus.source] = every[:1]
        try:
            return super()._triggered(stimulus, now)
        finally:
            self._subscriptions[stimulus.source] = every


class KeepsTheFirstEpoch(Scheduler):
    """The second run's ticks lie on the first one's grid."""

    def _run_started(self, stimulus: Any, now: int) -> Any:
        return super()._run_started(stimulus, self._epoch or now)


class TimersOutliveTheRun(Scheduler):
    def _run_ended(self, stimulus: Any, now: int) -> Any:
        heap = list(self._timers._heap)
        commands = super()._run_ended(stimulus, now)
        self._timers._heap.extend(heap)
        return commands


class StartsEveryRun(Scheduler):
    def _run_ended(self, stimulus: Any, now: int) -> Any:
        for actor in self._actors.values():
            actor.started = False
        return super()._run_ended(stimulus, now)


class ExecutesBeforeStart(Scheduler):
    """An item executes before `on_start` of the others."""

    def _begin(self, actor: Any, now: int) -> Any:
        return super()._begin(actor, now)[::-1]

    def _run_started(self, stimulus: Any, now: int) -> Any:
        commands = super()._run_started(stimulus, now)
        return tuple(sorted(commands, key=lambda command: not isinstance(command, Execute)))


class DoesNotWaitForStarted(Scheduler):
    def _begin(self, actor: Any, now: int) -> Any:
        commands = super()._begin(actor, now)
        if Start(actor.spec.actor_id) in commands:
            actor.phase = IDLE
        return commands


class StartedDoesNotActivate(Scheduler):
    def _started(self, stimulus: Any, now: int) -> Any:
        was, self.open = self.open, False
        try:
            return super()._started(stimulus, now)
        finally:
            self.open = was


class StartedResumesTheSuspended(Scheduler):
    def _started(self, stimulus: Any, now: int) -> Any:
        actor = self._actors.get(stimulus.actor_id)
        if actor is not None and actor.phase is SUSPENDED:
            actor.phase = IDLE
        return super()._started(stimulus, now)


class FailedStartCountsAsStarted(Scheduler):
    """A start that failed is not tried again by the next run."""

    def _failed(self, stimulus: Any, now: int) -> Any:
        commands = super()._failed(stimulus, now)
        if stimulus.actor_id in self._actors:
            self._actors[stimulus.actor_id].started = True
        return commands


class FailedStartIsReadyAtOnce(Scheduler):
    def _failed(self, stimulus: Any, now: int) -> Any:
        actor = self._actors.get(stimulus.actor_id)
        if actor is not None and actor.phase is STARTING:
            actor.phase = IDLE
        return super()._failed(stimulus, now)


class SupervisesAnExit(Scheduler):
    def _failed(self, stimulus: Any, now: int) -> Any:
        if not isinstance(stimulus.error, Exception):
            stimulus = type(stimulus)(stimulus.actor_id, ValueError(str(stimulus.error)))
        return super()._failed(stimulus, now)


class SwallowsTheExitOfTheDoomed(Scheduler):
    def _failed(self, stimulus: Any, now: int) -> Any:
        actor = self._actors.get(stimulus.actor_id)
        if actor is not None and actor.doomed:
            stimulus = type(stimulus)(stimulus.actor_id, ValueError(str(stimulus.error)))
        return super()._failed(stimulus, now)


class RestartsAfterTheStop(Scheduler):
    """A failure after a stop restarts the item in a run that is ending."""

    def _failed(self, stimulus: Any, now: int) -> Any:
        was, self.open = self.open, True
        commands = super()._failed(stimulus, now)
        self.open = was and not any(isinstance(command, Escalate) for command in commands)
        return commands


class TripsOverALateFailure(Scheduler):
    """A failure of an actor that removed itself is a `KeyError` in the driver."""

    def _failed(self, stimulus: Any, now: int) -> Any:
        return super()._failed(stimulus, now) if self._actors[stimulus.actor_id] else ()


class TripsOverALateRestart(Scheduler):
    def _restarted(self, stimulus: Any, now: int) -> Any:
        return super()._restarted(stimulus, now) if self._actors[stimulus.actor_id] else ()


class TripsOverALateEnd(Scheduler):
    def _stopped(self, stimulus: Any, now: int) -> Any:
        return super()._stopped(stimulus, now) if self._actors[stimulus.actor_id] else ()


class StopsWhatEnded(Scheduler):
    def _stopped(self, stimulus: Any, now: int) -> Any:
        commands = super()._stopped(stimulus, now)
        return tuple(Stop(c.actor_id) if isinstance(c, Forget) else c for c in commands)


class KeepsWhatEnded(Scheduler):
    """An actor that ended by itself is never dropped."""

    def _stopped(self, stimulus: Any, now: int) -> Any:
        commands = super()._stopped(stimulus, now)
        return tuple(command for command in commands if not isinstance(command, Forget))


class EndedStaysInFlight(Scheduler):
    def _stopped(self, stimulus: Any, now: int) -> Any:
        commands = super()._stopped(stimulus, now)
        self.in_flight += bool(commands)
        return commands


class QueuesTicksAfterTheStop(Scheduler):
    def _ticked(self, timer: Any, now: int) -> Any:
        with opened(self, timer.actor):
            return super()._ticked(timer, now)


class ReportsMissesAfterTheStop(Scheduler):
    def _missed(self, timer: Any, now: int) -> Any:
        with opened(self, timer.actor):
            return super()._missed(timer, now)


class DoesNotCountTicksOfAnEarlierRun(Scheduler):
    def _begin(self, actor: Any, now: int) -> Any:
        was = actor.skipped
        commands = super()._begin(actor, now)
        actor.skipped = was
        return commands


class TornDownStaysInFlight(Scheduler):
    """After a second Ctrl-C the next run waits for executions that are gone."""

    def _run_ended(self, stimulus: Any, now: int) -> Any:
        was = self.in_flight
        commands = super()._run_ended(stimulus, now)
        self.in_flight = was
        return commands


class TornDownStaysActive(Scheduler):
    def _run_ended(self, stimulus: Any, now: int) -> Any:
        active = [actor for actor in self._actors.values() if actor.phase is ACTIVE]
        commands = super()._run_ended(stimulus, now)
        for actor in active:
            actor.phase = ACTIVE
        return commands


class CountsOneOfABurst(Scheduler):
    """Of a burst that finds no room only one slot is counted as skipped."""

    def _ticked(self, timer: Any, now: int) -> Any:
        actor: ActorRecord = timer.actor
        was, refused = actor.skipped, actor.mailbox.dropped
        commands = super()._ticked(timer, now)
        if actor.mailbox.dropped > refused:
            actor.skipped = was + 1
        return commands


# --- mailboxes ------------------------------------------------------------------------------------


class DropsThePendingWakeOnMerge(Mailbox):
    def wake(self, fired: Any, *, merge: bool = True) -> Woke:
        if merge and self._wake is not None:
            self.coalesced += 1
            self._wake.fired = fired
            return Woke.REPLACED
        return super().wake(fired, merge=merge)


class BurstMerges(Mailbox):
    """Missed ticks under `BURST` merge into one."""

    def wake(self, fired: Any, *, merge: bool = True) -> Woke:
        return super().wake(fired, merge=True)


class DropsNewestInsteadOfOldest(Mailbox):
    """`DROP_OLDEST` drops the newest."""

    def _remove_oldest(self) -> Any:
        return self._line.pop()


class DropsThePendingWake(Mailbox):
    def _remove_oldest(self) -> Any:
        return self._line.popleft()


class LastInFirstOut(Mailbox):
    """Messages of one sender are taken last first."""

    def take(self) -> Any:
        self._line.reverse()
        try:
            return super().take()
        finally:
            self._line.reverse()


class OneTooMany(Mailbox):
    """A mailbox takes one message more than its capacity."""

    def put(self, message: Any) -> Any:
        self.capacity += 1
        try:
            return super().put(message)
        finally:
            self.capacity -= 1


class WakesNeverMerge(Mailbox):
    def wake(self, fired: Any, *, merge: bool = True) -> Woke:
        if merge:
            self._wake = None
        return super().wake(fired, merge=merge)


class KeepsTicksOfAnEarlierRun(Mailbox):
    def discard_ticks(self) -> int:
        return 0


class DiscardsTheWholeWake(Mailbox):
    def discard_ticks(self) -> int:
        pending = self._wake
        count = super().discard_ticks()
        if count and pending is not None and self._wake is pending:
            self._line.remove(pending)
            self._wake = None
        return count


class MergesIntoTheDiscarded(Mailbox):
    def discard_ticks(self) -> int:
        pending = self._wake
        count = super().discard_ticks()
        self._wake = pending
        return count


# --- functions ------------------------------------------------------------------------------------


def next_tick_from_now(due: int, period: int, now: int, missed: MissedTick) -> Tick:
    return tick(due, period, now, missed)._replace(next_due=now + period)


def skip_replays_slots(due: int, period: int, now: int, missed: MissedTick) -> Tick:
    return tick(due, period, now, MissedTick.BURST if missed is MissedTick.SKIP else missed)


def burst_runs_once(due: int, period: int, now: int, missed: MissedTick) -> Tick:
    return tick(due, period, now, MissedTick.SKIP if missed is MissedTick.BURST else missed)


def skip_runs_the_oldest(due: int, period: int, now: int, missed: MissedTick) -> Tick:
    decided = tick(due, period, now, missed)
    return decided._replace(scheduled=(due,)) if missed is MissedTick.SKIP else decided


def delay_stays_on_the_grid(due: int, period: int, now: int, missed: MissedTick) -> Tick:
    return tick(due, period, now, MissedTick.SKIP if missed is MissedTick.DELAY else missed)


def events_are_not_added_up(self: Wake, fired: Any) -> bool:
    kept = [
        old
        for old in self.fired
        if not any((n.slot, n.kind) == (old.slot, old.kind) for n in fired)
    ]
    replaced = len(kept) != len(self.fired)
    self.fired = (*kept, *fired)
    return replaced


def events_are_appended(old: Any, new: Any) -> Any:
    return old.events + new.events


def events_of_one_drain_are_not_added_up(old: Any, new: Any) -> Any:
    counts = dict(old.events)
    for event, count in new.events:
        counts[event] = counts.get(event, 0) + count
    return tuple(counts.items())


def without_limit(self: FailureLog, policy: Any, now: int) -> Any:
    from taktora.core.supervision import Directive

    return policy.directive, policy.backoff if policy.directive is Directive.RESTART else 0


def cancels_without_compacting(self: Timers, timers: Any) -> None:
    for timer in timers:
        timer.cancelled = True


def sleeps_too_long(self: Timers) -> int | None:
    wanted = [timer.due for _, _, timer in self._heap if not timer.cancelled]
    return max(wanted) if wanted else None


GRID = {"SCHED-20", "SCHED-24", "SCHED-40"}

SCHEDULERS: list[tuple[type[Scheduler], set[str]]] = [
    (ForgetsMailOnCompleted, {"SCHED-02"}),
    (TwoOutstanding, {"SCHED-01"}),
    (IgnoresPaused, {"SCHED-04"}),
    (IgnoresStopRequested, {"SCHED-03"}),
    (BelievesAnOldBell, {"SCHED-05"}),
    (ArrivalDoesNotRearm, {"SCHED-30", "SCHED-40"}),
    (MissesOnlyOnce, {"SCHED-40", "SCHED-42", "SCHED-30"}),
    (MissDriftsFromNow, {"SCHED-30", "SCHED-40"}),
    (ReportsMissesWhilePaused, {"SCHED-30"}),
    (ResumeForgetsTheDeadline, {"SCHED-30", "SCHED-40"}),
    (ResumeDoesNotActivate, {"SCHED-02"}),
    (QueuesTicksWhilePaused, {"SCHED-20"}),
    (TimersOutliveTheirActor, {"SCHED-40", "SCHED-42"}),
    (RestartPauseOutlivesItsActor, {"SCHED-40", "SCHED-42", "SCHED-62"}),
    (FailureStaysInFlight, {"SCHED-06"}),
    (RunsWhileSuspended, {"SCHED-62", "SCHED-71"}),
    (RestartedDoesNotActivate, {"SCHED-02"}),
    (RemovesTheExecuting, {"SCHED-52"}),
    (UnwatchesSharedSources, {"SCHED-10"}),
    (NeverUnwatches, {"SCHED-10"}),
    (WakesOnlyTheFirstDeclaration, {"SCHED-11"}),
    (KeepsTheFirstEpoch, {"SCHED-20", "SCHED-30", "SCHED-40"}),
    (TimersOutliveTheRun, {"SCHED-40", "SCHED-42"}),
    (StartsEveryRun, {"SCHED-02", "SCHED-07"}),
    (ExecutesBeforeStart, {"SCHED-07"}),
    (DoesNotWaitForStarted, {"SCHED-07", "SCHED-71"}),
    (StartedDoesNotActivate, {"SCHED-02"}),
    (StartedResumesTheSuspended, {"SCHED-62", "SCHED-71"}),
    (FailedStartCountsAsStarted, {"SCHED-07"}),
    (FailedStartIsReadyAtOnce, {"SCHED-07", "SCHED-71"}),
    (SupervisesAnExit, {"SCHED-60", "SCHED-62"}),
    (SwallowsTheExitOfTheDoomed, {"SCHED-60"}),
    (RestartsAfterTheStop, {"SCHED-62", "SCHED-40", "SCHED-03", "SCHED-06"}),
    (TripsOverALateFailure, {"SCHED-09"}),
    (TripsOverALateRestart, {"SCHED-09"}),
    (TripsOverALateEnd, {"SCHED-09"}),
    (StopsWhatEnded, {"SCHED-52", "SCHED-53"}),
    (KeepsWhatEnded, {"SCHED-53"}),
    (EndedStaysInFlight, {"SCHED-06"}),
    (QueuesTicksAfterTheStop, {"SCHED-20"}),
    (ReportsMissesAfterTheStop, {"SCHED-30"}),
    (DoesNotCountTicksOfAnEarlierRun, {"SCHED-24"}),
    (TornDownStaysInFlight, {"SCHED-06"}),
    (TornDownStaysActive, {"SCHED-02", "SCHED-71"}),
    (CountsOneOfABurst, {"SCHED-24"}),
]

MAILBOXES: list[tuple[type[Mailbox], set[str]]] = [
    (DropsThePendingWakeOnMerge, {"MAIL-06"}),
    (BurstMerges, {"MAIL-02", "MAIL-06", "MAIL-08"}),
    (DropsNewestInsteadOfOldest, {"MAIL-03"}),
    (DropsThePendingWake, {"MAIL-03"}),
    (LastInFirstOut, {"MAIL-01", "MAIL-06"}),
    (OneTooMany, {"MAIL-02", "MAIL-03"}),
    (WakesNeverMerge, {"MAIL-06"}),
    (KeepsTicksOfAnEarlierRun, {"SCHED-24", "SCHED-05", "MAIL-01", "MAIL-02"}),
    (DiscardsTheWholeWake, {"SCHED-02", "MAIL-01", "MAIL-06"}),
    (MergesIntoTheDiscarded, {"MAIL-01", "MAIL-02", "MAIL-06"}),
]

FUNCTIONS: list[tuple[Callable[..., Any], tuple[Any, str], set[str]]] = [
    (next_tick_from_now, (core, "tick"), GRID),
    (skip_replays_slots, (core, "tick"), GRID),
    (burst_runs_once, (core, "tick"), GRID),
    (skip_runs_the_oldest, (core, "tick"), GRID),
    (delay_stays_on_the_grid, (core, "tick"), GRID),
    (events_are_not_added_up, (Wake, "merge"), {"MAIL-06"}),
    (events_are_appended, (core_mailbox, "_added_up"), {"MAIL-06"}),
    (events_of_one_drain_are_not_added_up, (core_mailbox, "_added_up"), {"MAIL-06"}),
    (without_limit, (FailureLog, "decide"), {"SCHED-60", "SCHED-62", "SCHED-40"}),
    (sleeps_too_long, (Timers, "next_due"), {"SCHED-40", "SCHED-41"}),
]


@pytest.mark.parametrize(
    ("mutant", "caught_by"), SCHEDULERS, ids=lambda v: getattr(v, "__name__", "")
)
def test_the_machine_catches_a_broken_scheduler(
    mutant: type[Scheduler], caught_by: set[str]
) -> None:
    class Machine(SchedulerMachine):
        scheduler_class = mutant

    caught(Machine, LawBroken, caught_by)


@pytest.mark.parametrize(
    ("mutant", "caught_by"), MAILBOXES, ids=lambda v: getattr(v, "__name__", "")
)
def test_the_machine_catches_a_broken_mailbox(mutant: type[Mailbox], caught_by: set[str]) -> None:
    class Machine(SchedulerMachine):
        mailbox_class = mutant

    caught(Machine, LawBroken, caught_by)


@pytest.mark.parametrize(
    ("mutant", "place", "caught_by"), FUNCTIONS, ids=lambda v: getattr(v, "__name__", "")
)
def test_the_machine_catches_a_broken_function(
    mutant: Callable[..., Any],
    place: tuple[Any, str],
    caught_by: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(*place, mutant)
    caught(SchedulerMachine, LawBroken, caught_by)


def test_the_property_of_the_heap_catches_timers_that_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Timers, "cancel", cancels_without_compacting)
    with pytest.raises(AssertionError):
        test_timers.test_timers_that_come_and_go_leave_nothing_behind()
