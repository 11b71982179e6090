"""The state machine that tries the laws of ``spec/scheduler.md``, for users to subclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from hypothesis.stateful import invariant

from taktora.core.dispatching import Dispatcher, Fifo
from taktora.core.mailbox import Mailbox
from taktora.core.scheduler import Scheduler
from taktora.testing.scheduler_model import law
from taktora.testing.scheduler_runs import Runs
from taktora.testing.scheduler_world import IDS
from taktora.time import Nanos

__all__ = ["SchedulerMachine"]


class SchedulerMachine(Runs):
    """Tries a scheduler, a mailbox and a dispatcher on random histories; a breach is a failed test.

    It plays the driver, the workers and the world beside a model that knows only the laws: at most
    one execution of an actor at a time, first in first out per sender, nothing lost, mailboxes never
    over capacity, nothing begun after a stop, nobody overtaken more often than promised, and some
    sixty more. :class:`~taktora.errors.LawBroken` names the rule of ``spec/``; Hypothesis shrinks the
    history to the few steps that matter.

    A dispatcher of your own, in a test of yours::

        from taktora.testing import SchedulerMachine


        class Urgent(SchedulerMachine):
            dispatcher = UrgentFirst  # called without arguments, once for each history
            overtaking = 8


        TestUrgent = Urgent.TestCase
        TestUrgent.settings = settings(max_examples=400, stateful_step_count=50)

    Actors are called ``a``, ``b`` and ``c``. Rules and invariants of your own may be added as to any
    :class:`hypothesis.stateful.RuleBasedStateMachine`.
    """

    scheduler_class: ClassVar[type[Scheduler]] = Scheduler
    """Made without arguments."""
    mailbox_class: ClassVar[type[Mailbox]] = Mailbox
    """Made with capacity and overflow policy."""
    dispatcher: ClassVar[Callable[[], Dispatcher]] = Fifo
    """Makes the policy that says who of the ready actors runs next."""
    overtaking: ClassVar[int] = 0
    """How often an actor that is ready may see others run that became ready after it; 0: FIFO."""

    # --- executing ------------------------------------------------------------------------------

    @invariant()
    def in_flight_is_what_is_outstanding(self) -> None:
        """SCHED-06."""
        outstanding = sum(actor.phase == "active" for actor in self.actors.values())
        law("SCHED-06", self.scheduler.in_flight == outstanding, self.scheduler.in_flight)
        law("SCHED-06", self.scheduler.finished == (not outstanding and not self.open), "finished")
        law("SCHED-06", self.scheduler.running == self.running, "running")

    @invariant()
    def nothing_is_lost(self) -> None:
        """SCHED-02."""
        for actor in self.actors.values():
            if self.open and not actor.paused and actor.phase == "idle":
                law("SCHED-02", not actor.mailbox, f"{actor.id} has mail and nobody runs it")

    @invariant()
    def nobody_is_dispatched_for_nothing(self) -> None:
        """SCHED-80: least of all after a run."""
        if not self.ready:
            got = self.dispatching.next()
            law("SCHED-80", got is None, f"{got} dispatched without an Execute")

    # --- accounts -------------------------------------------------------------------------------

    @invariant()
    def mailboxes_keep_their_laws(self) -> None:
        """MAIL-01, MAIL-02, MAIL-07."""
        for actor in self.actors.values():
            law("MAIL-02", actor.mailbox.depth <= actor.mailbox.capacity, actor.mailbox)
            law("MAIL-02", actor.mailbox.depth == actor.line.depth, actor.mailbox)
            law("MAIL-07", actor.mailbox.coalesced == actor.coalesced, "coalesced")
            law("MAIL-01", bool(actor.mailbox) == bool(actor.line.entries), "emptiness")

    @invariant()
    def every_wake_up_is_accounted_for(self) -> None:
        """SCHED-12."""
        for actor in self.actors.values():
            pending, dropped = actor.line.wakes(), actor.dropped_wakes
            known = actor.ran + actor.mailbox.coalesced + actor.refused + pending + dropped
            known += actor.discarded_wakes
            law("SCHED-12", actor.asked == known, f"{actor.asked} asked, {known} known")

    @invariant()
    def every_slot_is_accounted_for(self) -> None:
        """SCHED-24."""
        for actor in self.actors.values():
            skipped = self.scheduler.skipped(actor.id)
            law("SCHED-24", skipped == actor.skipped, f"{skipped} skipped, not {actor.skipped}")
            known = actor.slots_ran + skipped + actor.line.slots() + actor.dropped_slots
            law("SCHED-24", actor.passed == known, f"{actor.passed} passed, {known} known")

    # --- sources and timers ---------------------------------------------------------------------

    @invariant()
    def watched_is_what_is_declared(self) -> None:
        """SCHED-10."""
        declared = {
            trigger.source for actor in self.actors.values() for _, trigger in actor.sourced()
        }
        law("SCHED-10", set(self.watched.values()) == declared, f"{self.watched} for {declared}")

    def _wanted(self) -> list[Nanos]:
        return [
            due
            for actor in self.actors.values()
            for due in (
                *actor.due.values(),
                *(() if actor.restart_due is None else (actor.restart_due,)),
            )
        ]

    @invariant()
    def nobody_oversleeps(self) -> None:
        """SCHED-40."""
        wanted = self._wanted()
        due = self.scheduler.next_due()
        if wanted:
            law("SCHED-40", due is not None and due <= min(wanted), f"{due}, wanted {wanted}")
        else:
            law("SCHED-40", due is None, f"{due}, but nothing is wanted")

    @invariant()
    def the_heap_is_bounded(self) -> None:
        """SCHED-42."""
        heap = len(self.scheduler._timers._heap)  # noqa: SLF001  # nobody else needs to know
        most = 2 * len(self._wanted()) + len(IDS)  # one-shot pauses surface without a clean-up
        law("SCHED-42", heap <= most, f"{heap} entries: {self._wanted()}")

    @invariant()
    def the_description_is_true(self) -> None:
        """SCHED-71."""
        description = self.scheduler.describe()
        law("SCHED-71", description.running == self.running, "running")
        got = [(one.actor_id, one.phase, one.paused) for one in description.actors]
        want = [(actor.id, actor.phase, actor.paused) for actor in self.actors.values()]
        law("SCHED-71", got == want, f"{got} instead of {want}")
