"""What the system that taktora re-creates proves, where no test of one of our own rules did.

The list is ``spec/acceptance.md``. Everything here holds on every runtime.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import (
    Context,
    ControlFlow,
    ExecutionMonitor,
    Executor,
    Fault,
    Item,
    ItemFailed,
    Observer,
    Runner,
    Supervision,
    conditional,
    node,
    signal_slot,
)
from tests.observe.test_statistics import nearest_rank

from .parts import Notes, Part

Make = Callable[..., Executor]
BUDGET = 0.1
TOO_LONG = 0.11


def wait(seconds: float) -> None:
    threading.Event().wait(seconds)


# --- budgets and faults ---------------------------------------------------------------------------


class Overruns(Part):
    """Takes too long in the next ``slow`` executions."""

    slow = 0

    def execute(self, ctx: Context) -> ControlFlow | None:
        if self.slow:
            wait(TOO_LONG)
            self.slow -= 1
        return super().execute(ctx)


@pytest.mark.rule("FAULT-04")
def test_overruns_are_the_executions_that_took_too_long_and_no_others(executor: Executor) -> None:
    log: list[Any] = []
    item = Overruns(log, "main", every=0.002, budget=BUDGET)
    relief = Overruns(log, "relief")
    ref = executor.add(item, fault_handler=relief)

    def overruns_after(executions: int) -> int:
        until = len(log) + executions
        executor.run_until(lambda: len(log) >= until and not item.slow and not relief.slow)
        return executor.stats()["main"].overruns

    assert overruns_after(20) == 0
    item.slow, relief.slow = 1, 5  # the breach, and those of the handler that takes over
    assert overruns_after(6) == 6
    assert overruns_after(10) == 6
    ref.clear_fault()
    assert overruns_after(10) == 6
    assert ref.fault is None
    item.slow = 1
    assert overruns_after(5) == 7
    assert log.count("relief") >= 5


@pytest.mark.rule("FAULT-01")
def test_once_a_fault_was_reported_every_thread_sees_it(make_executor: Make, workers: int) -> None:
    reported = threading.Event()
    told: list[tuple[str | None, Fault]] = []

    class Lamp(Observer):
        def on_fault(self, item_id: str | None, fault: Fault) -> None:
            told.append((item_id, fault))
            reported.set()

    executor = make_executor(worker_threads=workers, observer=Lamp())
    item = Overruns([], "slow", every=0.005, budget=BUDGET)
    item.slow = 1
    ref = executor.add(item)
    with Runner(executor):
        assert reported.wait(30)
        assert told == [("slow", ref.fault)]
        assert executor.stats()["slow"].overruns == 1


@pytest.mark.rule("FAULT-01")
def test_an_item_that_only_fails_is_not_faulted(make_executor: Make, workers: int) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []
    item = Part(log, "bad", every=0.005, budget=10, error=ValueError("planted"))
    ref = executor.add(item, supervision=Supervision.resume())
    executor.run_until(lambda: len(log) >= 3)
    assert ref.fault is None
    assert notes.of("fault") == []
    assert {str(error) for _, _, error in notes.of("app_error")} == {"planted"}


@pytest.mark.rule("FAULT-02")
def test_a_handler_runs_once_for_triggers_that_fire_together(executor: Executor) -> None:
    one, two = (executor.channel(name, ctypes.c_uint64) for name in ("one", "two"))
    ports = one.subscriber(), two.subscriber()
    log: list[Any] = []

    class Slow(Item):
        def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
            on.subscriber(ports[0]).subscriber(ports[1]).budget(BUDGET)

        def on_receive(self, message: Any, ctx: Context) -> None:
            wait(TOO_LONG)

    relief = Part(log, "relief")
    ref = executor.add(Slow(), fault_handler=relief)
    ref.tell("take too long")
    executor.run_until(lambda: ref.fault is not None)
    for channel in (one, two):
        channel.publisher().send_copy(1)
    executor.run_n(1)
    assert relief.kinds == [("subscriber", "subscriber")]


@pytest.mark.rule("FAULT-02", "STAT-01", "STAT-14")
@pytest.mark.parametrize("shape", ["item", "chain", "graph"])
def test_a_wake_up_of_a_faulted_item_that_runs_nothing_is_no_execution(
    executor: Executor, shape: str
) -> None:
    """Its statistics stay those of what ran, and it comes back on the grid it was on."""
    log: list[Any] = []
    slots: list[int] = []
    item = Overruns(log, "slow", every=0.005, budget=BUDGET)
    item.act = lambda ctx: slots.append(ctx.scheduled_ns or 0)
    item.slow = 1
    if shape == "item":
        executor.add(item)
    elif shape == "chain":
        executor.add(item >> Part(log, "next"))
    else:
        executor.add(item >> [Part(log, "next"), Part(log, "other")])
    ticks: list[int] = []
    executor.add(Part(ticks, "clock", every=0.005))
    executor.run_until(lambda: executor.stats()["slow"].overruns == 1)
    frozen, until = executor.stats()["slow"], len(ticks) + 10
    executor.run_until(lambda: len(ticks) >= until)
    seen = executor.stats()["slow"]
    assert (seen.count, seen.took_min_ns) == (1, frozen.took_max_ns)
    assert seen.lateness_max_ns == frozen.lateness_max_ns
    executor.clear_fault("slow")
    executor.run_until(lambda: len(slots) >= 3)
    assert executor.stats()["slow"].count == len(slots)
    if shape == "item":
        assert {(slot - slots[1]) % 5_000_000 for slot in slots[1:]} == {0}


@pytest.mark.rule("FAULT-01")
def test_of_two_budgets_of_an_item_the_last_counts(executor: Executor) -> None:
    ran: list[int] = []

    def work() -> None:
        wait(0.005)
        ran.append(1)

    item = taktora.item(work, triggers=lambda on: on.interval(0.005).budget(0.001).budget(30))
    ref = executor.add(item)
    executor.run_until(lambda: len(ran) >= 3)
    assert ref.fault is None


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.rule("ACT-19", "NODE-06")
@pytest.mark.parametrize("where", ["item", "chain", "graph"])
def test_a_storm_of_restarts_ends_at_its_limit_with_the_item_that_failed(
    executor: Executor, where: str
) -> None:
    made: list[int] = []
    log: list[Any] = []

    def make() -> Item:
        made.append(1)
        return Part(log, "bad", every=0.002, error=ValueError("always"))

    policy = Supervision.restart(max_restarts=3, within=60)
    executor.add(Part(log, "good", every=0.002))
    if where == "item":
        executor.add(make, supervision=policy)
    elif where == "chain":
        executor.add_chain([Part(log, "head", every=0.002), node(make, supervision=policy)])
    else:
        bad = node(make, supervision=policy)
        executor.add(Part(log, "head", every=0.002) >> [bad, Part(log, "beside")])
    with pytest.raises(ItemFailed, match="always") as caught:
        executor.run()
    assert caught.value.item_id == "bad"
    assert len(made) == log.count("bad") == 4  # the first one, and three restarts
    good = log.count("good")
    executor.ref("bad").stop()  # type: ignore[union-attr]
    executor.run_until(lambda: log.count("good") >= good + 3)  # nobody else was harmed


# --- observer and monitor -------------------------------------------------------------------------


@pytest.mark.rule("LIFE-34")
@pytest.mark.parametrize("shape", ["items", "chain", "graph"])
def test_user_events_arrive_in_the_order_in_which_they_were_sent(
    make_executor: Make, workers: int, shape: str
) -> None:
    notes = Notes()
    executor = make_executor(worker_threads=workers, observer=notes)
    log: list[Any] = []

    def part(name: str, every: float | None = None) -> Part:
        sent = iter(range(1000))

        def send(ctx: Context) -> None:
            ctx.send_event(next(sent))
            ctx.send_event(next(sent))

        return Part(log, name, every=every, act=send)

    a, b, c = part("a", 0.002), part("b", None if shape != "items" else 0.003), part("c")
    if shape == "items":
        executor.add(a)
        executor.add(b)
    else:
        executor.add(a >> b >> c if shape == "chain" else a >> [b, c])
    executor.run_until(lambda: log.count("a") >= 5 and log.count("b") >= 5)
    events = [(str(who), event) for _, who, event in notes.of("send_event")]
    for name in {who for who, _ in events}:
        numbers = [event for who, event in events if who == name]
        assert numbers == list(range(2 * log.count(name)))
    if shape == "chain":  # also from one node to the next
        runs = [who for who, _ in events]
        assert runs == ["a", "a", "b", "b", "c", "c"] * log.count("a")


class Brackets(ExecutionMonitor):
    """What a monitor is told, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.took: dict[str, list[int]] = {}

    def pre_execute(self, item_id: str, at_ns: int) -> None:
        self.seen.append(("pre", item_id))

    def post_execute(self, item_id: str, at_ns: int, took_ns: int, ok: bool) -> None:
        assert ok
        self.seen.append(("post", item_id))
        self.took.setdefault(item_id, []).append(took_ns)


@pytest.mark.rule("LIFE-34", "NODE-01")
@pytest.mark.parametrize("shape", ["chain", "graph"])
def test_the_monitor_brackets_every_node(make_executor: Make, workers: int, shape: str) -> None:
    monitor = Brackets()
    executor = make_executor(worker_threads=workers, monitor=monitor)
    log: list[Any] = []
    a, b, c, d = Part(log, "a", every=0.005), Part(log, "b"), Part(log, "c"), Part(log, "d")
    executor.add(a >> b >> c >> d if shape == "chain" else a >> [b, c] >> d, id="whole")
    executor.run_n(1)
    seen = monitor.seen
    assert sorted(seen) == [(what, name) for what in ("post", "pre") for name in "abcd"]
    at = {entry: place for place, entry in enumerate(seen)}
    for before, after in ("ab", "ac", "bd", "cd"):
        assert at["post", before] < at["pre", after]
    assert all(at["pre", name] < at["post", name] for name in "abcd")
    assert seen[0][1].composition == "whole"  # type: ignore[attr-defined]


@pytest.mark.rule("LIFE-34", "FAULT-02")
def test_the_monitor_brackets_a_fault_handler_with_the_id_of_its_item(
    make_executor: Make, workers: int
) -> None:
    monitor = Brackets()
    executor = make_executor(worker_threads=workers, monitor=monitor)
    log: list[Any] = []
    item = Overruns(log, "main", every=0.005, budget=BUDGET)
    item.slow = 1
    executor.add(item, fault_handler=Part(log, "handler"))
    executor.run_until(lambda: log.count("handler") >= 2)
    assert monitor.seen == [("pre", "main"), ("post", "main")] * len(log)


@pytest.mark.rule("LIFE-34", "STAT-01", "STAT-03")
def test_monitor_and_statistics_saw_the_same_executions(make_executor: Make, workers: int) -> None:
    monitor = Brackets()
    executor = make_executor(worker_threads=workers, monitor=monitor)
    log: list[Any] = []
    for name, period in (("one", 0.002), ("two", 0.003)):
        executor.add(Part(log, name, every=period, act=lambda _: wait(0.0005)))
    executor.run_until(lambda: log.count("one") >= 30 and log.count("two") >= 30)
    stats = executor.stats()
    for name, took in monitor.took.items():
        seen = stats[name]
        assert seen.count == len(took) == log.count(name)
        # What is counted is around what is monitored, so each of it is the longer one.
        assert seen.took_min_ns is not None
        assert seen.took_min_ns >= min(took)
        assert seen.p95_ns is not None
        assert seen.p95_ns * (1 + 1 / 256) >= nearest_rank(took, 95)


# --- ready-made items in chains -------------------------------------------------------------------


@pytest.mark.rule("SIG-01")
def test_a_signal_in_a_chain_wakes_its_slot_in_another_one(executor: Executor) -> None:
    signal, slot = signal_slot.pair(executor, "speed", ctypes.c_double)
    log: list[Any] = []
    got: list[float] = []

    @signal.before_send
    def fill(payload: Any) -> None:
        payload.value = float(log.count("head"))

    slot.after_recv(lambda payload: got.append(payload.value))
    executor.add(Part(log, "head", every=0.005) >> signal >> Part(log, "sent"))
    executor.add(slot >> Part(log, "received"))
    executor.run_until(lambda: log.count("received") >= 3)
    assert got == [float(n) for n in range(1, len(got) + 1)]
    assert log.count("sent") == log.count("head")


@pytest.mark.rule("SIG-03", "GRAPH-11")
def test_a_signal_that_says_no_ends_its_chain_and_wakes_nobody(executor: Executor) -> None:
    signal, slot = signal_slot.pair(executor, "speed", ctypes.c_double)
    log: list[Any] = []
    got: list[float] = []

    @signal.before_send
    def odd_only(payload: Any) -> bool:
        payload.value = float(log.count("head"))
        return log.count("head") % 2 == 1

    slot.after_recv(lambda payload: got.append(payload.value))
    executor.add(slot)
    executor.add(Part(log, "head", every=0.005) >> signal >> Part(log, "sent"))
    executor.run_until(lambda: len(got) >= 3)
    assert got[:3] == [1, 3, 5]
    assert log.count("sent") == (log.count("head") + 1) // 2


@pytest.mark.rule("SIG-06", "SIG-05", "GRAPH-11")
def test_a_slot_that_says_no_ends_its_chain_and_takes_the_next_in_a_run_of_its_own(
    executor: Executor,
) -> None:
    signal, slot = signal_slot.pair(executor, "numbers", ctypes.c_uint64)
    log: list[Any] = []
    seen: list[int] = []

    @slot.after_recv
    def even_only(payload: Any) -> bool:
        seen.append(payload.value)
        return payload.value % 2 == 0

    executor.add(slot >> Part(log, "even"))
    for number in range(6):
        signal.publisher.send_copy(number)
    executor.run_until(lambda: len(seen) == 6 and log.count("even") == 3)
    assert seen == [0, 1, 2, 3, 4, 5]


@pytest.mark.rule("COND-01", "GRAPH-11")
def test_a_closed_gate_in_a_chain_ends_the_run_there(executor: Executor) -> None:
    log: list[Any] = []
    gated = conditional(Part(log, "gated"), lambda: log.count("head") % 3 != 0)
    skipped = conditional(Part(log, "never"), lambda: False, otherwise=ControlFlow.CONTINUE)
    executor.add(Part(log, "head", every=0.005) >> gated >> skipped >> Part(log, "tail"))
    executor.run_n(6)
    run = ["head", "gated", "tail"]
    assert log == [*run, *run, "head", *run, *run, "head"]
