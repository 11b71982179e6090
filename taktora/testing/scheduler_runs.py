"""Runs, and what users ask, in :class:`~taktora.testing.SchedulerMachine`."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from taktora.core import stimuli as sti
from taktora.core.triggers import DeadlineTrigger
from taktora.testing.scheduler_driving import Prediction, about
from taktora.testing.scheduler_workers import Workers
from taktora.testing.scheduler_world import IDS, drafts, fates, picks, rarely, seldom
from taktora.testing.strategies import ActorDraft

__all__ = ["Runs"]


class Runs(Workers):
    """Rules for the beginning and end of runs, pauses and removals."""

    # --- runs -----------------------------------------------------------------------------------

    @precondition(lambda self: not self.running)
    @rule(fates=fates, busy=seldom)
    def start_run(self, fates: list[str], busy: bool) -> None:
        """A run begins."""
        self._start_run(fates, busy)

    def _start_run(self, fates: list[str], busy: bool) -> None:
        self.fates, self.busy = fates[:], self.busy or busy
        self.running = self.open = True
        self.epoch = self.now
        predicted = Prediction()
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
        """Nothing more may begin."""
        if now or self.theme == "stop":
            self.open = False
            self.report(sti.StopRequested())

    @precondition(lambda self: self.running and self.scheduler.finished)
    @rule()
    def end_run(self) -> None:
        """All is at rest."""
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
                actor.rest()
            actor.due.clear()
            actor.restart_due = None
        for actor_id in list(self.ready):
            self._drop(actor_id)
        self.report(sti.RunEnded())

    @precondition(lambda self: self.running and self.scheduler.finished)
    @rule(dt=st.integers(0, 3), fates=fates, busy=seldom, newcomer=st.none() | drafts)
    def next_run(self, dt: int, fates: list[str], busy: bool, newcomer: ActorDraft | None) -> None:
        """The next run begins; perhaps with mail for everyone, and someone new."""
        self._end_run()
        self.now += dt
        if newcomer is not None:
            for pick in range(len(self.actors)):
                self._put(pick, "x", late=False)
            if len(self.actors) < len(IDS):
                self._add(newcomer)
        self._start_run(fates, busy)

    # --- what users ask -------------------------------------------------------------------------

    @precondition(lambda self: any(not actor.paused for actor in self.actors.values()))
    @rule(pick=picks, now=seldom)
    def pause(self, pick: int, now: bool) -> None:
        """Someone may execute no more until resumed."""
        if now or self.theme == "pause":
            actor = self._pick(pick)
            actor.paused = True
            self.report(sti.Pause(actor.id))

    @precondition(lambda self: any(actor.paused for actor in self.actors.values()))
    @rule(pick=picks, dt=st.integers(0, 3))
    def resume(self, pick: int, dt: int) -> None:
        """Someone may execute again."""
        paused = [actor for actor in self.actors.values() if actor.paused]
        actor = self._pick(pick) if pick else paused[0]
        self.now += dt
        if actor.paused:
            actor.paused = False
            for slot, trigger in actor.triggers(DeadlineTrigger):
                if slot in actor.due:
                    actor.due[slot] = self.now + trigger.within
        self.report(sti.Resume(actor.id))

    @precondition(lambda self: bool(self.actors))
    @rule(pick=picks, now=seldom)
    def remove(self, pick: int, now: bool) -> None:
        """Someone goes, at once or when it is at rest."""
        if not (now or self.theme == "remove"):
            return
        suspended = [actor for actor in self.actors.values() if actor.phase == "suspended"]
        actor = self._pick(pick) if pick or not suspended else suspended[0]
        if actor.phase == "active":
            actor.doomed = True
            self.report(sti.Remove(actor.id))
        else:
            self._forget(actor)
            self.report(sti.Remove(actor.id), about(actor.id, "stop"))
