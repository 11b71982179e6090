"""The scheduler: stimuli in, commands out, time as an argument.

Laws (numbered in ``spec/scheduler.md``):

* An actor has at most one ``Execute`` outstanding. It gets the next one only after ``Completed``,
  ``Failed`` or ``Restarted``.
* Nothing is lost: a trigger for an actor that cannot run now waits in its mailbox; when it can run
  and has mail, it has an ``Execute`` outstanding.
* No ``Execute`` outside a run, after ``StopRequested``, or while the actor is paused.
* The scheduler is over with a run when it was asked to stop and nothing is outstanding. A chain or
  graph (``core/composing.py``) is outstanding as a whole, from the first of its members to the last.

It knows no thread, clock, socket or shared memory. Only one thread may call it at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taktora.core.budgets import Budget
from taktora.core.commands import (
    Clear,
    Command,
    Escalate,
    Execute,
    Restart,
    Start,
    Trip,
    Unwatch,
    Watch,
)
from taktora.core.composing import Composing, farewell
from taktora.core.grid import first_tick, tick
from taktora.core.mailbox import Woke
from taktora.core.records import (
    ActorDescription,
    ActorRecord,
    Composition,
    DeadlineTimer,
    Description,
    IntervalTimer,
    Phase,
    RestartPause,
    Subscription,
    Wait,
)
from taktora.core.stimuli import (
    ActorSpec,
    Added,
    Advanced,
    Assembled,
    ClearFault,
    Completed,
    Elapsed,
    Failed,
    FlightBegan,
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
    Walked,
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
_BURST: Final = MissedTick.BURST
_REFUSED, _REPLACED = Woke.REFUSED, Woke.REPLACED
_STARTING, _IDLE, _ACTIVE, _SUSPENDED = Phase.STARTING, Phase.IDLE, Phase.ACTIVE, Phase.SUSPENDED


class Scheduler:
    """Decides who runs next. See the module's laws."""

    def __init__(self, iteration_budget: Nanos = 0) -> None:
        self._actors: dict[str, ActorRecord] = {}
        self._timers = Timers()
        self.next_due: Callable[[], Nanos | None] = self._timers.next_due
        """When ``Elapsed`` should be reported next; ``None``: no timer is wanted."""
        self._subscriptions: dict[int, list[Subscription]] = {}
        self._numbers: dict[Any, int] = {}
        self._keys: dict[int, Any] = {}
        self._next_number = 0
        self._epoch: Nanos = 0
        self._composing = Composing(self)
        self._budget = Budget(iteration_budget, "iteration_budget")
        self._running = False
        self.open = False
        """A run is under way and was not asked to stop. For others to read."""
        self.in_flight = 0
        """``Execute`` commands that were not answered yet."""
        self._handlers: dict[type[Any], Callable[[Any, Nanos], tuple[Command, ...]]] = {
            Added: self._added,
            Assembled: self._assembled,
            FlightBegan: self._flight_began,
            Advanced: self._advanced,
            Walked: self._walked,
            ClearFault: self._clear_fault,
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

    def __contains__(self, actor_id: object) -> bool:
        """Whether an actor with this id is scheduled."""
        return actor_id in self._actors

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
        self._refuse_duplicates(stimulus.spec)
        return tuple(self._enter(stimulus.spec, now)[1])

    def _assembled(self, stimulus: Assembled, now: Nanos) -> tuple[Command, ...]:
        self._refuse_duplicates(stimulus.spec, *stimulus.members)
        commands: list[Command] = []
        members: list[ActorRecord] = []
        for place, spec in enumerate(stimulus.members):
            member, more = self._enter(spec, now)
            member.place = place
            members.append(member)
            commands += more
        composition = Composition(stimulus.plan, members, walked=stimulus.walked)
        actor, more = self._enter(stimulus.spec, now, composition)
        composition.actor = actor
        for member in members:
            member.home, member.plain = composition, False
            member.onward = (Execute(member.spec.actor_id, onward=True),)
        return (*commands, *more)

    def _refuse_duplicates(self, *specs: ActorSpec) -> None:
        for number, spec in enumerate(specs):
            before = (earlier.actor_id for earlier in specs[:number])
            if spec.actor_id in self._actors or spec.actor_id in before:
                raise DuplicateItem(f"an item with id {spec.actor_id!r} was already added")

    def _enter(
        self, spec: ActorSpec, now: Nanos, composition: Composition | None = None
    ) -> tuple[ActorRecord, list[Command]]:
        """Write an actor down, and begin with it if a run is under way."""
        actor = ActorRecord(spec)
        actor.composition, actor.plain = composition, composition is None
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
        return actor, commands

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
            commands += self.activate(actor)
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
        return tuple(self._close())

    def _close(self) -> list[Command]:
        """Begin nothing more in this run."""
        self.open = False
        return self._composing.ground()

    def _run_ended(self, _: RunEnded, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        self._running = self.open = False
        self._timers.clear()
        self._composing.tear_down()
        self.in_flight = 0
        for actor in self._actors.values():
            if actor.phase is _ACTIVE:  # none, unless the run was torn down half-way
                actor.phase = _IDLE
            if actor.composition is not None:
                actor.composition.waits = Wait.NOTHING
                actor.composition.held.clear()
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
            if actor.plain and actor.phase is _IDLE and self.open and not actor.paused:
                actor.phase = _ACTIVE
                self.in_flight += 1
                return actor.execute
            return self.activate(actor)
        commands: list[Command] = []
        for subscription in subscriptions:
            if subscription.deadline is not None:
                subscription.deadline.due = now + subscription.deadline.within
            fired = subscription.fired
            if stimulus.events:
                first = fired[0]
                fired = (Fired(first.kind, first.source, None, stimulus.events, first.slot),)
            subscription.actor.mailbox.wake(fired)
            commands += self.activate(subscription.actor)
        return tuple(commands)

    def _told(self, stimulus: Told, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # stopped while the message was under way: its mailbox has answered
            return _NOTHING
        # The bell may be old: an execution that was under way has taken the message along.
        return self.activate(actor) if actor.mailbox.settle() else _NOTHING

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
        missed = timer.missed
        slots, skipped, timer.due = tick(timer.due, timer.period, now, missed)
        self._timers.add(timer)
        skipped += len(slots)
        if not actor.paused and self.open:
            mailbox, merge = actor.mailbox, missed is not _BURST
            for scheduled in slots:
                fired = Fired("interval", timer.source, scheduled, (), timer.slot)
                woke = mailbox.wake((fired,), merge=merge)
                if woke is _REFUSED:
                    break
                if woke is not _REPLACED:
                    skipped -= 1
        if skipped:
            actor.skipped += skipped
        return self.activate(actor) if actor.mailbox.settle() else _NOTHING

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
        return self.activate(actor)

    # --- what an execution led to ---------------------------------------------------------------

    def _completed(self, stimulus: Completed, now: Nanos) -> tuple[Command, ...]:
        actor = self._actors[stimulus.actor_id]
        actor.phase = _IDLE
        self.in_flight -= 1
        if actor.plain and not stimulus.overran:  # as a rule
            return self.activate(actor) if actor.mailbox.settle() else _NOTHING
        commands = self._overran(actor, stimulus.overran, now) if stimulus.overran else []
        return (*commands, *self._after(actor))

    def _advanced(self, stimulus: Advanced, now: Nanos) -> tuple[Command, ...]:
        member = self._actors[stimulus.actor_id]
        member.phase = _IDLE
        self.in_flight -= 1
        commands = self._overran(member, stimulus.overran, now) if stimulus.overran else []
        commands += self._composing.advanced(member, stimulus)
        return (*commands, *self._after(member))

    def _flight_began(self, stimulus: FlightBegan, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        composition = self._actors[stimulus.actor_id].composition
        assert composition is not None
        return tuple(self._composing.began(composition, stimulus.fired))

    def _walked(self, stimulus: Walked, now: Nanos) -> tuple[Command, ...]:
        actor = self._actors[stimulus.actor_id]
        commands: list[Command] = []
        for member_id, took in stimulus.overran:
            commands += self._overran(self._actors[member_id], took, now)
        if stimulus.failed is not None:
            assert stimulus.error is not None
            commands += self._supervise(self._actors[stimulus.failed], stimulus.error, now)
        return (*commands, *self.at_rest(actor))

    def at_rest(self, actor: ActorRecord) -> list[Command]:
        """A chain or graph is through with its run."""
        actor.phase = _IDLE
        self.in_flight -= 1
        return self._after(actor)

    def _after(self, actor: ActorRecord) -> list[Command]:
        """Who runs now that ``actor`` is idle: it again, or who waited for it."""
        commands: list[Command] = []
        if actor.doomed:
            return self.forget(actor, stop=True)
        home = actor.home
        if home is not None and (home.held or home.waits is not Wait.NOTHING):
            commands += self._composing.changed(home)
        if actor.composition is not None:  # before its next run, or they might wait for ever
            commands += self._composing.release(actor.composition)
        if actor.phase is _IDLE and actor.mailbox.settle():
            commands += self.activate(actor)
        return commands

    def _failed(self, stimulus: Failed, now: Nanos) -> tuple[Command, ...]:
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # removed itself while starting
            return _NOTHING
        commands = self._overran(actor, stimulus.overran, now) if stimulus.overran else []
        starting, restarting = actor.phase is _STARTING, actor.phase is _SUSPENDED
        if actor.phase is _ACTIVE:
            self.in_flight -= 1
        actor.phase = _IDLE
        if actor.doomed:
            if stimulus.aboard:
                commands += self._composing.failed(actor, stimulus.error)
            commands += self.forget(actor, stop=True)
            if isinstance(stimulus.error, Exception):
                return tuple(commands)
            return (*commands, *self._close(), Escalate(stimulus.actor_id, stimulus.error))
        commands += self._supervise(actor, stimulus.error, now, starting, restarting)
        if stimulus.aboard:
            commands += self._composing.failed(actor, stimulus.error)
        if starting:
            return tuple(commands)
        return (*commands, *self._after(actor))

    def _supervise(
        self,
        actor: ActorRecord,
        error: BaseException,
        now: Nanos,
        starting: bool = False,
        restarting: bool = False,
    ) -> list[Command]:
        """What the actor's policy says about a failure; it is idle, or waits to be built anew."""
        # SystemExit and KeyboardInterrupt are wishes to end, not failures to live with.
        fatal = not isinstance(error, Exception)
        directive, pause = actor.failures.decide(actor.spec.supervision, now)
        if directive is Directive.STOP or fatal:
            # A start, or a restart, that failed is tried again by the next run.
            actor.started = actor.started and not starting
            actor.phase = _SUSPENDED if restarting else _IDLE
            return [*self._close(), Escalate(actor.spec.actor_id, error)]
        if directive is Directive.RESTART:
            actor.phase = _SUSPENDED
            if not self.open:  # the next run begins with the restart
                return self._composing.ground()
            if pause == 0:
                return [Restart(actor.spec.actor_id)]
            actor.restart_pause = [RestartPause(actor, now + pause)]
            self._timers.add(actor.restart_pause[0])
            return []
        if starting:  # ``Started`` is still to come
            actor.phase = _STARTING
        return []

    def _started(self, stimulus: Started, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # its start was its end
            return _NOTHING
        if actor.phase is _STARTING:
            actor.phase = _IDLE
        return tuple(self._after(actor))

    def _restarted(self, stimulus: Restarted, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # removed itself while it was built anew
            return _NOTHING
        actor.phase = _IDLE
        return tuple(self._after(actor))

    def _stopped(self, stimulus: Stopped, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._actors.get(stimulus.actor_id)
        if actor is None:  # removed itself while starting
            return _NOTHING
        if actor.phase is _ACTIVE:
            self.in_flight -= 1
        return tuple(self.forget(actor, stop=False))

    # --- what users ask -------------------------------------------------------------------------

    def _pause(self, stimulus: Pause, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._get(stimulus.actor_id)
        actor.paused = True
        return tuple(self._composing.paused(actor))

    def _resume(self, stimulus: Resume, now: Nanos) -> tuple[Command, ...]:
        actor = self._get(stimulus.actor_id)
        if not actor.paused:
            return _NOTHING
        actor.paused = False
        for deadline in actor.deadlines:
            deadline.due = now + deadline.within
        return tuple(self._after(actor)) if actor.phase is _IDLE else _NOTHING

    def _remove(self, stimulus: Remove, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor = self._get(stimulus.actor_id)
        if actor.home is not None:  # a chain or graph lives and ends as a whole
            actor = actor.home.actor
        if actor.phase is _ACTIVE:
            actor.doomed, actor.plain = True, False
            return _NOTHING
        return tuple(self.forget(actor, stop=True))

    def _clear_fault(self, stimulus: ClearFault, now: Nanos) -> tuple[Command, ...]:  # noqa: ARG002
        actor_id = stimulus.actor_id
        budget = self._budget if actor_id is None else self._get(actor_id).budget
        return (Clear(actor_id),) if budget.clear() else _NOTHING

    # --- helpers --------------------------------------------------------------------------------

    def activate(self, actor: ActorRecord) -> tuple[Command, ...]:
        """``Execute`` if the actor may run now. The caller knows that it has mail."""
        if actor.phase is not _IDLE or actor.paused:
            return _NOTHING
        if actor.home is not None:
            if not self._composing.may_execute(actor, actor.home):
                return _NOTHING
        elif not self.open or (
            actor.composition is not None and not self._composing.may_begin(actor.composition)
        ):
            return _NOTHING
        actor.phase = _ACTIVE
        self.in_flight += 1
        return actor.onward if actor.boarding else actor.execute

    def knows(self, actor: ActorRecord) -> bool:
        """Whether the actor is still here."""
        return self._actors.get(actor.spec.actor_id) is actor

    def _overran(self, actor: ActorRecord, took: Nanos, now: Nanos) -> list[Command]:
        """An execution took longer than a budget allows: which faults that makes."""
        actor_id = actor.spec.actor_id
        commands: list[Command] = []
        fault = actor.budget.note(actor_id, took, now)
        if fault is not None:
            commands.append(Trip(actor_id, fault))
        fault = self._budget.note(actor_id, took, now)
        if fault is not None:
            commands.append(Trip(None, fault))
        return commands

    def forget(self, actor: ActorRecord, *, stop: bool) -> list[Command]:
        """Drop every trace of an actor at rest, and of what cannot be without it."""
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
        commands.append(farewell(actor_id, stop=stop))
        if actor.home is not None:
            commands += self._composing.lost(actor, actor.home)
        if actor.composition is not None:
            commands += self._composing.disband(actor.composition)
        return commands

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
