"""What each stimulus must ask of which mailbox, in :class:`~taktora.testing.SchedulerMachine`.

Predicted from the laws before the scheduler is told, compared with what it did, and summed up: every
wake-up and every slot of an interval must be found again somewhere.
"""

from __future__ import annotations

import itertools
from collections import Counter

from taktora.core.mailbox import Woke
from taktora.core.triggers import DeadlineTrigger, Fired, IntervalTrigger, MissedTick
from taktora.errors import LawBroken
from taktora.testing.scheduler_driving import Driving, Prediction
from taktora.testing.scheduler_model import Model, law

__all__ = ["Accounts"]


class Accounts(Driving):
    """Predictions, and their comparison with what happened."""

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

    def _predict_elapsed(self) -> Prediction:
        """What time that passed must lead to: wake-ups for the mailboxes, restarts."""
        predicted: Prediction = Counter()
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
        return predicted

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
