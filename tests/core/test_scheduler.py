"""The scheduler's stories: stimuli in, commands out, compared as lists."""

from __future__ import annotations

from typing import Any

import pytest

from taktora.core.commands import Escalate, Execute, Forget, Restart, Start, Stop, Unwatch, Watch
from taktora.core.mailbox import Mailbox, Overflow, Wake
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import (
    ActorSpec,
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
    Stopped,
    StopRequested,
    Told,
    Triggered,
)
from taktora.core.supervision import Supervision
from taktora.core.triggers import (
    DeadlineTrigger,
    FdTrigger,
    Fired,
    IntervalTrigger,
    ListenerTrigger,
    MissedTick,
    SubscriberTrigger,
)
from taktora.errors import DuplicateItem, UnknownItem

ERROR = ValueError("planted")
SECOND = 1_000_000_000


class World:
    """A scheduler, its actors' mailboxes, and the time."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self.mail: dict[str, Mailbox] = {}
        self.now = 0

    def add(
        self, actor_id: str, *triggers: Any, policy: Supervision | None = None, capacity: int = 4
    ) -> list[Any]:
        mailbox = Mailbox(capacity)
        spec = ActorSpec(actor_id, mailbox, triggers, policy or Supervision.stop())
        commands = self.say(Added(spec))
        self.mail[actor_id] = mailbox
        return commands

    def say(self, stimulus: Any, at: int | None = None) -> list[Any]:
        if at is not None:
            self.now = at
        commands = list(self.scheduler.handle(stimulus, now=self.now))
        for command in tuple(commands):
            if isinstance(command, Start):
                commands += self.scheduler.handle(Started(command.actor_id), now=self.now)
        return commands

    def tell(self, actor_id: str, message: Any = "message") -> list[Any]:
        self.mail[actor_id].put(message)
        return self.say(Told(actor_id))

    def take(self, actor_id: str) -> Any:
        """What the next piece of mail says: a message, or what fired and for when."""
        got = self.mail[actor_id].take()
        if isinstance(got, Wake):
            return [(one.kind, one.scheduled_ns) for one in got.fired]
        return got

    def done(self, actor_id: str) -> list[Any]:
        return self.say(Completed(actor_id))

    @property
    def skipped(self) -> dict[str, int]:
        return {one: self.scheduler.skipped(one) for one in self.scheduler.actor_ids}


@pytest.fixture
def world() -> World:
    return World()


def started(*actors: Any, at: int = 0) -> World:
    """A world in a run that began ``at``; each actor is (id, trigger, ...)."""
    world = World()
    for actor_id, *triggers in actors:
        world.add(actor_id, *triggers)
    world.say(RunStarted(), at=at)
    return world


# --- executing ------------------------------------------------------------------------------------


@pytest.mark.rule("SCHED-01", "SCHED-02")
def test_mail_that_comes_during_an_execution_gets_the_next_one():
    world = started(["a"])
    assert world.tell("a", 1) == [Execute("a")]
    assert world.tell("a", 2) == []
    assert world.take("a") == 1
    assert world.done("a") == [Execute("a")]
    assert world.take("a") == 2
    assert world.done("a") == []
    assert world.scheduler.in_flight == 0


@pytest.mark.rule("SCHED-03", "SCHED-07")
def test_what_was_told_before_the_run_executes_when_it_starts_after_every_start():
    world = World()
    world.add("a")
    world.add("b")
    assert world.tell("a") == []
    assert world.say(RunStarted()) == [Start("a"), Start("b"), Execute("a")]


@pytest.mark.rule("SCHED-03", "SCHED-06")
def test_after_a_stop_request_nothing_starts_and_the_run_ends_with_the_last_answer():
    world = started(["a"])
    world.tell("a", 1)
    world.tell("a", 2)
    world.take("a")
    assert world.say(StopRequested()) == []
    assert not world.scheduler.finished
    assert world.done("a") == []
    assert world.scheduler.finished


@pytest.mark.rule("SCHED-05")
def test_a_bell_that_rings_after_its_message_was_taken_executes_nothing():
    world = started(["a"])
    world.tell("a", 1)
    world.mail["a"].put(2)  # while the execution is under way; its bell rings late
    assert [world.take("a"), world.take("a")] == [1, 2]
    assert world.done("a") == []
    assert world.say(Told("a")) == []


@pytest.mark.rule("SCHED-07")
def test_an_actor_added_during_a_run_starts_at_once_and_only_once():
    world = started(["a"])
    source = object()
    added = world.add("b", SubscriberTrigger(source))
    assert added == [Watch(1, SubscriberTrigger(source)), Start("b")]
    world.say(StopRequested())
    world.say(RunEnded())
    assert world.say(RunStarted()) == []


@pytest.mark.rule("SCHED-08")
def test_an_id_that_is_taken_is_refused_and_nothing_changes(world: World):
    world.add("a")
    before = world.scheduler.describe()
    with pytest.raises(DuplicateItem, match="'a'"):
        world.say(Added(ActorSpec("a", Mailbox(1), (SubscriberTrigger(object()),))))
    assert world.scheduler.describe() == before


@pytest.mark.rule("SCHED-08")
@pytest.mark.parametrize("ask", [Pause, Resume, Remove])
def test_asking_for_an_actor_that_is_not_there_names_those_that_are(world: World, ask: Any):
    world.add("a")
    with pytest.raises(UnknownItem, match=r"'b'.*'a'"):
        world.say(ask("b"))


@pytest.mark.rule("SCHED-09")
def test_what_was_under_way_when_its_actor_went_is_ignored():
    source = object()
    world = started(["a", SubscriberTrigger(source)])
    world.say(Remove("a"))
    assert world.say(Told("a")) == []
    assert world.say(Triggered(1)) == []


# --- sources --------------------------------------------------------------------------------------


@pytest.mark.rule("SCHED-10", "SCHED-11")
def test_a_shared_source_is_watched_once_and_wakes_everyone_in_order():
    world, source = World(), object()
    assert world.add("a", SubscriberTrigger(source)) == [Watch(1, SubscriberTrigger(source))]
    assert world.add("b", DeadlineTrigger(source, 5)) == []
    world.say(RunStarted())
    assert world.say(Triggered(1)) == [Execute("a"), Execute("b")]
    assert world.say(Remove("a")) == []
    assert world.done("a") == [Stop("a")]
    world.take("b")
    world.done("b")
    assert world.say(Triggered(1)) == [Execute("b")]
    world.take("b")
    world.done("b")
    assert world.say(Remove("b")) == [Unwatch(1), Stop("b")]


@pytest.mark.rule("SCHED-10")
def test_sources_are_told_apart_by_identity_and_descriptors_by_number():
    world = World()
    assert len(world.add("a", SubscriberTrigger([]), SubscriberTrigger([]))) == 2
    assert len(world.add("b", FdTrigger(1000), FdTrigger(int("1000")))) == 1


@pytest.mark.rule("SCHED-11", "SCHED-12")
def test_the_events_of_a_raw_listener_reach_its_actor():
    source = object()
    world = started(["a", ListenerTrigger(source)])
    world.say(Triggered(1, ((7, 2),)))
    wake = world.mail["a"].take()
    assert wake.fired == (Fired("listener", source, None, ((7, 2),), 0),)


# --- intervals ------------------------------------------------------------------------------------


@pytest.mark.rule("SCHED-20")
@pytest.mark.parametrize("missed", [MissedTick.SKIP, MissedTick.BURST])
def test_a_hundred_late_ticks_do_not_drift(missed: MissedTick):
    world = started(["a", IntervalTrigger(1, 10, missed)], at=3)
    for k in range(1, 101):
        assert world.scheduler.next_due() == 3 + 10 * k
        assert world.say(Elapsed(), at=3 + 10 * k + k % 9) == [Execute("a")]
        assert world.take("a") == [("interval", 3 + 10 * k)]
        world.done("a")
    assert world.skipped == {"a": 0}


@pytest.mark.rule("SCHED-21", "SCHED-24")
def test_skip_runs_once_for_the_latest_slot_and_counts_the_others():
    world = started(["a", IntervalTrigger(1, 10)])
    world.say(Elapsed(), at=47)
    assert world.take("a") == [("interval", 40)]
    assert world.take("a") is None
    assert world.skipped == {"a": 3}
    assert world.scheduler.next_due() == 50


@pytest.mark.rule("SCHED-24")
def test_a_tick_that_replaces_a_waiting_one_counts_it_as_skipped():
    world = started(["a", IntervalTrigger(1, 10)])
    for at in (10, 20, 30):
        world.say(Elapsed(), at=at)
    assert world.take("a") == [("interval", 30)]
    assert world.skipped == {"a": 2}


@pytest.mark.rule("SCHED-22", "SCHED-24")
def test_burst_runs_every_slot_and_counts_those_that_found_no_room():
    world = World()
    world.add("a", IntervalTrigger(1, 10, MissedTick.BURST), capacity=2)
    world.say(RunStarted())
    assert world.say(Elapsed(), at=35) == [Execute("a")]
    assert world.take("a") == [("interval", 10)]
    assert world.done("a") == [Execute("a")]
    assert world.take("a") == [("interval", 20)]
    assert world.take("a") is None
    assert world.skipped == {"a": 1}


@pytest.mark.rule("SCHED-23")
def test_delay_waits_a_whole_period_after_a_late_tick():
    world = started(["a", IntervalTrigger(1, 10, MissedTick.DELAY)])
    world.say(Elapsed(), at=17)
    assert world.take("a") == [("interval", 10)]
    assert world.scheduler.next_due() == 27


@pytest.mark.rule("SCHED-25")
def test_an_interval_added_during_a_run_joins_the_common_grid():
    world = started(["a", IntervalTrigger(1, 10)], at=5)
    world.now = 22
    world.add("b", IntervalTrigger(1, 5))
    world.say(Elapsed(), at=25)
    assert world.take("a") == [("interval", 25)]
    assert world.take("b") == [("interval", 25)]


@pytest.mark.rule("SCHED-26")
@pytest.mark.parametrize("missed", MissedTick)
def test_ticks_of_a_paused_actor_are_skipped_and_counted(missed: MissedTick):
    world = started(["a", IntervalTrigger(1, 10, missed)])
    world.say(Pause("a"))
    assert world.say(Elapsed(), at=10) == []
    assert world.say(Elapsed(), at=20) == []
    assert world.say(Resume("a")) == []
    assert world.skipped == {"a": 2}
    assert world.say(Elapsed(), at=30) == [Execute("a")]


@pytest.mark.rule("SCHED-22", "SCHED-24")
def test_a_long_burst_asks_a_full_mailbox_only_once():
    world = World()
    world.add("a", IntervalTrigger(1, 1, MissedTick.BURST), capacity=2)
    world.say(RunStarted())
    world.say(Elapsed(), at=10**9)
    assert world.skipped == {"a": 10**9 - 2}
    assert world.mail["a"].dropped == 1


@pytest.mark.rule("SCHED-27")
@pytest.mark.parametrize("missed", MissedTick)
def test_ticks_after_the_stop_request_are_skipped_and_counted(missed: MissedTick):
    world = started(["a", IntervalTrigger(1, 10, missed)])
    world.tell("a")
    world.say(StopRequested())
    assert world.say(Elapsed(), at=10) == []
    assert world.take("a") == "message"
    assert world.take("a") is None
    assert world.skipped == {"a": 1}


@pytest.mark.rule("SCHED-28")
@pytest.mark.parametrize("missed", MissedTick)
def test_a_tick_of_an_earlier_run_is_skipped_and_data_that_came_with_it_stays(missed: MissedTick):
    world = started(["a", SubscriberTrigger(object()), IntervalTrigger(1, 10, missed)])
    world.tell("a")  # keeps it busy
    world.take("a")
    world.say(Triggered(1))
    world.say(Elapsed(), at=10)
    world.say(StopRequested())
    world.done("a")
    world.say(RunEnded())
    assert world.skipped == {"a": 0}
    assert world.say(RunStarted(), at=100) == [Execute("a")]
    assert world.skipped == {"a": 1}
    assert world.take("a") == [("subscriber", None)]
    assert world.take("a") is None


# --- deadlines ------------------------------------------------------------------------------------


@pytest.mark.rule("SCHED-30", "SCHED-31")
def test_a_miss_is_reported_when_nothing_came_and_again_while_silence_lasts():
    world = started(["a", DeadlineTrigger(object(), 10)])
    world.say(Triggered(1), at=8)
    assert world.take("a") == [("subscriber", None)]
    world.done("a")
    assert world.say(Elapsed(), at=10) == []
    assert world.say(Elapsed(), at=18) == [Execute("a")]
    assert world.take("a") == [("deadline_missed", 18)]
    world.done("a")
    assert world.say(Elapsed(), at=51) == [Execute("a")]
    assert world.take("a") == [("deadline_missed", 28)]
    assert world.take("a") is None
    world.done("a")
    assert world.say(Elapsed(), at=58) == [Execute("a")]
    assert world.take("a") == [("deadline_missed", 58)]


@pytest.mark.rule("SCHED-32")
def test_a_paused_actor_misses_nothing_and_is_armed_anew_when_resumed():
    world = started(["a", DeadlineTrigger(object(), 10)])
    world.say(Pause("a"))
    assert world.say(Elapsed(), at=15) == []
    world.say(Resume("a"), at=18)
    assert world.say(Elapsed(), at=20) == []
    assert not world.mail["a"]
    assert world.say(Elapsed(), at=28) == [Execute("a")]


@pytest.mark.rule("SCHED-33")
def test_no_deadline_is_missed_after_the_stop_request():
    world = started(["a", DeadlineTrigger(object(), 10)], ["b"])
    world.tell("b")
    world.say(StopRequested())
    assert world.say(Elapsed(), at=25) == []
    assert not world.mail["a"]
    assert world.scheduler.next_due() == 30


# --- timers ---------------------------------------------------------------------------------------


@pytest.mark.rule("SCHED-40", "SCHED-41")
def test_next_due_is_the_earliest_wish_and_nothing_when_there_is_none():
    world = started(["a", IntervalTrigger(1, 10)], ["b", DeadlineTrigger(object(), 4)])
    assert world.scheduler.next_due() == 4
    world.say(Elapsed(), at=4)
    assert world.scheduler.next_due() == 8
    world.take("b")
    world.done("b")
    world.say(Remove("b"))
    world.say(Remove("a"))
    assert world.scheduler.next_due() is None


@pytest.mark.rule("SCHED-42")
def test_actors_that_come_and_go_do_not_fill_the_heap():
    world = started(["a", IntervalTrigger(1, 10**12)])
    for n in range(500):
        world.add(f"{n}", IntervalTrigger(1, 10**12), DeadlineTrigger(object(), 10**12))
        world.say(Remove(f"{n}"))
    assert len(world.scheduler._timers._heap) <= 6


@pytest.mark.rule("SCHED-42", "SCHED-63")
def test_an_actor_removed_during_its_back_off_is_not_restarted():
    world = World()
    world.add("a", policy=Supervision.restart(backoff=1))
    world.say(RunStarted())
    world.tell("a")
    world.say(Failed("a", ERROR))
    assert world.say(Remove("a")) == [Stop("a")]
    world.add("a")
    assert world.say(Elapsed(), at=2 * SECOND) == []


# --- changing what is scheduled -------------------------------------------------------------------


@pytest.mark.rule("SCHED-04", "SCHED-50", "SCHED-51")
def test_mail_and_data_wait_for_a_paused_actor():
    world = started(["a", SubscriberTrigger(object())])
    world.say(Pause("a"))
    world.say(Pause("a"))
    assert world.say(Triggered(1)) == []
    assert world.tell("a", "message") == []
    assert world.say(Resume("a")) == [Execute("a")]
    assert world.say(Resume("a")) == []
    assert world.take("a") == [("subscriber", None)]
    assert world.take("a") == "message"


@pytest.mark.rule("SCHED-04")
def test_pausing_lets_the_execution_that_is_under_way_end_and_starts_no_other():
    world = started(["a"])
    world.tell("a", 1)
    world.tell("a", 2)
    world.say(Pause("a"))
    world.take("a")
    assert world.done("a") == []
    assert world.say(Resume("a")) == [Execute("a")]


@pytest.mark.rule("SCHED-52")
@pytest.mark.parametrize("answer", [Completed("a"), Failed("a", ERROR)])
def test_an_executing_actor_is_removed_when_it_has_answered(answer: Any):
    world = started(["a", SubscriberTrigger(object())])
    world.tell("a", 1)
    world.tell("a", 2)
    assert world.say(Remove("a")) == []
    with pytest.raises(DuplicateItem):
        world.add("a")
    assert world.say(answer) == [Unwatch(1), Stop("a")]
    assert world.scheduler.in_flight == 0
    assert world.scheduler.actor_ids == ()
    assert world.add("a") == [Start("a")]


@pytest.mark.rule("SCHED-53")
def test_an_actor_that_stopped_by_itself_is_forgotten_without_a_stop():
    world = started(["a", SubscriberTrigger(object())])
    world.tell("a")
    assert world.say(Stopped("a")) == [Unwatch(1), Forget("a")]
    assert world.scheduler.in_flight == 0
    assert world.scheduler.actor_ids == ()


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.rule("SCHED-60", "SCHED-06")
def test_under_stop_a_failure_ends_the_run_once_the_others_have_answered():
    world = started(["a"], ["b"])
    world.tell("a")
    world.tell("b")
    assert world.say(Failed("a", ERROR)) == [Escalate("a", ERROR)]
    assert not world.scheduler.finished
    assert world.done("b") == []
    assert world.scheduler.finished


@pytest.mark.rule("SCHED-61")
def test_under_resume_the_next_message_is_handled():
    world = World()
    world.add("a", policy=Supervision.resume())
    world.say(RunStarted())
    world.tell("a", 1)
    world.tell("a", 2)
    world.take("a")
    assert world.say(Failed("a", ERROR)) == [Execute("a")]
    assert world.take("a") == 2


@pytest.mark.rule("SCHED-62", "SCHED-65")
def test_under_restart_nothing_executes_until_the_item_is_built_anew():
    world = World()
    world.add("a", policy=Supervision.restart(max_restarts=2))
    world.say(RunStarted())
    world.tell("a", 1)
    world.take("a")
    assert world.say(Failed("a", ERROR)) == [Restart("a")]
    assert world.tell("a", 2) == []
    assert world.say(Failed("a", ERROR)) == [Restart("a")]
    assert world.say(Restarted("a")) == [Execute("a")]
    assert world.take("a") == 2
    assert world.say(Failed("a", ERROR)) == [Escalate("a", ERROR)]


@pytest.mark.rule("SCHED-63")
def test_a_back_off_delays_the_restart():
    world = World()
    world.add("a", policy=Supervision.restart(backoff=1))
    world.say(RunStarted())
    world.tell("a")
    assert world.say(Failed("a", ERROR)) == []
    assert world.scheduler.next_due() == SECOND
    assert world.say(Elapsed(), at=SECOND - 1) == []
    assert world.say(Elapsed(), at=SECOND) == [Restart("a")]


@pytest.mark.rule("SCHED-66", "SCHED-70")
def test_the_next_run_restarts_at_once_what_was_in_a_back_off():
    world = World()
    world.add("a", policy=Supervision.restart(backoff=1))
    world.say(RunStarted())
    world.tell("a")
    world.say(Failed("a", ERROR))
    world.say(StopRequested())
    assert world.scheduler.finished
    world.say(RunEnded())
    assert world.scheduler.next_due() is None
    assert world.say(RunStarted()) == [Restart("a")]
    assert world.say(Restarted("a")) == [Execute("a")]


def obey_starts(world: World, commands: Any, answer: Any) -> list[Any]:
    """Obey as the driver does: in order, what ``on_start`` led to is reported in between, and
    ``Started`` at the end. All commands that are no ``Start``.
    """
    obeyed, started = [], []
    for command in commands:
        if isinstance(command, Start):
            obeyed += world.scheduler.handle(answer, now=world.now)
            started.append(command.actor_id)
        else:
            obeyed.append(command)
    for actor_id in started:
        obeyed += world.scheduler.handle(Started(actor_id), now=world.now)
    return obeyed


@pytest.mark.rule("SCHED-67")
def test_under_resume_an_actor_that_failed_to_start_executes_after_started():
    world = World()
    world.add("a", policy=Supervision.resume())
    world.tell("a")
    assert world.scheduler.handle(RunStarted(), now=0) == (Start("a"),)
    assert world.say(Failed("a", ERROR)) == []
    assert world.say(Started("a")) == [Execute("a")]
    assert world.scheduler.in_flight == 1


@pytest.mark.rule("SCHED-67", "SCHED-60")
def test_under_stop_a_start_that_failed_is_tried_again_in_the_next_run():
    world = World()
    world.add("a")
    world.tell("a")
    obeyed = obey_starts(world, world.scheduler.handle(RunStarted(), now=0), Failed("a", ERROR))
    assert obeyed == [Escalate("a", ERROR)]
    assert world.scheduler.finished
    world.say(RunEnded())
    assert world.say(RunStarted()) == [Start("a"), Execute("a")]
    world.take("a")
    world.done("a")
    world.say(StopRequested())
    world.say(RunEnded())
    assert world.say(RunStarted()) == []


@pytest.mark.rule("SCHED-68", "SCHED-53")
def test_an_actor_that_ends_in_its_start_is_not_executed():
    world = World()
    world.add("a")
    world.tell("a")
    obeyed = obey_starts(world, world.scheduler.handle(RunStarted(), now=0), Stopped("a"))
    assert obeyed == [Forget("a")]
    assert world.scheduler.in_flight == 0


@pytest.mark.rule("SCHED-68", "SCHED-09")
@pytest.mark.parametrize("late", [Failed("a", ERROR), Stopped("a"), Restarted("a"), Started("a")])
def test_an_actor_that_removes_itself_in_its_start_is_gone_whatever_is_said_later(late: Any):
    world = World()
    world.add("a")
    world.tell("a")
    obeyed = obey_starts(world, world.scheduler.handle(RunStarted(), now=0), Remove("a"))
    assert obeyed == [Stop("a")]
    assert world.say(late) == []
    assert not world.scheduler.finished
    assert world.scheduler.in_flight == 0


@pytest.mark.rule("SCHED-69")
@pytest.mark.parametrize("policy", [Supervision.resume(), Supervision.restart()])
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_a_wish_to_end_is_not_supervised(policy: Supervision, error: BaseException):
    world = World()
    world.add("a", policy=policy)
    world.say(RunStarted())
    world.tell("a", 1)
    world.tell("a", 2)
    world.take("a")
    assert world.say(Failed("a", error)) == [Escalate("a", error)]
    assert world.scheduler.finished


@pytest.mark.rule("SCHED-69", "SCHED-52")
def test_a_wish_to_end_counts_even_from_an_actor_that_was_to_be_removed():
    world, error = started(["a"]), KeyboardInterrupt()
    world.tell("a")
    world.say(Remove("a"))
    assert world.say(Failed("a", error)) == [Stop("a"), Escalate("a", error)]
    assert world.scheduler.finished


@pytest.mark.rule("SCHED-66")
def test_an_actor_that_fails_after_the_stop_request_is_restarted_by_the_next_run():
    world = World()
    world.add("a", policy=Supervision.restart())
    world.say(RunStarted())
    world.tell("a")
    world.say(StopRequested())
    assert world.say(Failed("a", ERROR)) == []
    assert world.scheduler.finished
    world.say(RunEnded())
    assert world.say(RunStarted()) == [Restart("a")]


@pytest.mark.rule("SCHED-67")
def test_an_actor_that_fails_to_start_without_mail_is_supervised():
    world = World()
    world.add("a", policy=Supervision.restart())
    assert world.scheduler.handle(RunStarted(), now=0) == (Start("a"),)
    assert world.say(Failed("a", ERROR)) == [Restart("a")]
    assert world.scheduler.in_flight == 0


@pytest.mark.rule("SCHED-07")
def test_data_that_waits_when_it_is_first_watched_executes_nobody_before_the_start():
    """The driver reports what it finds when it obeys ``Watch``, before it obeys ``Start``."""
    world = started(["a"])
    spec = ActorSpec("b", Mailbox(1), (SubscriberTrigger(object()),))
    watch, start = world.scheduler.handle(Added(spec), now=0)
    assert (type(watch), start) == (Watch, Start("b"))
    assert world.say(Triggered(1)) == []
    assert world.tell("a") == [Execute("a")]
    assert world.say(Started("b")) == [Execute("b")]


@pytest.mark.rule("SCHED-07", "SCHED-71")
def test_mail_that_comes_between_start_and_started_waits():
    world = World()
    world.add("a")
    assert world.scheduler.handle(RunStarted(), now=0) == (Start("a"),)
    assert world.scheduler.describe().actors[0].phase == "starting"
    assert world.tell("a") == []
    assert world.say(Started("a")) == [Execute("a")]
    assert world.say(Started("a")) == []


# --- runs -----------------------------------------------------------------------------------------


@pytest.mark.rule("SCHED-70", "SCHED-20")
def test_a_run_leaves_no_timer_and_the_next_has_a_grid_of_its_own():
    world = started(["a", IntervalTrigger(1, 10)], at=3)
    world.say(StopRequested(), at=5)
    world.say(RunEnded())
    assert world.scheduler.next_due() is None
    assert not world.scheduler.running
    world.say(RunStarted(), at=106)
    assert world.scheduler.next_due() == 116


@pytest.mark.rule("SCHED-72")
def test_a_run_that_was_torn_down_leaves_nothing_outstanding():
    world = started(["a"])
    world.tell("a", 1)
    world.tell("a", 2)
    world.take("a")
    world.say(RunEnded())
    assert world.scheduler.in_flight == 0
    assert world.scheduler.describe().actors[0].phase == "idle"
    assert world.say(RunStarted()) == [Execute("a")]


@pytest.mark.rule("SCHED-71")
def test_describe_says_what_is_scheduled():
    trigger = IntervalTrigger(1, 10)
    world = started(["a", trigger], ["b"])
    world.say(Pause("b"))
    world.say(Elapsed(), at=25)
    world.tell("b")
    description = world.scheduler.describe()
    assert description.running
    assert description.in_flight == 1
    a, b = description.actors
    assert (a.actor_id, a.phase, a.paused, a.triggers, a.skipped) == (
        "a",
        "active",
        False,
        (trigger,),
        1,
    )
    assert (b.actor_id, b.phase, b.paused, b.mailbox_depth) == ("b", "idle", True, 1)


def test_overflow_of_a_burst_under_drop_oldest_makes_room_for_a_message():
    """A tick that was dropped for a message is a drop of the mailbox, not a skipped slot."""
    scheduler, mailbox = Scheduler(), Mailbox(1, Overflow.DROP_OLDEST)
    scheduler.handle(
        Added(ActorSpec("a", mailbox, (IntervalTrigger(1, 10, MissedTick.BURST),))), now=0
    )
    scheduler.handle(RunStarted(), now=0)
    scheduler.handle(Elapsed(), now=10)
    mailbox.put("message")
    assert mailbox.take() == "message"
    assert mailbox.take() is None
    assert (mailbox.dropped, scheduler.skipped("a")) == (1, 0)


@pytest.mark.rule("SCHED-66")
def test_a_restart_that_fails_for_good_is_tried_again_by_the_next_run():
    """Nothing half-built executes: the next run begins with the restart."""
    scheduler = Scheduler()
    mailbox = Mailbox(4)
    scheduler.handle(Added(ActorSpec("a", mailbox, (), Supervision.restart(max_restarts=1))), now=0)
    scheduler.handle(RunStarted(), now=0)
    scheduler.handle(Started("a"), now=0)
    mailbox.put("hello")
    assert scheduler.handle(Told("a"), now=1) == (Execute("a"),)
    mailbox.take()
    mailbox.put("again")
    assert scheduler.handle(Failed("a", ValueError()), now=2) == (Restart("a"),)
    (escalated,) = scheduler.handle(Failed("a", ValueError()), now=3)
    assert isinstance(escalated, Escalate)
    scheduler.handle(RunEnded(), now=4)
    assert scheduler.handle(RunStarted(), now=5) == (Restart("a"),)
    assert scheduler.handle(Restarted("a"), now=6) == (Execute("a"),)
