"""Bugs planted in the scheduler, mailbox and driver of a simulation: the law that notices each."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

import taktora
from taktora import item
from taktora.actors.inbox import Inbox
from taktora.core.composing import Composing
from taktora.core.mailbox import Mailbox
from taktora.core.scheduler import Scheduler
from taktora.drivers.virtual import Entry
from taktora.errors import InvariantBroken
from taktora.testing import SimulatedExecutor, simulate
from tests import planting
from tests.core import test_mutants as mutants
from tests.planting import caught

from .any_topology import AnyTopology

SEARCH = settings(planting.SEARCH, stateful_step_count=25)

SCHEDULERS: list[tuple[type[Scheduler], set[str]]] = [
    (mutants.ForgetsMailOnCompleted, {"SIM-18"}),
    (mutants.TwoOutstanding, {"SIM-01"}),
    (mutants.IgnoresPaused, {"SIM-16"}),
    (mutants.IgnoresStopRequested, {"SIM-14"}),
    (mutants.MissesOnlyOnce, {"SIM-10"}),
    (mutants.MissDriftsFromNow, {"SIM-10"}),
    (mutants.ReportsMissesWhilePaused, {"SIM-10"}),
    (mutants.ResumeDoesNotActivate, {"SIM-18"}),
    (mutants.QueuesTicksWhilePaused, {"SIM-08"}),
    (mutants.FailureStaysInFlight, {"SIM-01"}),
    (mutants.RemovesTheExecuting, {"SIM-01"}),
    (mutants.NeverUnwatches, {"SIM-07"}),
    (mutants.StartsEveryRun, {"SIM-16"}),
    (mutants.DoesNotWaitForStarted, {"SIM-16"}),
    (mutants.StartedDoesNotActivate, {"SIM-18"}),
    (mutants.ReportsMissesAfterTheStop, {"SIM-10"}),
]


@pytest.mark.rule("SIM-01", "SIM-07", "SIM-08", "SIM-10", "SIM-14", "SIM-16", "SIM-18", "SIM-30")
@pytest.mark.parametrize(
    ("mutant", "laws"), SCHEDULERS, ids=[mutant.__name__ for mutant, _ in SCHEDULERS]
)
def test_the_machine_catches_a_broken_scheduler_in_some_topology(
    mutant: type[Scheduler], laws: set[str]
) -> None:
    class Machine(AnyTopology):
        scheduler_class = mutant

    caught(Machine, InvariantBroken, laws, search=SEARCH)


@pytest.mark.rule("SIM-30")
def test_without_a_planted_bug_no_law_is_broken_in_any_topology() -> None:
    run_state_machine_as_test(AnyTopology, settings=settings(SEARCH, max_examples=200))


class Chatty(taktora.Item):
    """Sends what it is told to its friends, once each."""

    def __init__(self, *friends: str) -> None:
        self.friends = friends

    def on_receive(self, message: Any, ctx: taktora.Context) -> None:
        for friend in self.friends:
            for number in range(3):
                ctx._actor.host.ref(friend).tell((message, number))


def line(executor: Any) -> None:
    """Something of everything."""
    channel = executor.channel("parts", ctypes.c_uint32)
    publisher, subscriber = channel.publisher(), channel.subscriber()

    def send() -> None:
        publisher.send_copy(1)

    def take() -> None:
        for sample in subscriber:
            assert sample.payload == 1

    ticks = item(send, id="ticks", triggers=lambda on: on.interval(0.01))
    executor.add(ticks)
    executor.add(item(take, id="takes", triggers=lambda on: on.deadline(subscriber, 0.02)))
    executor.add(Chatty(), id="last", mailbox_capacity=6)
    executor.add(Chatty("last"), id="first")
    one, two, three, four = (item(lambda: None, id=name) for name in ("n1", "n2", "n3", "n4"))
    executor.add(one >> [two, three] >> four, id="graph")
    executor.add_chain([item(lambda: None, id="c1"), item(lambda: None, id="c2")], id="chain")


def scenario(sim: SimulatedExecutor) -> None:
    for number in range(3):
        sim.ref("first").tell(number)
        sim.ref("graph").tell(number)
        sim.ref("chain").tell(number)
        sim.advance(0.0125)
    sim.check()


def law_broken(**options: Any) -> str:
    with pytest.raises(InvariantBroken) as raised, simulate(line, **options) as sim:
        scenario(sim)
    return raised.value.law


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_without_a_planted_bug_no_law_is_broken(workers: int, seed: int | None) -> None:
    with simulate(line, seed, worker_threads=workers, late_answers=workers > 0) as sim:
        scenario(sim)


@pytest.mark.rule("SIM-02")
def test_messages_that_overtake_those_of_the_same_sender_are_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def newest_first(self: Inbox) -> Any:
        return self._line.pop() if self._line else None

    monkeypatch.setattr(Inbox, "take", newest_first)
    assert law_broken() in ("SIM-02", "SIM-05")


@pytest.mark.rule("SIM-03")
def test_a_mailbox_that_holds_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def roomy(self: Inbox, message: Any) -> Any:
        self._line.append(message)
        self.accepted += 1
        self.bell()

    monkeypatch.setattr(Inbox, "put", roomy)
    with pytest.raises(InvariantBroken) as raised, simulate(line) as sim:
        for number in range(9):
            sim.ref("last").tell(number)
        sim.check()
    assert raised.value.law == "SIM-03"


@pytest.mark.rule("SIM-04")
def test_a_message_that_is_handled_twice_or_lost_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take = Inbox.take

    def forgetful(self: Inbox) -> Any:
        entry = take(self)
        return take(self) if type(entry) is tuple and len(self._line) > 1 else entry

    with monkeypatch.context() as planted:
        planted.setattr(Inbox, "take", forgetful)
        lost = law_broken()

    def again(self: Inbox) -> Any:
        entry = take(self)
        if type(entry) is tuple and self.accepted == 2:
            self._line.append(entry)
        return entry

    with monkeypatch.context() as planted:
        planted.setattr(Inbox, "take", again)
        twice = law_broken()
    assert {lost, twice} <= {"SIM-02", "SIM-03", "SIM-04"}


@pytest.mark.rule("SIM-05", "SIM-06")
def test_a_wake_up_that_forgets_why_or_that_it_was_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wake = Mailbox.wake

    def uncounted(self: Any, fired: Any, *, merge: bool = True) -> Any:
        result = wake(self, fired, merge=merge)
        self.coalesced = 0
        return result

    def wrong(self: Any, fired: Any, *, merge: bool = True) -> Any:
        return wake(self, fired[:0] or fired * 2, merge=merge)

    def stalled(executor: Any) -> None:
        line(executor)
        executor.takes("ticks", 0.035)
        executor.takes("takes", 0.035)

    laws = []
    for planted in (uncounted, wrong):
        with monkeypatch.context() as bug:
            bug.setattr(Inbox, "wake", planted)
            with (
                pytest.raises(InvariantBroken) as raised,
                simulate(stalled, worker_threads=2) as sim,
            ):
                sim.advance(0.2)
                sim.check()
            laws.append(raised.value.law)
    assert laws == ["SIM-06", "SIM-05"]


@pytest.mark.rule("SIM-09")
def test_a_slot_that_is_not_accounted_for_is_noticed() -> None:
    class Forgets(Scheduler):
        def skipped(self, actor_id: str) -> int:
            return 0

    def stalled(executor: Any) -> None:
        line(executor)
        executor.takes("ticks", 0.035)

    with (
        pytest.raises(InvariantBroken) as raised,
        simulate(stalled, worker_threads=1, scheduler_class=Forgets) as sim,
    ):
        sim.advance(0.2)
        sim.check()
    assert raised.value.law == "SIM-09"


def _graph_bugs() -> dict[str, tuple[Callable[[pytest.MonkeyPatch], None], set[str]]]:
    advanced = Composing.advanced

    def ignores_stop(bug: pytest.MonkeyPatch) -> None:
        def careless(self: Any, member: Any, stimulus: Any) -> Any:
            return advanced(self, member, evolve(stimulus, stop=False))

        bug.setattr(Composing, "advanced", careless)

    def never_goes_on(bug: pytest.MonkeyPatch) -> None:
        def stuck(self: Any, member: Any, stimulus: Any) -> Any:
            return [] if member.spec.actor_id == "n2" else advanced(self, member, stimulus)

        bug.setattr(Composing, "advanced", stuck)

    return {
        "ignores STOP_CHAIN": (ignores_stop, {"SIM-12"}),
        "never goes on": (never_goes_on, {"SIM-12", "SIM-13", "SIM-18"}),
    }


@pytest.mark.rule("SIM-12")
@pytest.mark.parametrize("bug", _graph_bugs())
def test_a_graph_that_goes_on_when_it_must_not_or_not_when_it_must_is_noticed(
    bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, laws = _graph_bugs()[bug]

    def stopping(executor: Any) -> None:
        stop = taktora.ControlFlow.STOP_CHAIN
        one, two, three = (item(lambda: None, id=name) for name in ("n1", "n2", "n3"))
        last = item(lambda: stop, id="n0")
        executor.add(one >> [two, last] >> three, id="graph")

    plant(monkeypatch)
    with (
        pytest.raises(InvariantBroken) as raised,
        simulate(stopping, worker_threads=2) as sim,
    ):
        sim.ref("graph").tell(1)
        sim.run_until_idle()
        sim.check()
    assert raised.value.law in laws


@pytest.mark.rule("SIM-11", "SIM-13")
def test_a_node_that_starts_too_early_or_a_run_that_overlaps_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen where every node reports to the books: its flow, whoever calls it and when."""

    def early(executor: Any) -> None:
        line(executor)
        cells = executor._driver.cells
        first, last = cells["n1"].item_actor, cells["n4"].item_actor
        flow = first.flow

        def both(ctx: Any) -> Any:
            result = flow(ctx)
            last.flow(ctx)
            return result

        first.flow = both

    with pytest.raises(InvariantBroken) as raised, simulate(early, worker_threads=2) as sim:
        sim.ref("graph").tell(1)
        sim.run_until_idle()
        sim.check()
    assert raised.value.law in ("SIM-11", "SIM-13")


@pytest.mark.rule("SIM-15")
def test_whoever_runs_after_its_end_is_noticed() -> None:
    with pytest.raises(InvariantBroken) as raised, simulate(line) as sim:
        cell: Any = sim._driver.cells["last"]
        sim.ref("last").stop()
        sim._driver.on_step(Entry(cell), (), 0)
        sim._invariants.worked(cell)
        sim.check()
    assert raised.value.law == "SIM-15"


@pytest.mark.rule("SIM-17")
def test_whoever_is_passed_over_for_ever_is_noticed() -> None:
    class Busy(taktora.Item):
        def on_receive(self, message: int, ctx: taktora.Context) -> None:
            if message:
                ctx.self_ref.tell(message - 1)

    with (
        pytest.raises(InvariantBroken) as raised,
        SimulatedExecutor(fairness=3, throughput=1) as sim,
    ):
        sim._driver.choose = lambda labels: len(labels) - 1  # without its bound
        for name in "abc":
            sim.add(Busy(), id=name).tell(50)
        sim.run_until_idle()
        sim.check()
    assert raised.value.law == "SIM-17"


@pytest.mark.rule("SIM-19")
def test_a_clock_that_goes_back_is_noticed() -> None:
    with pytest.raises(InvariantBroken) as raised, simulate(line) as sim:
        sim.advance(0.015)
        sim._driver.now -= 10_000_000
        sim.ref("last").tell(1)
        sim.run_until_idle()
    assert raised.value.law == "SIM-19"
