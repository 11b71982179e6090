"""Drives the scheduler with random histories beside a model that knows only the laws.

The machine plays the driver (obeys commands, always in order, nested reports included), the
workers (take mail, answer) and the world (time, sources, senders). The model predicts what every
stimulus must lead to; a difference raises :class:`LawBroken` with the number of the rule.

``scheduler_class`` and ``mailbox_class`` are attributes, so that ``test_mutants.py`` can plant bugs.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taktora.core import commands as cmd
from taktora.core import stimuli as sti
from taktora.core.mailbox import Dropped, Mailbox, Overflow, Rejected, Wake, Woke
from taktora.core.scheduler import Scheduler
from taktora.core.supervision import Supervision
from taktora.core.triggers import (
    DeadlineTrigger,
    FdTrigger,
    Fired,
    IntervalTrigger,
    ListenerTrigger,
    MissedTick,
    ServerTrigger,
    SubscriberTrigger,
)


class LawBroken(AssertionError):
    """The scheduler did what a numbered rule forbids."""

    def __init__(self, rule_id: str, detail: object) -> None:
        super().__init__(f"{rule_id}: {detail}")
        self.rule_id = rule_id


def law(rule_id: str, holds: object, detail: object = "") -> None:
    if not holds:
        raise LawBroken(rule_id, detail)


SECOND = 1_000_000_000
ERROR = ValueError("planted")
SOURCES = ["camera", "lidar", "service", "raw"]
IDS = ["a", "b", "c"]


class Source:
    """A port, as far as the core knows: something with an identity."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


@functools.cache
def probed(mailbox_class: type[Mailbox]) -> type[Mailbox]:
    """``mailbox_class`` with a record of the wake-ups that the scheduler asked of it."""

    class Probe(mailbox_class):  # type: ignore[valid-type,misc]
        __slots__ = ("log",)

        def __init__(self, capacity: int, overflow: Overflow) -> None:
            super().__init__(capacity, overflow)
            self.log: list[tuple[tuple[Fired, ...], bool, Woke]] = []

        def wake(self, fired: tuple[Fired, ...], *, merge: bool = True) -> Woke:
            result = super().wake(fired, merge=merge)
            self.log.append((fired, merge, result))
            return result

    return Probe


class Line:
    """What a mailbox is, said with a plain list."""

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        self.capacity = capacity
        self.overflow = overflow
        self.entries: list[tuple[str, Any]] = []  # ("message", token) | ("burst"|"wake", [Fired])

    @property
    def depth(self) -> int:
        return sum(kind != "wake" for kind, _ in self.entries)

    def put(self, token: object) -> tuple[str, Any]:
        if self.depth < self.capacity:
            self.entries.append(("message", token))
            return "accepted", None
        if self.overflow is Overflow.REJECT:
            return "rejected", None
        if self.overflow is Overflow.DROP_NEWEST:
            return "dropped", ("message", token)
        at = next(i for i, (kind, _) in enumerate(self.entries) if kind != "wake")
        oldest = self.entries.pop(at)
        self.entries.append(("message", token))
        return "dropped", oldest

    def wake(self, fired: Fired, merge: bool) -> Woke:
        if not merge:
            if self.depth >= self.capacity:
                return Woke.REFUSED
            self.entries.append(("burst", [fired]))
            return Woke.QUEUED
        pending = next((content for kind, content in self.entries if kind == "wake"), None)
        if pending is None:
            self.entries.append(("wake", [fired]))
            return Woke.QUEUED
        for i, old in enumerate(pending):
            if (old.slot, old.kind) == (fired.slot, fired.kind):
                events = fired.events
                if old.events:
                    counts: dict[int, int] = {}
                    for event, count in (*old.events, *fired.events):
                        counts[event] = counts.get(event, 0) + count
                    events = tuple(counts.items())
                pending[i] = Fired(fired.kind, fired.source, fired.scheduled_ns, events, fired.slot)
                return Woke.REPLACED
        pending.append(fired)
        return Woke.JOINED

    def discard_ticks(self) -> tuple[int, int]:
        """Slots that were taken out, and wake-ups that went because nothing of them was left."""
        slots, wakes = self.slots(), self.wakes()
        kept: list[tuple[str, Any]] = []
        for kind, content in self.entries:
            if kind == "message":
                kept.append((kind, content))
            elif left := [one for one in content if one.kind != "interval"]:
                kept.append((kind, left))
        self.entries = kept
        return slots, wakes - self.wakes()

    def wakes(self) -> int:
        return sum(kind != "message" for kind, _ in self.entries)

    def slots(self) -> int:
        """Grid slots that wait for a run."""
        return sum(
            one.kind == "interval"
            for kind, content in self.entries
            if kind != "message"
            for one in content
        )


class Model:
    """One actor, by the laws alone."""

    def __init__(self, spec: sti.ActorSpec) -> None:
        self.id = spec.actor_id
        self.spec = spec
        self.mailbox: Any = spec.mailbox
        self.line = Line(spec.mailbox.capacity, spec.mailbox.overflow)
        self.paused = self.doomed = self.started = False
        self.phase = "idle"  # starting, active, suspended
        self.failures: list[int] = []
        self.restart_due: int | None = None
        self.due: dict[int, int] = {}  # trigger slot -> when its timer is due; armed in runs only
        self.took = False
        # for the accounts
        self.asked = self.ran = self.refused = self.coalesced = self.dropped_wakes = 0
        self.discarded_wakes = 0
        self.passed = self.slots_ran = self.skipped = self.dropped_slots = 0
        self.last_slot: dict[int, int] = {}
        self.last_token: dict[str, int] = {}
        # what the stimulus that comes next must ask of the mailbox
        self.expected: list[Fired] = []  # these may merge
        self.bursts: dict[int, list[Fired]] = {}  # these may not: as many as find room

    def triggers(self, kind: type) -> list[tuple[int, Any]]:
        return [(i, t) for i, t in enumerate(self.spec.triggers) if isinstance(t, kind)]

    def sourced(self) -> list[tuple[int, Any]]:
        return [
            (i, t) for i, t in enumerate(self.spec.triggers) if not isinstance(t, IntervalTrigger)
        ]


def source_triggers() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.tuples(st.just("subscriber"), st.sampled_from(SOURCES[:2])),
        st.tuples(st.just("deadline"), st.sampled_from(SOURCES[:2]), st.sampled_from([1, 3, 7])),
        st.tuples(st.just("server"), st.just("service")),
        st.tuples(st.just("listener"), st.just("raw")),
        st.tuples(st.just("fd"), st.just(7)),
    )


def interval_triggers() -> st.SearchStrategy[Any]:
    return st.tuples(
        st.just("interval"), st.sampled_from([1, 2, 4, 5]), st.sampled_from(list(MissedTick))
    )


POLICIES = [
    Supervision.resume(),
    Supervision.stop(),
    Supervision.restart(),
    Supervision.restart(max_restarts=2, within=20 / SECOND, backoff=4 / SECOND),
    Supervision.restart(backoff=3 / SECOND, backoff_max=9 / SECOND),
    Supervision.restart(max_restarts=1),
]

plans = st.tuples(
    st.lists(st.one_of(source_triggers(), interval_triggers()), max_size=3),
    st.integers(1, 4),
    st.sampled_from(list(Overflow)),
    st.sampled_from(POLICIES),
)
picks = st.integers(0, len(IDS) - 1)
seldom = st.integers(0, 3).map(lambda n: n == 3)
rarely = st.integers(0, 11).map(lambda n: n == 11)
fates = st.one_of(
    st.just([]),
    st.just([]),
    st.lists(st.sampled_from(["well", "fails", "exits", "ends", "removes itself"]), max_size=3),
)
"""What becomes of the next ``Start`` and ``Restart`` commands that are obeyed; then all is well."""


class SchedulerMachine(RuleBasedStateMachine):
    scheduler_class: ClassVar[type[Scheduler]] = Scheduler
    mailbox_class: ClassVar[type[Mailbox]] = Mailbox

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = self.scheduler_class()
        self.now = 0
        self.epoch = 0
        self.running = self.open = False
        self.actors: dict[str, Model] = {}
        self.sources = {name: Source(name) for name in SOURCES}
        self.watched: dict[int, Any] = {}
        self.tokens = itertools.count(1)
        self.untold: set[str] = set()
        self.fates: list[str] = []
        self.theme = ""  # what happens often in this history
        self.posted: list[str] = []  # whose ``Started`` is still to be reported
        self.busy = False  # something else comes before what was posted
        self.depth = 0

    # --- the driver -----------------------------------------------------------------------------

    def report(self, stimulus: Any, predicted: Counter[Any] | None = None) -> None:
        """Tell the scheduler; hold its answer against the prediction and the laws; obey."""
        before = list(self.actors.values())
        try:
            commands = self.scheduler.handle(stimulus, now=self.now)
        except KeyError as error:
            raise LawBroken("SCHED-09", f"{stimulus} made it trip over {error}") from error
        for actor in before:
            self._account_for_wakes(actor)
        self._judge(commands, predicted or Counter())
        self.depth += 1
        self._obey(commands)
        self.depth -= 1
        if not self.depth and not self.busy:
            self._pump()

    def _pump(self) -> None:
        """Report what was posted: every ``Started`` comes after all that came with its ``Start``."""
        while self.posted:
            actor = self.actors.get(actor_id := self.posted.pop(0))
            if actor is not None and actor.phase == "starting":
                actor.phase = "idle"
            self.report(sti.Started(actor_id))

    def _judge(self, commands: tuple[Any, ...], predicted: Counter[Any]) -> None:
        """Every command is one that the laws ask for, and none is missing."""
        for command in commands:
            if isinstance(command, cmd.Execute):
                self._judge_execute(command.actor_id)
        for actor in self.actors.values():
            if actor.phase == "idle" and self.open and not actor.paused:
                law("SCHED-02", not actor.line.entries, f"{actor.id} has mail and no Execute")
        others: Counter[Any] = Counter()
        position: dict[tuple[str, str], int] = {}
        for at, command in enumerate(commands):
            name = type(command).__name__.lower()
            if name in ("watch", "unwatch"):
                self._judge_watch(command)
            else:
                position[name, command.actor_id] = at
                if name != "execute":
                    others[name, command.actor_id] += 1
        last = max((at for (name, _), at in position.items() if name == "start"), default=-1)
        for (name, actor_id), at in position.items():
            law("SCHED-07", name == "start" or at > last, f"{name} {actor_id} before a start")
        for name in ("start", "restart", "stop", "forget", "escalate"):
            got = Counter({key: n for key, n in others.items() if key[0] == name})
            want = Counter({key: n for key, n in predicted.items() if key[0] == name})
            number = {
                "start": "SCHED-07",
                "restart": "SCHED-62",
                "stop": "SCHED-52",
                "forget": "SCHED-53",
                "escalate": "SCHED-60",
            }
            law(number[name], got == want, f"{dict(got)} instead of {dict(want)}")

    def _judge_execute(self, actor_id: str) -> None:
        actor = self.actors.get(actor_id)
        if actor is None:
            raise LawBroken("SCHED-52", f"Execute for {actor_id}, which is gone")
        law("SCHED-01", actor.phase != "active", f"{actor_id} already has an Execute")
        law("SCHED-03", self.open, f"Execute {actor_id} while not open")
        law("SCHED-04", not actor.paused, f"Execute {actor_id} while paused")
        law("SCHED-62", actor.phase != "suspended", f"Execute {actor_id} while suspended")
        law("SCHED-07", actor.phase != "starting", f"Execute {actor_id} before Started")
        law("SCHED-05", actor.line.entries, f"Execute {actor_id} without mail")
        actor.phase = "active"
        actor.took = False

    def _judge_watch(self, command: cmd.Watch | cmd.Unwatch) -> None:
        if isinstance(command, cmd.Watch):
            law("SCHED-10", command.source not in self.watched, "a number watched twice")
            law("SCHED-10", command.trigger.source not in self.watched.values(), "watched twice")
            self.watched[command.source] = command.trigger.source
        else:
            law("SCHED-10", command.source in self.watched, "unwatched, but never watched")
            del self.watched[command.source]

    def _obey(self, commands: tuple[Any, ...]) -> None:
        for command in commands:
            if not isinstance(command, cmd.Start | cmd.Restart):
                continue
            actor = self.actors.get(command.actor_id)
            if actor is None:
                raise LawBroken("SCHED-42", f"{command}, but the actor is gone")
            fate = self.fates.pop(0) if self.fates else "well"
            starting = isinstance(command, cmd.Start)
            if starting:
                actor.started = True
            if fate == "fails":
                self._fail(actor, ERROR)
            elif fate == "exits":
                self._fail(actor, SystemExit("planted"))
            elif fate == "ends":
                self._end(actor)
            elif fate == "removes itself":
                self._forget(actor)
                self.report(sti.Remove(actor.id), Counter({("stop", actor.id): 1}))
                self.report(sti.Failed(actor.id, ERROR) if starting else sti.Restarted(actor.id))
                self.report(sti.Stopped(actor.id))
            elif not starting:
                actor.phase = "idle"
                self.report(sti.Restarted(actor.id))
            if starting:
                self.posted.append(actor.id)

    def _end(self, actor: Model) -> None:
        """It ended its life by itself: whoever noticed closed the mailbox, and reports it."""
        actor.mailbox.close()
        self._forget(actor)
        self.report(sti.Stopped(actor.id), Counter({("forget", actor.id): 1}))

    # --- predictions ----------------------------------------------------------------------------

    def _account_for_wakes(self, actor: Model) -> None:
        """What the scheduler asked of the mailbox is what was predicted, and it was obeyed."""
        expected, actor.expected = actor.expected, []
        bursts, actor.bursts = actor.bursts, {}
        log = [(one, merge, result) for fired, merge, result in actor.mailbox.log for one in fired]
        actor.mailbox.log.clear()
        merged = [one for one, merge, _ in log if merge]
        wrong = [one for one in merged if one not in expected]
        wrong += [one for one in expected if one not in merged]
        if wrong or len(merged) != len(expected):
            kinds = {one.kind for one in wrong or merged}
            number = "SCHED-11"
            if "interval" in kinds:
                number = "SCHED-20"
            elif "deadline_missed" in kinds:
                number = "SCHED-30"
            raise LawBroken(number, f"{actor.id} was woken by {merged}, not by {expected}")
        for one, merge, result in log:
            want = actor.line.wake(one, merge)
            law("MAIL-06" if merge else "MAIL-08", result is want, f"{result}, not {want}")
            actor.asked += 1
            actor.coalesced += want in (Woke.JOINED, Woke.REPLACED)
            actor.refused += want is Woke.REFUSED
            actor.skipped += one.kind == "interval" and want is Woke.REPLACED
            if not merge:  # the next slot of its burst, until one finds no room
                left = bursts.get(one.slot)
                law("SCHED-20", left and left[0] == one, f"{one}, not one of {left}")
                assert left is not None
                if want is Woke.REFUSED:
                    actor.skipped += len(left)
                    left.clear()
                else:
                    left.pop(0)
        law("SCHED-20", not any(bursts.values()), f"{actor.id} was not woken for {bursts}")

    def _arm(self, actor: Model) -> None:
        """A run begins for it: with new timers, and without the ticks of an earlier run."""
        slots, wakes = actor.line.discard_ticks()
        actor.skipped += slots
        actor.discarded_wakes += wakes
        for slot, trigger in actor.triggers(IntervalTrigger):
            actor.due[slot] = next(
                t
                for k in itertools.count(max(1, (self.now - self.epoch) // trigger.period))
                if (t := self.epoch + k * trigger.period) > self.now
            )
        for slot, trigger in actor.triggers(DeadlineTrigger):
            actor.due[slot] = self.now + trigger.within

    def _forget(self, actor: Model) -> None:
        del self.actors[actor.id]
        self.untold.discard(actor.id)

    # --- building -------------------------------------------------------------------------------

    def _trigger(self, plan: tuple[Any, ...]) -> Any:
        match plan:
            case "subscriber", name:
                return SubscriberTrigger(self.sources[name])
            case "deadline", name, within:
                return DeadlineTrigger(self.sources[name], within)
            case "server", name:
                return ServerTrigger(self.sources[name])
            case "listener", name:
                return ListenerTrigger(self.sources[name])
            case "fd", number:
                return FdTrigger(number)
            case "interval", period, missed:
                return IntervalTrigger(period, period, missed)
        raise AssertionError(plan)

    @initialize(
        start=st.integers(0, 9),
        plans=st.lists(plans, min_size=1, max_size=3),
        idle=seldom,
        fates=fates,
        busy=seldom,
        theme=st.sampled_from(["", "pause", "stop", "remove", "tear"]),
    )
    def begin(
        self, *, start: int, plans: list[Any], idle: bool, fates: list[str], busy: bool, theme: str
    ) -> None:
        """Most histories have actors and a run from their beginning; the epoch is not zero."""
        self.now, self.theme = start, theme
        for plan in plans:
            self._add(*plan)
        if not idle:
            self.start_run(fates, busy)

    @precondition(lambda self: len(self.actors) < len(IDS))
    @rule(plan=plans, fates=fates, busy=seldom)
    def add(self, plan: Any, fates: list[str], busy: bool) -> None:
        self.fates, self.busy = fates[:], self.busy or busy
        self._add(*plan)

    def _add(
        self, plans: list[Any], capacity: int, overflow: Overflow, policy: Supervision
    ) -> None:
        actor_id = next(free for free in IDS if free not in self.actors)
        spec = sti.ActorSpec(
            actor_id,
            probed(self.mailbox_class)(capacity, overflow),
            tuple(self._trigger(plan) for plan in plans),
            policy,
        )
        actor = Model(spec)
        self.actors[actor_id] = actor
        if self.running:
            self._arm(actor)
            actor.phase = "starting"
        self.report(
            sti.Added(spec), Counter({("start", actor_id): 1}) if self.running else Counter()
        )

    # --- the world ------------------------------------------------------------------------------

    @precondition(lambda self: self.watched)
    @rule(
        pick=st.integers(0, 9),
        events=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3))),
    )
    def trigger(self, pick: int, events: list[tuple[int, int]]) -> None:
        number = sorted(self.watched)[pick % len(self.watched)]
        source = self.watched[number]
        raw = tuple(events) if source is self.sources["raw"] else ()
        for actor in self.actors.values():
            for slot, declared in actor.sourced():
                if declared.source == source:
                    kind: Any = type(declared).__name__.removesuffix("Trigger").lower()
                    kind = "subscriber" if kind == "deadline" else kind
                    actor.expected.append(Fired(kind, source, None, raw, slot))
                    if slot in actor.due:
                        actor.due[slot] = self.now + declared.within
        self.report(sti.Triggered(number, raw))

    @rule(number=st.integers(900, 901))
    def trigger_something_unwatched(self, number: int) -> None:
        assert self.scheduler.handle(sti.Triggered(number), now=self.now) == ()

    @rule(dt=st.integers(1, 12), late=seldom)
    def time_passes(self, dt: int, late: bool) -> None:
        """The driver reports it, or is busy and will, with the next that passes."""
        self.now += dt
        if not late:
            self.elapse()

    @rule()
    def time_passes_until_due(self) -> None:
        due = self.scheduler.next_due()
        if due is not None:
            self.now = max(due, self.now)
            self.elapse()

    def elapse(self) -> None:
        due = self.scheduler.next_due()
        if due is None or due > self.now:
            return
        predicted: Counter[Any] = Counter()
        for actor in self.actors.values():
            for slot in list(actor.due):
                trigger = actor.spec.triggers[slot]
                if actor.due[slot] > self.now:
                    continue
                if isinstance(trigger, IntervalTrigger):
                    self._predict_ticks(actor, slot, trigger)
                else:
                    assert isinstance(trigger, DeadlineTrigger)
                    if self.open and not actor.paused:
                        missed = Fired("deadline_missed", trigger.source, actor.due[slot], (), slot)
                        actor.expected.append(missed)
                    while actor.due[slot] <= self.now:
                        actor.due[slot] += trigger.within
            if actor.restart_due is not None and actor.restart_due <= self.now:
                actor.restart_due = None
                predicted["restart", actor.id] += 1
        self.report(sti.Elapsed(), predicted)
        due = self.scheduler.next_due()
        law("SCHED-41", due is None or due > self.now, "due again at once")

    def _predict_ticks(self, actor: Model, slot: int, trigger: IntervalTrigger) -> None:
        first = actor.due[slot]
        if trigger.missed is MissedTick.DELAY:
            passed = [first]
            actor.due[slot] = self.now + trigger.period
        else:
            passed = []
            while actor.due[slot] <= self.now:
                passed.append(actor.due[slot])
                actor.due[slot] += trigger.period
            assert all((slot_ns - self.epoch) % trigger.period == 0 for slot_ns in passed)
        actor.passed += len(passed)
        if actor.paused or not self.open:
            actor.skipped += len(passed)
            return
        burst = trigger.missed is MissedTick.BURST
        run = passed if burst else passed[-1:]
        actor.skipped += len(passed) - len(run)
        fired = [Fired("interval", trigger.source, slot_ns, (), slot) for slot_ns in run]
        if burst:
            actor.bursts[slot] = fired
        else:
            actor.expected += fired

    @precondition(lambda self: self.actors)
    @rule(pick=picks, sender=st.sampled_from("xy"), late=st.booleans())
    def put(self, pick: int, sender: str, late: bool) -> None:
        """A message arrives; the bell may ring while an execution is still under way."""
        self._put(pick, sender, late)

    def _put(self, pick: int, sender: str, late: bool) -> None:
        actor = self._pick(pick)
        token = (sender, next(self.tokens))
        result = actor.mailbox.put(token)
        want, lost = actor.line.put(token)
        got = {Rejected: "rejected", Dropped: "dropped", type(None): "accepted"}[type(result)]
        law("MAIL-03", got == want, f"{got}, not {want}")
        if lost is not None:
            kind, content = lost
            if kind == "message":
                law("MAIL-03", result.message == content, f"dropped {result}, not {content}")
            else:
                law("MAIL-03", result.message.fired == tuple(content), f"dropped {result}")
                actor.dropped_wakes += 1
                actor.dropped_slots += sum(one.kind == "interval" for one in content)
        if late and actor.phase == "active":
            self.untold.add(actor.id)
        else:
            self.report(sti.Told(actor.id))

    @precondition(lambda self: self.untold)
    @rule()
    def late_bell(self) -> None:
        actor_id = min(self.untold)
        self.untold.remove(actor_id)
        self.report(sti.Told(actor_id))

    @rule(
        late=st.sampled_from(
            [
                sti.Told("gone"),
                sti.Started("gone"),
                sti.Restarted("gone"),
                sti.Failed("gone", ERROR),
                sti.Stopped("gone"),
            ]
        )
    )
    def news_of_a_gone_actor(self, late: Any) -> None:
        self.report(late)

    @precondition(lambda self: self.busy)
    @rule()
    def driver_pumps(self) -> None:
        self.busy = False
        self._pump()

    # --- the workers ----------------------------------------------------------------------------

    def _take(self, actor: Model, most: int) -> None:
        for _ in range(most):
            got = actor.mailbox.take()
            if not actor.line.entries:
                law("MAIL-01", got is None, f"took {got} from an empty mailbox")
                return
            actor.took = True
            kind, content = actor.line.entries.pop(0)
            if kind == "message":
                law("MAIL-01", got == content, f"took {got}, not {content}")
                sender, number = content
                law("MAIL-01", number > actor.last_token.get(sender, 0), "not first in, first out")
                actor.last_token[sender] = number
                continue
            law("MAIL-06", isinstance(got, Wake), f"took {got}, not a wake-up")
            law("MAIL-06", got.fired == tuple(content), f"took {got.fired}, not {content}")
            actor.ran += 1
            for one in got.fired:
                if one.kind == "interval":
                    actor.slots_ran += 1
                    law(
                        "SCHED-24",
                        one.scheduled_ns > actor.last_slot.get(one.slot, -1),
                        f"slot {one.scheduled_ns} ran again",
                    )
                    actor.last_slot[one.slot] = one.scheduled_ns

    def _pick(self, pick: int) -> Model:
        return list(self.actors.values())[pick % len(self.actors)]

    def _active(self, pick: int) -> Model | None:
        active = [actor for actor in self.actors.values() if actor.phase == "active"]
        return active[pick % len(active)] if active else None

    @precondition(lambda self: self._active(0))
    @rule(pick=st.integers(0, 9), most=st.integers(1, 3))
    def work(self, pick: int, most: int) -> None:
        actor = self._active(pick)
        assert actor is not None
        self._take(actor, most)

    def _answered(self, actor: Model) -> bool:
        """The execution is over; ``True`` when the actor goes with it."""
        actor.phase = "idle"
        if actor.doomed:
            self._forget(actor)
        return actor.doomed

    @precondition(lambda self: self._active(0))
    @rule(pick=st.integers(0, 9), most=st.integers(0, 3))
    def complete(self, pick: int, most: int) -> None:
        actor = self._active(pick)
        assert actor is not None
        self._take(actor, most if actor.took else max(1, most))
        gone = self._answered(actor)
        self.report(
            sti.Completed(actor.id), Counter({("stop", actor.id): 1}) if gone else Counter()
        )

    @precondition(lambda self: self._active(0))
    @rule(most=st.integers(1, 3), dt=st.integers(0, 6))
    def turn(self, most: int, dt: int) -> None:
        """Whoever executes gets done, and that took a while."""
        self.now += dt
        for actor in list(self.actors.values()):
            if actor.phase == "active":
                self._take(actor, most)
                gone = self._answered(actor)
                self.report(
                    sti.Completed(actor.id), Counter({("stop", actor.id): 1} if gone else {})
                )
        self.elapse()

    @precondition(lambda self: self._active(0))
    @rule(pick=st.integers(0, 9), fates=fates, exit_code=st.integers(0, 11))
    def fail(self, pick: int, fates: list[str], exit_code: int) -> None:
        doomed = [a for a in self.actors.values() if a.doomed and a.phase == "active"]
        actor = doomed[0] if doomed else self._active(pick)
        assert actor is not None
        self.fates = fates[:]
        if not actor.took:
            self._take(actor, 1)
        exits = exit_code == 11 or (actor.doomed and exit_code > 5)
        error = SystemExit("planted") if exits else ERROR
        if self._answered(actor):
            predicted = Counter({("stop", actor.id): 1})
            if exits:
                self.open = False
                predicted["escalate", actor.id] += 1
            self.report(sti.Failed(actor.id, error), predicted)
        else:
            self._fail(actor, error)

    def _fail(self, actor: Model, error: BaseException) -> None:
        """Supervision as the spec says it, and nothing of how the code does it."""
        policy = actor.spec.supervision
        predicted: Counter[Any] = Counter()
        starting, restarting = actor.phase == "starting", actor.phase == "suspended"
        actor.phase = "idle"
        pause = 0
        decision = policy.directive.value
        if decision == "restart":
            recent = [
                t for t in actor.failures if policy.within is None or self.now - t < policy.within
            ]
            if policy.max_restarts is not None and len(recent) >= policy.max_restarts:
                decision = "stop"
            else:
                actor.failures = [*recent, self.now]
                pause = min(policy.backoff * 2 ** len(recent), policy.backoff_max)
        if not isinstance(error, Exception):
            decision = "stop"
        if decision == "stop":
            self.open = False
            predicted["escalate", actor.id] += 1
            actor.started = not starting
            actor.phase = "suspended" if restarting else "idle"  # tried again by the next run
        elif decision == "restart":
            actor.phase = "suspended"
            if not self.open:  # the next run begins with the restart
                pass
            elif pause:
                actor.restart_due = self.now + pause
            else:
                predicted["restart", actor.id] += 1
        elif starting:  # ``Started`` is still to come
            actor.phase = "starting"
        self.report(sti.Failed(actor.id, error), predicted)

    @precondition(lambda self: self._active(0))
    @rule(pick=picks, now=seldom)
    def stop_itself(self, pick: int, now: bool) -> None:
        if not now:
            return
        actor = self._active(pick)
        assert actor is not None
        self._end(actor)

    # --- runs -----------------------------------------------------------------------------------

    @precondition(lambda self: not self.running)
    @rule(fates=fates, busy=seldom)
    def start_run(self, fates: list[str], busy: bool) -> None:
        self.fates, self.busy = fates[:], self.busy or busy
        self.running = self.open = True
        self.epoch = self.now
        predicted: Counter[Any] = Counter()
        for actor in self.actors.values():
            self._arm(actor)
            if not actor.started:
                predicted["start", actor.id] += 1
                actor.phase = "starting"
            elif actor.phase == "suspended":
                predicted["restart", actor.id] += 1
        self.report(sti.RunStarted(), predicted)

    @precondition(lambda self: self.open)
    @rule(now=seldom)
    def request_stop(self, now: bool) -> None:
        if now or self.theme == "stop":
            self.open = False
            self.report(sti.StopRequested())

    @precondition(lambda self: self.running and self.scheduler.finished)
    @rule()
    def end_run(self) -> None:
        self._end_run()

    @precondition(lambda self: self.running)
    @rule(now=rarely)
    def tear_the_run_down(self, now: bool) -> None:
        """The driver broke: nobody waits for what is under way, and nobody will answer."""
        if now or self.theme == "tear":
            self._end_run()

    def _end_run(self) -> None:
        self.running = self.open = False
        for actor in self.actors.values():
            if actor.phase == "active":
                actor.phase = "idle"
            actor.due.clear()
            actor.restart_due = None
        self.report(sti.RunEnded())

    @precondition(lambda self: self.running and self.scheduler.finished)
    @rule(dt=st.integers(0, 3), fates=fates, busy=seldom, newcomer=st.none() | plans)
    def next_run(self, dt: int, fates: list[str], busy: bool, newcomer: Any) -> None:
        """The next run begins; perhaps with mail for everyone, and someone new."""
        self._end_run()
        self.now += dt
        if newcomer is not None:
            for pick in range(len(self.actors)):
                self._put(pick, "x", late=False)
            if len(self.actors) < len(IDS):
                self._add(*newcomer)
        self.start_run(fates, busy)

    # --- what users ask -------------------------------------------------------------------------

    @precondition(lambda self: any(not actor.paused for actor in self.actors.values()))
    @rule(pick=picks, now=seldom)
    def pause(self, pick: int, now: bool) -> None:
        if now or self.theme == "pause":
            actor = self._pick(pick)
            actor.paused = True
            self.report(sti.Pause(actor.id))

    @precondition(lambda self: any(actor.paused for actor in self.actors.values()))
    @rule(pick=picks, dt=st.integers(0, 3))
    def resume(self, pick: int, dt: int) -> None:
        paused = [actor for actor in self.actors.values() if actor.paused]
        actor = self._pick(pick) if pick else paused[0]
        self.now += dt
        if actor.paused:
            actor.paused = False
            for slot, trigger in actor.triggers(DeadlineTrigger):
                if slot in actor.due:
                    actor.due[slot] = self.now + trigger.within
        self.report(sti.Resume(actor.id))

    @precondition(lambda self: self.actors)
    @rule(pick=picks, now=seldom)
    def remove(self, pick: int, now: bool) -> None:
        if not (now or self.theme == "remove"):
            return
        suspended = [actor for actor in self.actors.values() if actor.phase == "suspended"]
        actor = self._pick(pick) if pick or not suspended else suspended[0]
        if actor.phase == "active":
            actor.doomed = True
            self.report(sti.Remove(actor.id))
        else:
            self._forget(actor)
            self.report(sti.Remove(actor.id), Counter({("stop", actor.id): 1}))

    # --- what always holds ----------------------------------------------------------------------

    def _wanted(self) -> list[int]:
        return [
            due
            for actor in self.actors.values()
            for due in (
                *actor.due.values(),
                *(() if actor.restart_due is None else (actor.restart_due,)),
            )
        ]

    @invariant()
    def in_flight_is_what_is_outstanding(self) -> None:
        outstanding = sum(actor.phase == "active" for actor in self.actors.values())
        law("SCHED-06", self.scheduler.in_flight == outstanding, self.scheduler.in_flight)
        law("SCHED-06", self.scheduler.finished == (not outstanding and not self.open), "finished")
        law("SCHED-06", self.scheduler.running == self.running, "running")

    @invariant()
    def nothing_is_lost(self) -> None:
        for actor in self.actors.values():
            if self.open and not actor.paused and actor.phase == "idle":
                law("SCHED-02", not actor.mailbox, f"{actor.id} has mail and nobody runs it")

    @invariant()
    def mailboxes_keep_their_laws(self) -> None:
        for actor in self.actors.values():
            law("MAIL-02", actor.mailbox.depth <= actor.mailbox.capacity, actor.mailbox)
            law("MAIL-02", actor.mailbox.depth == actor.line.depth, actor.mailbox)
            law("MAIL-07", actor.mailbox.coalesced == actor.coalesced, "coalesced")
            law("MAIL-01", bool(actor.mailbox) == bool(actor.line.entries), "emptiness")

    @invariant()
    def every_wake_up_is_accounted_for(self) -> None:
        for actor in self.actors.values():
            pending, dropped = actor.line.wakes(), actor.dropped_wakes
            known = actor.ran + actor.mailbox.coalesced + actor.refused + pending + dropped
            known += actor.discarded_wakes
            law("SCHED-12", actor.asked == known, f"{actor.asked} asked, {known} known")

    @invariant()
    def every_slot_is_accounted_for(self) -> None:
        for actor in self.actors.values():
            skipped = self.scheduler.skipped(actor.id)
            law("SCHED-24", skipped == actor.skipped, f"{skipped} skipped, not {actor.skipped}")
            known = actor.slots_ran + skipped + actor.line.slots() + actor.dropped_slots
            law("SCHED-24", actor.passed == known, f"{actor.passed} passed, {known} known")

    @invariant()
    def watched_is_what_is_declared(self) -> None:
        declared = {
            trigger.source for actor in self.actors.values() for _, trigger in actor.sourced()
        }
        law("SCHED-10", set(self.watched.values()) == declared, f"{self.watched} for {declared}")

    @invariant()
    def nobody_oversleeps(self) -> None:
        wanted = self._wanted()
        due = self.scheduler.next_due()
        if wanted:
            law("SCHED-40", due is not None and due <= min(wanted), f"{due}, wanted {wanted}")
        else:
            law("SCHED-40", due is None, f"{due}, but nothing is wanted")

    @invariant()
    def the_heap_is_bounded(self) -> None:
        heap = len(self.scheduler._timers._heap)
        most = 2 * len(self._wanted()) + len(IDS)  # one-shot pauses surface without a clean-up
        law("SCHED-42", heap <= most, f"{heap} entries: {self._wanted()}")

    @invariant()
    def the_description_is_true(self) -> None:
        description = self.scheduler.describe()
        law("SCHED-71", description.running == self.running, "running")
        got = [(one.actor_id, one.phase, one.paused) for one in description.actors]
        want = [(actor.id, actor.phase, actor.paused) for actor in self.actors.values()]
        law("SCHED-71", got == want, f"{got} instead of {want}")


TestSchedulerMachine = SchedulerMachine.TestCase
TestSchedulerMachine.settings = settings(
    max_examples=400,
    stateful_step_count=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestSchedulerMachine.pytestmark = [
    pytest.mark.rule("SCHED-01", "SCHED-02", "SCHED-03", "SCHED-04", "SCHED-05", "SCHED-06"),
    pytest.mark.rule("SCHED-07", "SCHED-09", "SCHED-10", "SCHED-11", "SCHED-12"),
    pytest.mark.rule("SCHED-20", "SCHED-21", "SCHED-22", "SCHED-23", "SCHED-24", "SCHED-25"),
    pytest.mark.rule(
        "SCHED-26", "SCHED-27", "SCHED-28", "SCHED-30", "SCHED-31", "SCHED-32", "SCHED-33"
    ),
    pytest.mark.rule("SCHED-40", "SCHED-41", "SCHED-42", "SCHED-50", "SCHED-52", "SCHED-53"),
    pytest.mark.rule("SCHED-60", "SCHED-61", "SCHED-62", "SCHED-63", "SCHED-64", "SCHED-65"),
    pytest.mark.rule(
        "SCHED-66", "SCHED-67", "SCHED-68", "SCHED-69", "SCHED-70", "SCHED-71", "SCHED-72"
    ),
    pytest.mark.rule("MAIL-01", "MAIL-02", "MAIL-03", "MAIL-06", "MAIL-07", "MAIL-08"),
]
