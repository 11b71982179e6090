"""Budgets, faults and fault handlers, for items, nodes and the executor; on every runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import (
    ClearFault,
    Context,
    ControlFlow,
    Executor,
    Fault,
    Item,
    TriggerDeclarer,
    node,
)
from taktora.errors import DuplicateItem, InvalidArgument, UnknownItem, WrongType
from tests.runtimes import driven, eventually, spend

from .parts import Notes, Part

pytestmark = pytest.mark.virtual

MS = 1_000_000
BUDGET = 0.02


class Slow(Item):
    """Takes longer than its budget in the executions named by ``slow``."""

    def __init__(
        self, executor: Executor, item_id: str, log: list[Any], slow: tuple[int, ...] = (1,)
    ) -> None:
        self.executor = executor
        self.item_id = item_id
        self.log = log
        self.slow = slow
        self.count = 0
        self.budget: float | None = BUDGET

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.interval(0.005)
        if self.budget is not None:
            on.budget(self.budget)

    def execute(self) -> None:
        self.count += 1
        self.log.append(self.item_id)
        if self.count in self.slow:
            spend(self.executor, 2 * BUDGET)


def run_turns(executor: Executor, turns: int) -> None:
    """Let ``turns`` ticks of a 5 ms interval pass, whatever else happens."""
    seen: list[int] = []
    ref = executor.add(taktora.item(lambda: seen.append(1), triggers=lambda on: on.interval(0.005)))
    executor.run_until(lambda: len(seen) >= turns)
    ref.stop()


@pytest.mark.rule("FAULT-01", "FAULT-02")
def test_a_breach_faults_the_item_once_and_it_does_not_run_any_more(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []
    ref = executor.add(Slow(executor, "slow", log))
    run_turns(executor, 8)
    assert log == ["slow"]
    [(_, item_id, fault)] = notes.of("fault")
    assert item_id == "slow"
    assert fault == ref.fault
    assert (fault.item_id, fault.reason, fault.budget_ns) == ("slow", "budget", 20 * MS)
    assert fault.took_ns >= 40 * MS
    assert "item 'slow' took" in str(fault)
    assert executor.stats()["slow"].overruns == 1


@pytest.mark.rule("FAULT-01")
def test_an_execution_within_its_budget_is_no_fault(executor: Executor) -> None:
    ref = executor.add(Slow(executor, "quick", [], slow=()))
    run_turns(executor, 5)
    assert ref.fault is None
    assert executor.stats()["quick"].overruns == 0


@pytest.mark.rule("FAULT-02", "FAULT-03", "FAULT-04")
def test_the_handler_runs_instead_until_the_fault_is_cleared(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []
    handler = Part(log, "handler")
    item = Slow(executor, "main", log, slow=(1,))
    ref = executor.add(item, fault_handler=handler)
    executor.run_until(lambda: log.count("handler") >= 3)
    assert log.count("main") == 1
    assert handler.kinds[0] == ("interval",)
    ref.clear_fault()
    executor.run_until(lambda: log.count("main") >= 3)
    assert ref.fault is None
    assert notes.of("fault_cleared") == [("fault_cleared", "main")]
    assert executor.stats()["main"].overruns == 1
    ref.clear_fault()  # there is none: nothing happens
    executor.run_n(1)
    assert notes.of("fault_cleared") == [("fault_cleared", "main")]


@pytest.mark.rule("FAULT-04", "FAULT-01")
def test_a_handler_that_overruns_is_counted_and_changes_nothing(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []
    slow = Part(log, "handler", act=lambda _: spend(executor, 2 * BUDGET))
    ref = executor.add(Slow(executor, "main", log), fault_handler=slow)
    executor.run_until(lambda: log.count("handler") >= 2)
    assert len(notes.of("fault")) == 1
    assert executor.stats()["main"].overruns >= 2
    ref.clear_fault()
    overruns = executor.stats()["main"].overruns
    executor.run_until(lambda: log.count("main") >= 2)
    assert executor.stats()["main"].overruns == overruns


@pytest.mark.rule("FAULT-02")
def test_a_faulted_item_still_handles_messages(executor: Executor) -> None:
    log: list[Any] = []

    class Talks(Slow):
        def on_receive(self, message: Any, ctx: Context) -> Any:
            return self.count

    ref = executor.add(Talks(executor, "slow", log))
    with driven(executor):
        eventually(executor, lambda: ref.fault is not None)
        assert ref.ask("how many?", timeout=10) == 1


@pytest.mark.rule("FAULT-05")
def test_a_breach_of_the_iteration_budget_faults_the_executor_once(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes, iteration_budget=BUDGET)
    log: list[Any] = []
    slow = Slow(executor, "slow", log)
    slow.budget = None
    executor.add(slow)
    executor.add(Part(log, "other", every=0.005), fault_handler=Part(log, "handler"))
    executor.run_until(lambda: log.count("handler") >= 3)
    assert log.count("slow") == 1
    others = log.count("other")
    [(_, who, fault)] = notes.of("fault")
    assert who is None
    assert (fault.item_id, fault.reason) == ("slow", "iteration_budget")
    assert executor.fault == fault
    executor.clear_fault()
    executor.run_until(lambda: log.count("slow") >= 2 and log.count("other") > others)
    assert executor.fault is None
    assert notes.of("fault_cleared") == [("fault_cleared", None)]


@pytest.mark.rule("FAULT-05")
def test_clearing_the_executors_fault_leaves_an_items_own(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(iteration_budget=BUDGET)
    log: list[Any] = []
    ref = executor.add(Slow(executor, "slow", log))  # breaks both
    run_turns_without_items(executor, log)
    assert executor.fault is not None
    assert ref.fault is not None
    executor.clear_fault()
    assert executor.fault is None
    assert ref.fault is not None
    executor.clear_fault("slow")
    assert ref.fault is None


def run_turns_without_items(executor: Executor, log: list[Any]) -> None:
    executor.run_until(lambda: len(log) >= 1)


@pytest.mark.rule("FAULT-03")
def test_faults_are_cleared_through_the_scheduler_actor_too(executor: Executor) -> None:
    log: list[Any] = []
    ref = executor.add(Slow(executor, "slow", log))
    executor.run_n(1)
    assert ref.fault is not None
    executor.scheduler.ask(ClearFault("slow"))
    assert ref.fault is None
    with pytest.raises(UnknownItem):
        executor.scheduler.ask(ClearFault("nobody"))
    with pytest.raises(UnknownItem):
        executor.clear_fault("nobody")
    with pytest.raises(WrongType):
        executor.scheduler.ask(ClearFault(3))  # type: ignore[arg-type]


@pytest.mark.rule("FAULT-06", "FAULT-02", "NODE-02")
@pytest.mark.parametrize("shape", ["chain", "graph"])
def test_budgets_and_faults_hold_for_nodes(
    make_executor: Callable[..., Executor], workers: int, shape: str
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []

    def first(_: object) -> None:
        if log.count("b") == 1:
            spend(executor, 2 * BUDGET)

    a = Part(log, "a", every=0.005)
    b = Part(log, "b", budget=BUDGET, act=first)
    handled = node(b, fault_handler=Part(log, "handler"))
    executor.add(
        a >> handled >> Part(log, "c")
        if shape == "chain"
        else a >> [handled] >> [Part(log, "c"), Part(log, "d")]
    )
    executor.run_until(lambda: log.count("handler") >= 2 and log.count("c") >= 3)
    assert log.count("b") == 1
    assert [entry[1] for entry in notes.of("fault")] == ["b"]
    ref = executor.ref("b")
    assert isinstance(ref, taktora.ItemRef)
    assert isinstance(ref.fault, Fault)
    ref.clear_fault()
    executor.run_until(lambda: log.count("b") >= 2)
    assert executor.stats()["b"].overruns == 1


@pytest.mark.rule("FAULT-02")
def test_nothing_follows_a_faulted_node_without_a_handler(executor: Executor) -> None:
    log: list[Any] = []
    slow = Part(log, "b", budget=BUDGET, act=lambda _: spend(executor, 2 * BUDGET))
    executor.add_chain([Part(log, "a", every=0.005), slow, Part(log, "c")])
    executor.run_until(lambda: log.count("a") >= 4)
    assert log.count("b") == 1
    assert log.count("c") == 1  # in the run that overran


@pytest.mark.rule("FAULT-01")
def test_an_execution_that_raises_after_its_budget_is_a_fault_too(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []

    class Both(Slow):
        def execute(self) -> None:
            super().execute()
            raise ValueError("planted")

    executor.add(Both(executor, "both", log), supervision=taktora.Supervision.resume())
    run_turns(executor, 8)
    assert log == ["both"]
    names = [entry[0] for entry in notes.seen if len(entry) > 1 and entry[1] == "both"]
    assert names == ["app_error", "fault"]


@pytest.mark.parametrize(
    ("budget", "error"),
    [
        (0, InvalidArgument),
        (-1, InvalidArgument),
        ("long", WrongType),
        (float("nan"), InvalidArgument),
    ],
)
def test_a_budget_that_cannot_be_is_refused(
    executor: Executor, budget: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        executor.add(taktora.item(lambda: None, triggers=lambda on: on.budget(budget)))
    with pytest.raises(error):
        Executor(iteration_budget=budget)


@pytest.mark.rule("NODE-07")
def test_a_handler_serves_one_item_only(executor: Executor) -> None:
    log: list[Any] = []
    handler = Part(log, "handler")
    ref = executor.add(Part(log, "a"), fault_handler=handler)
    for attempt in (
        lambda: executor.add(Part(log, "b"), fault_handler=handler),
        lambda: executor.add(handler),
        lambda: executor.add_chain([Part(log, "c"), node(Part(log, "d"), fault_handler=handler)]),
    ):
        with pytest.raises(DuplicateItem):
            attempt()
    with pytest.raises(WrongType):
        executor.add(Part(log, "e"), fault_handler=3)  # type: ignore[arg-type]
    with pytest.raises(WrongType, match="no fault handler of its own"):
        executor.add(Part(log, "f") >> Part(log, "g"), fault_handler=Part(log, "h"))
    ref.stop()
    executor.add(Part(log, "b"), fault_handler=handler)  # free again


def test_a_handler_starts_and_stops_with_its_item(executor: Executor) -> None:
    seen: list[str] = []

    class Handler(Item):
        def execute(self) -> ControlFlow:
            return ControlFlow.CONTINUE

        def on_start(self) -> None:
            seen.append("start")

        def on_stop(self) -> None:
            seen.append("stop")

    executor.add(Part([], "a", every=0.005), fault_handler=Handler)
    executor.run_n(1)
    executor.close()
    assert seen == ["start", "stop"]
