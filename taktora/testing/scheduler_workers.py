"""The workers' part in :class:`~taktora.testing.SchedulerMachine`: take mail, answer, fail.

A worker asks the dispatcher who runs; then it takes mail at its leisure, and answers.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from taktora.core import stimuli as sti
from taktora.core.mailbox import Wake
from taktora.testing.scheduler_driving import ERROR, Prediction, about
from taktora.testing.scheduler_model import Model, law
from taktora.testing.scheduler_world import World, fates, picks, seldom

__all__ = ["Workers"]


class Workers(World):
    """Rules for whoever executes."""

    def _active(self) -> list[Model]:
        return [actor for actor in self.actors.values() if actor.phase == "active"]

    def _worker(self, pick: int) -> Model:
        """Somebody with an ``Execute``, in a worker's hands; who is dispatched before them is, too."""
        return self._executing(self._active()[pick % len(self._active())])

    def _executing(self, actor: Model) -> Model:
        while not actor.executing:
            dispatched = self._dispatch()
            assert dispatched is not None
        return actor

    # --- taking ---------------------------------------------------------------------------------

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

    @precondition(lambda self: bool(self._active()))
    @rule(pick=st.integers(0, 9), most=st.integers(1, 3))
    def work(self, pick: int, most: int) -> None:
        """A worker takes mail, and is not done yet."""
        self._take(self._worker(pick), most)

    # --- answering ------------------------------------------------------------------------------

    def _answered(self, actor: Model) -> bool:
        """The execution is over; ``True`` when the actor goes with it."""
        actor.rest()
        if actor.doomed:
            self._forget(actor)
        return actor.doomed

    def _complete(self, actor: Model) -> None:
        gone = self._answered(actor)
        self.report(sti.Completed(actor.id), about(actor.id, "stop") if gone else None)

    @precondition(lambda self: bool(self._active()))
    @rule(pick=st.integers(0, 9), most=st.integers(0, 3))
    def complete(self, pick: int, most: int) -> None:
        """A worker takes mail, at least one piece in all, and is done."""
        actor = self._worker(pick)
        self._take(actor, most if actor.took else max(1, most))
        self._complete(actor)

    @precondition(lambda self: bool(self._active()))
    @rule(most=st.integers(1, 3), dt=st.integers(0, 6))
    def turn(self, most: int, dt: int) -> None:
        """Whoever executes or is ready gets done, and that took a while."""
        self.now += dt
        for actor in list(self.actors.values()):
            if actor.executing:
                self._take(actor, most)
                self._complete(actor)
        for _ in range(len(self.ready)):
            dispatched = self._dispatch()
            if dispatched is not None:
                self._take(dispatched, most)
                self._complete(dispatched)
        self._elapse()

    # --- failing --------------------------------------------------------------------------------

    @precondition(lambda self: bool(self._active()))
    @rule(pick=st.integers(0, 9), fates=fates, exit_code=st.integers(0, 11))
    def fail(self, pick: int, fates: list[str], exit_code: int) -> None:
        """An item raises; seldom it is a wish to exit."""
        doomed = [actor for actor in self._active() if actor.doomed]
        actor = self._executing(doomed[0]) if doomed else self._worker(pick)
        self.fates = fates[:]
        if not actor.took:
            self._take(actor, 1)
        exits = exit_code == 11 or (actor.doomed and exit_code > 5)
        error = SystemExit("planted") if exits else ERROR
        if self._answered(actor):
            predicted = about(actor.id, "stop", *(["escalate"] if exits else []))
            self.open = self.open and not exits
            self.report(sti.Failed(actor.id, error), predicted)
        else:
            self._fail(actor, error)

    def _fail(self, actor: Model, error: BaseException) -> None:
        """Supervision as the spec says it, and nothing of how the code does it."""
        policy = actor.spec.supervision
        predicted: Prediction = Counter()
        starting, restarting = actor.phase == "starting", actor.phase == "suspended"
        actor.rest()
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

    @precondition(lambda self: bool(self._active()))
    @rule(pick=picks, now=seldom)
    def stop_itself(self, pick: int, now: bool) -> None:
        """An item ends its life while it executes."""
        if now:
            self._end(self._worker(pick))
