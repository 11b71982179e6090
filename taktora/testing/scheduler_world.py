"""The world's part in :class:`~taktora.testing.SchedulerMachine`: actors, sources, time, senders."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from taktora.core import stimuli as sti
from taktora.core.mailbox import Dropped, Rejected
from taktora.core.triggers import Fired
from taktora.testing.scheduler_accounts import Accounts
from taktora.testing.scheduler_driving import ERROR, about
from taktora.testing.scheduler_model import Model, Source, law
from taktora.testing.strategies import (
    ActorDraft,
    actor_drafts,
    interval_triggers,
    source_triggers,
)

__all__ = ["IDS", "World", "drafts", "fates", "picks", "rarely", "seldom"]

IDS: Final = ("a", "b", "c")
RAW: Final = Source("raw")

drafts: Final = actor_drafts(
    st.one_of(
        source_triggers([Source("camera"), Source("lidar")], [Source("service")], [RAW], [7]),
        interval_triggers(),
    )
)
picks: Final = st.integers(0, len(IDS) - 1)
seldom: Final = st.integers(0, 3).map(lambda n: n == 3)
rarely: Final = st.integers(0, 11).map(lambda n: n == 11)
fates: Final[st.SearchStrategy[list[str]]] = st.one_of(
    st.just([]),
    st.just([]),
    st.lists(st.sampled_from(["well", "fails", "exits", "ends", "removes itself"]), max_size=3),
)
"""What becomes of the next ``Start`` and ``Restart`` commands that are obeyed; then all is well."""
late_news: Final = st.sampled_from(
    [
        sti.Told("gone"),
        sti.Started("gone"),
        sti.Restarted("gone"),
        sti.Failed("gone", ERROR),
        sti.Stopped("gone"),
    ]
)


class World(Accounts):
    """Rules for what happens outside, and what it must lead to."""

    # --- actors ---------------------------------------------------------------------------------

    @initialize(
        start=st.integers(0, 9),
        plans=st.lists(drafts, min_size=1, max_size=3),
        idle=seldom,
        fates=fates,
        busy=seldom,
        theme=st.sampled_from(["", "pause", "stop", "remove", "tear"]),
    )
    def begin(
        self,
        *,
        start: int,
        plans: list[ActorDraft],
        idle: bool,
        fates: list[str],
        busy: bool,
        theme: str,
    ) -> None:
        """Most histories have actors and a run from their beginning; the epoch is not zero."""
        self.now, self.theme = start, theme
        for plan in plans:
            self._add(plan)
        if not idle:
            self._start_run(fates, busy)

    def _start_run(self, fates: list[str], busy: bool) -> None:
        raise NotImplementedError

    @precondition(lambda self: len(self.actors) < len(IDS))
    @rule(plan=drafts, fates=fates, busy=seldom)
    def add(self, plan: ActorDraft, fates: list[str], busy: bool) -> None:
        """An actor is added, perhaps while a run is under way."""
        self.fates, self.busy = fates[:], self.busy or busy
        self._add(plan)

    def _add(self, plan: ActorDraft) -> None:
        actor_id = next(free for free in IDS if free not in self.actors)
        spec = plan.spec(actor_id, self.probe)
        actor = Model(spec)
        self.actors[actor_id] = actor
        if self.running:
            self._arm(actor)
            actor.phase = "starting"
        self.report(sti.Added(spec), about(actor_id, "start") if self.running else None)

    # --- sources --------------------------------------------------------------------------------

    @precondition(lambda self: bool(self.watched))
    @rule(
        pick=st.integers(0, 9),
        events=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3))),
    )
    def trigger(self, pick: int, events: list[tuple[int, int]]) -> None:
        """A watched source fires, for all who declared it."""
        number = sorted(self.watched)[pick % len(self.watched)]
        source = self.watched[number]
        raw = tuple(events) if source is RAW else ()
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
        """A notification was under way when its source went."""
        law("SCHED-09", self.scheduler.handle(sti.Triggered(number), now=self.now) == ())

    # --- time -----------------------------------------------------------------------------------

    @rule(dt=st.integers(1, 12), late=seldom)
    def time_passes(self, dt: int, late: bool) -> None:
        """The driver reports it, or is busy and will, with the next that passes."""
        self.now += dt
        if not late:
            self._elapse()

    @rule()
    def time_passes_until_due(self) -> None:
        """The driver wakes up just when it wanted to."""
        due = self.scheduler.next_due()
        if due is not None:
            self.now = max(due, self.now)
            self._elapse()

    def _elapse(self) -> None:
        due = self.scheduler.next_due()
        if due is None or due > self.now:
            return
        self.report(sti.Elapsed(), self._predict_elapsed())
        due = self.scheduler.next_due()
        law("SCHED-41", due is None or due > self.now, "due again at once")

    # --- messages -------------------------------------------------------------------------------

    @precondition(lambda self: bool(self.actors))
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

    def _pick(self, pick: int) -> Model:
        return list(self.actors.values())[pick % len(self.actors)]

    @precondition(lambda self: bool(self.untold))
    @rule()
    def late_bell(self) -> None:
        """A bell rings that was held up."""
        actor_id = min(self.untold)
        self.untold.remove(actor_id)
        self.report(sti.Told(actor_id))

    @rule(late=late_news)
    def news_of_a_gone_actor(self, late: Any) -> None:
        """Something was under way when its actor went."""
        self.report(late)

    @precondition(lambda self: self.busy)
    @rule()
    def driver_pumps(self) -> None:
        """The driver gets to what was posted."""
        self.busy = False
        self._pump()
