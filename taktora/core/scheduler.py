"""The scheduler: stimuli in, commands out, time as an argument.

Laws (numbered in ``spec/scheduler.md``):

* An actor has at most one ``Execute`` outstanding. It gets the next one only after ``Completed``,
  ``Failed`` or ``Restarted``.
* Nothing is lost: a trigger for an actor that cannot run now waits in its mailbox; when it can run
  and has mail, it has an ``Execute`` outstanding.
* No ``Execute`` outside a run, after ``StopRequested``, or while the actor is paused.
* The scheduler is over with a run when it was asked to stop and nothing is outstanding.

It knows no thread, clock, socket or shared memory. Only one thread may call it at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taktora.core.commands import (
    Command,
    Escalate,
    Forget,
    Restart,
    Start,
    Stop,
    Unwatch,
    Watch,
)
from taktora.core.grid import first_tick, tick
from taktora.core.mailbox import Woke
from taktora.core.records import (
    ActorDescription,
    ActorRecord,
    DeadlineTimer,
    Description,
    IntervalTimer,
    Phase,
    RestartPause,
    Subscription,
)
from taktora.core.stimuli import (
    Added,
    Completed,
    Elapsed,
    Failed,
    Pause,
    Remove,
    Restarted,
    Resume,
    RunEnded,
    RunStarted,
    Started,
    Stimulus,
    Stopped,
    StopRequested,
    Told,
    Triggered,
)
from taktora.core.supervision import Directive
from taktora.core.timers import Timers
from taktora.core.triggers import (
    DeadlineTrigger,
    Fired,
    IntervalTrigger,
    MissedTick,
    kind_of,
)
from taktora.errors import DuplicateItem, UnknownItem
from taktora.time import Nanos

__all__ = ["Scheduler"]


_NOTHING: Final[tuple[Command, ...]] = ()
_STARTING, _IDLE, _ACTIVE, _SUSPENDED = Phase.STARTING, Phase.IDLE, Phase.ACTIVE, Phase.SUSPENDED


class Scheduler:
    """Decides who runs next. See the module's laws."""

    def __init__(self) -> None:
        self._actors: dict[str, ActorRecord] = {}
        self._timers = Timers()
        self.next_due: Callable[[], Nanos | None] = self._timers.next_due
        """When ``Elapsed`` should be reported next; ``None``: no timer is wanted."""
        self._subscriptions: dict[int, list[Subscription]] = {}
        self._numbers: dict[Any, int] = {}
        self._keys: dict[int, Any] = {}
        self._next_number = 0
        self._epoch: Nanos = 0
        self._running = False
        self.open = False
        """A run is under way and was not asked to stop. For others to read."""
        self.in_flight = 0
        """``Execute`` commands that were not answered yet."""
        self._handlers: dict[type[Any], Callable[[Any, Nanos], tuple[Command, ...]]] = {
            Added: self._added,
            Told: self._told,
            Triggered: self._triggered,
            Elapsed: self._elapsed,
            Completed: self._completed,
            Failed: self._failed,
            Started: self._started,
            Stopped: self._stopped,
            Restarted: self._restarted,
            RunStarted: self._run_started,
            StopRequested: self._stop_requested,
            RunEnded: self._run_ended,
            Pause: self._pause,
            Resume: self._resume,
            Remove: self._remove,
        }

    # --- the one door ---------------------------------------------------------------------------

    def handle(self, stimulus: Stimulus, *, now: Nanos) -> tuple[Command, ...]:
        """Take in what happened at ``now`` (monotonic ns); what to do about it, in order.

        Raises:
            UnknownItem: a message about an actor that was never added or is gone.
            DuplicateItem: ``Added`` with an id that is taken.
        """
        return self._handlers[type(stimulus)](stimulus, now)

    @property
    def finished(self) -> bool:
        """The run was asked to stop and nothing is outstanding any more."""
        return self.in_flight == 0 and not self.open

    @property
    def running(self) -> bool:
        """Between ``RunStarted`` and ``RunEnded``."""
        return self._running

    @property
    def actor_ids(self) -> tuple[str, ...]:
        """Ids in the order in which the actors were added."""
        return tuple(self._actors)

    def describe(self) -> Description:
        """Everything that is scheduled, as data."""
        return Description(
            running=self._running,
            in_flight=self.in_flight,
            actors=tuple(
                ActorDescription(
                    actor_id=actor_id,
                    phase=actor.phase.value,
                    paused=actor.paused,
                    triggers=actor.spec.triggers,
                    mailbox_depth=actor.mailbox.depth,
                    skipped=actor.skipped,
                    supervision=actor.spec.supervision,
                )
                for actor_id, actor in self._actors.items()
            ),
        )

    def skipped(self, actor_id: str) -> int:
        """Interval slots of this actor that passed without a run."""
        return self._get(actor_id).skipped

    # --- lifecycle ------------------------------------------------------------------------------

    def _added(self, stimulus: Added, now: Nanos) -> tuple[Command, ...]:
        spec = stimulus.spec
        if spec.actor_id in self._actors:
            raise DuplicateItem(f"an item with id {spec.actor_id!r} was already added")
        actor = ActorRecord(spec)
        self._actors[spec.actor_id] = actor
        commands: list[Command] = []
        for slot, trigger in enumerate(spec.triggers):
            if isinstance(trigger, IntervalTrigger):
                actor.intervals.append(IntervalTimer(actor, trigger, slot))
                continue
            deadline = None
            if isinstance(trigger, DeadlineTrigger):
                deadline = DeadlineTimer(actor, trigger, slot)
                actor.deadlines.append(deadline)
            number, is_new = self._number_of(trigger.source)
            if is_new:
                commands.append(Watch(number, trigger))
            fired = Fired(kind_of(trigger), trigger.source, slot=slot)
            self._subscriptions[number].append(Subscription(actor, fired, deadline))
            if number not in actor.sources:
                actor.sources.append(number)
        if self._running:
            commands += self._begin(actor, now)
        return tuple(commands)

    def _begin(self, actor: ActorRecord, now: Nanos) -> list[Command]:
        """Arm the actor's timers and let it start; part of a run's start, or of an add during one."""
        actor.skipped += actor.mailbox.discard_ticks()  # of an earlier run, with an earlier grid
        for interval in actor.intervals:
            interval.due = first_tick(self._epoch, interval.period, now)
            interval.cancelled = False
            self._timers.add(interval)
        for deadline in actor.deadlines:
            deadline.due = now + deadline.within
            deadline.cancelled = False
            self._timers.add(deadline)
        commands: list[Command] = []
        if not actor.started:
            actor.started = True
            actor.phase = _STARTING
            commands.append(Start(actor.spec.actor_id))
        elif actor.phase is _SUSPENDED:
            commands.append(Restart(actor.spec.actor_id))
        elif actor.mailbox.settle():
            commands += self._activate(actor)
        return commands

    def _run_started(self, _: RunStarted, now: Nanos) -> tuple[Command, ...]:
        self._epoch = now
        self._running = self.open = True
        commands: list[Command] = []
        for actor in self._actors.values():
            commands += self._begin(actor, now)
        # Two phases: every on_start before the first execution.
        commands.sort(key=lambda command: not isinstance(command, Start))
        return tuple(commands)

    def _stop_requested(self, _: StopRequested, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        self.open = False
        return _NOTHING

    def _run_ended(self, _: RunEnded, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        self._running = self.open = False
        self._timers.clear()
        self.in_flight = 0
        for actor in self._actors.values():  # none, unless the run was torn down half-way
            if actor.phase is _ACTIVE:
                actor.phase = _IDLE
        return _NOTHING

    # --- what wakes -----------------------------------------------------------------------------

    def _triggered(self, stimulus: Triggered, now: Nanos) -> tuple[Command, ...]:
        subscriptions = self._subscriptions.get(stimulus.source)
        if subscriptions is None:  # unwatched while the notification was under way
            return _NOTHING
        if len(subscriptions) == 1 and not stimulus.events:
            subscription = subscriptions[0]
            if subscription.deadline is not None:
                subscription.deadline.due = now + subscription.deadline.within
            actor = subscription.actor
            actor.mailbox.wake(subscription.fired)
            if actor.phase is _IDLE and self.open and not actor.paused:
                actor.phase = _ACTIVE
                self.in_flight += 1
                return actor.execute
            return _NOTHING
        commands: list[Command] = []
        for subscription in subscriptions:
            if subscription.deadline is not None:
                subscription.deadline.due = now + subscription.deadline.within
            fired = subscription.fired
            if stimulus.events:
                first = fired[0]
                fired = (Fired(first.kind, first.source, None, stimulus.events, first.slot),)
            subscription.actor.mailbox.wake(fired)
            commands += self._activate(subscription.actor)
        return tuple(commands)

    def _told(self, stimulus: Told, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # stopped while the message was under way: its mailbox has answered
            return _NOTHING
        # The bell may be old: an execution that was under way has taken the message along.
        return self._activate(actor) if actor.mailbox.settle() else _NOTHING

    def _elapsed(self, _: Elapsed, now: Nanos) -> tuple[Command, ...]:
        commands: list[Command] = []
        for timer in self._timers.pop_due(now):
            if isinstance(timer, IntervalTimer):
                commands += self._ticked(timer, now)
            elif isinstance(timer, DeadlineTimer):
                commands += self._missed(timer, now)
            elif isinstance(timer, RestartPause) and timer.actor.phase is _SUSPENDED:
                commands.append(Restart(timer.actor.spec.actor_id))
        return tuple(commands)

    def _ticked(self, timer: IntervalTimer, now: Nanos) -> tuple[Command, ...]:
        actor = timer.actor
        due = tick(timer.due, timer.period, now, timer.missed)
        timer.due = due.next_due
        self._timers.add(timer)
        actor.skipped += due.skipped
        left = len(due.scheduled)
        if not actor.paused and self.open:
            merge = timer.missed is not MissedTick.BURST
            for scheduled in due.scheduled:
                fired = Fired("interval", timer.source, scheduled, slot=timer.slot)
                woke = actor.mailbox.wake((fired,), merge=merge)
                if woke is Woke.REFUSED:
                    break
                left -= 1
                actor.skipped += woke is Woke.REPLACED
        actor.skipped += left
        return self._activate(actor) if actor.mailbox.settle() else _NOTHING

    def _missed(self, timer: DeadlineTimer, now: Nanos) -> tuple[Command, ...]:
        scheduled = timer.due
        late = (now - scheduled) // timer.within
        timer.due = scheduled + (late + 1) * timer.within
        self._timers.add(timer)
        actor = timer.actor
        if actor.paused or not self.open:
            return _NOTHING
        fired = Fired("deadline_missed", timer.source, scheduled, slot=timer.slot)
        actor.mailbox.wake((fired,))
        return self._activate(actor)

    # --- what an execution led to ---------------------------------------------------------------

    def _completed(self, stimulus: Completed, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors[stimulus.actor_id]
        actor.phase = _IDLE
        self.in_flight -= 1
        if actor.doomed:
            return self._forget(actor, stop=True)
        if actor.mailbox.settle():
            return self._activate(actor)
        return _NOTHING

    def _failed(self, stimulus: Failed, now: Nanos) -> tuple[Command, ...]:
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # removed itself while starting
            return _NOTHING
        starting, restarting = actor.phase is _STARTING, actor.phase is _SUSPENDED
        if actor.phase is _ACTIVE:
            self.in_flight -= 1
        actor.phase = _IDLE
        # SystemExit and KeyboardInterrupt are wishes to end, not failures to live with.
        fatal = not isinstance(stimulus.error, Exception)
        if actor.doomed:
            commands = self._forget(actor, stop=True)
            if not fatal:
                return commands
            self.open = False
            return (*commands, Escalate(stimulus.actor_id, stimulus.error))
        directive, pause = actor.failures.decide(actor.spec.supervision, now)
        if directive is Directive.STOP or fatal:
            self.open = False
            # A start, or a restart, that failed is tried again by the next run.
            actor.started = not starting
            actor.phase = _SUSPENDED if restarting else _IDLE
            return (Escalate(stimulus.actor_id, stimulus.error),)
        if directive is Directive.RESTART:
            actor.phase = _SUSPENDED
            if not self.open:  # the next run begins with the restart
                return _NOTHING
            if pause == 0:
                return (Restart(stimulus.actor_id),)
            actor.restart_pause = [RestartPause(actor, now + pause)]
            self._timers.add(actor.restart_pause[0])
            return _NOTHING
        if starting:  # ``Started`` is still to come
            actor.phase = _STARTING
        elif actor.mailbox.settle():
            return self._activate(actor)
        return _NOTHING

    def _started(self, stimulus: Started, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # its start was its end
            return _NOTHING
        if actor.phase is _STARTING:
            actor.phase = _IDLE
        return self._activate(actor) if actor.mailbox.settle() else _NOTHING

    def _restarted(self, stimulus: Restarted, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # removed itself while it was built anew
            return _NOTHING
        actor.phase = _IDLE
        return self._activate(actor) if actor.mailbox.settle() else _NOTHING

    def _stopped(self, stimulus: Stopped, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # removed itself while starting
            return _NOTHING
        if actor.phase is _ACTIVE:
            self.in_flight -= 1
        return self._forget(actor, stop=False)

    # --- what users ask -------------------------------------------------------------------------

    def _pause(self, stimulus: Pause, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        self._get(stimulus.actor_id).paused = True
        return _NOTHING

    def _resume(self, stimulus: Resume, now: Nanos) -> tuple[Command, ...]:
        actor = self._get(stimulus.actor_id)
        if not actor.paused:
            return _NOTHING
        actor.paused = False
        for deadline in actor.deadlines:
            deadline.due = now + deadline.within
        return self._activate(actor) if actor.mailbox.settle() else _NOTHING

    def _remove(self, stimulus: Remove, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._get(stimulus.actor_id)
        if actor.phase is _ACTIVE:
            actor.doomed = True
            return _NOTHING
        return self._forget(actor, stop=True)

    # --- helpers --------------------------------------------------------------------------------

    def _activate(self, actor: ActorRecord) -> tuple[Command, ...]:
        """``Execute`` if the actor may run now. The caller knows that it has mail."""
        if actor.phase is _IDLE and self.open and not actor.paused:
            actor.phase = _ACTIVE
            self.in_flight += 1
            return actor.execute
        return _NOTHING

    def _forget(self, actor: ActorRecord, *, stop: bool) -> tuple[Command, ...]:
        """Drop every trace of an actor at rest."""
        actor_id = actor.spec.actor_id
        del self._actors[actor_id]
        self._timers.cancel((*actor.intervals, *actor.deadlines, *actor.restart_pause))
        commands: list[Command] = []
        for number in actor.sources:
            subscriptions = self._subscriptions[number]
            subscriptions[:] = [entry for entry in subscriptions if entry.actor is not actor]
            if not subscriptions:
                del self._subscriptions[number]
                del self._numbers[self._keys.pop(number)]
                commands.append(Unwatch(number))
        commands.append(Stop(actor_id) if stop else Forget(actor_id))
        return tuple(commands)

    def _get(self, actor_id: str) -> ActorRecord:
        try:
            return self._actors[actor_id]
        except KeyError:
            known = ", ".join(repr(name) for name in list(self._actors)[:5]) or "none at all"
            raise UnknownItem(f"no item with id {actor_id!r}; there are: {known}") from None

    def _number_of(self, source: Any) -> tuple[int, bool]:
        """The number of a source, by identity (file descriptors: by value); and if it is new."""
        key = ("fd", source) if isinstance(source, int) else ("object", id(source))
        number = self._numbers.get(key)
        if number is not None:
            return number, False
        self._next_number = number = self._next_number + 1
        self._numbers[key] = number
        self._keys[number] = key
        self._subscriptions[number] = []
        return number, True
