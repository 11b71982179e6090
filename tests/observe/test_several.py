"""Several observers at once, ones that raise, ones that are slow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import context as contexts
from opentelemetry.sdk.trace import TracerProvider

import taktora
from taktora import ExecutionMonitor, Executor, Item, Monitors, Observer, Observers
from taktora.errors import WrongType
from taktora.observe.executing import executing
from taktora.observe.tracing import OpenTelemetryObserver
from tests.executor.parts import Part
from tests.runtimes import driven

pytestmark = pytest.mark.virtual

Make = Callable[..., Executor]


class Everything(Observer, ExecutionMonitor):
    """Notes every call in a log that it may share; ``raises`` in each of them."""

    def __init__(self, log: list[Any], name: str, raises: BaseException | None = None) -> None:
        self.log, self.name, self.raises = log, name, raises

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith(("on_", "pre_", "post_")):
            return super().__getattribute__(name)

        def call(*args: Any) -> None:
            self.log.append((self.name, name, args))
            if self.raises is not None:
                raise self.raises

        return call


def hooks_of(kind: type) -> list[str]:
    return [name for name in vars(kind) if name.startswith(("on_", "pre_", "post_"))]


@pytest.mark.rule("OBS-01")
@pytest.mark.parametrize(("several", "kind"), [(Observers, Observer), (Monitors, ExecutionMonitor)])
def test_every_hook_reaches_every_member(several: Any, kind: type) -> None:
    for hook in hooks_of(kind):
        log: list[Any] = []
        assert hook in vars(several), "a hook that is not passed on would be lost in silence"
        getattr(several(Everything(log, "a"), Everything(log, "b")), hook)(1, 2)
        assert sorted(log) == [("a", hook, (1, 2)), ("b", hook, (1, 2))]


@pytest.mark.rule("OBS-01")
def test_the_first_monitor_is_the_outermost(make_executor: Make, workers: int) -> None:
    log: list[Any] = []
    a, b = Everything(log, "a"), Everything(log, "b")
    executor = make_executor(worker_threads=workers, monitor=Monitors(a, b))
    executor.add(Part([], "x", every=0.005))
    executor.run_n(1)
    assert [(name, hook) for name, hook, _ in log] == [
        ("a", "pre_execute"),
        ("b", "pre_execute"),
        ("b", "post_execute"),
        ("a", "post_execute"),
    ]


@pytest.mark.rule("OBS-01")
def test_two_tracers_at_once_leave_no_context_behind(make_executor: Make, workers: int) -> None:
    both = [OpenTelemetryObserver(TracerProvider(shutdown_on_exit=False)) for _ in range(2)]
    tracing = {"observer": Observers(*both), "monitor": Monitors(*both)}
    executor = make_executor(worker_threads=workers, **tracing)
    executor.add(Part([], "x", every=0.005))
    before = contexts.get_current()
    executor.run_n(2)
    assert contexts.get_current() == before


@pytest.mark.rule("OBS-02")
@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), GeneratorExit()])
def test_one_that_raises_in_everything_is_reported_once_each_and_others_are_told(
    make_executor: Make, workers: int, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    log: list[Any] = []
    bad, good = Everything([], "bad", error), Everything(log, "good")
    executor = make_executor(
        worker_threads=workers, observer=Observers(bad, good), monitor=Monitors(bad, good)
    )
    done: list[Any] = []
    executor.add_chain([Part([], "a", every=0.003), Part(done, "b")], id="line")
    executor.run_until(lambda: len(done) >= 3)
    executor.run_n(1)
    told = [hook for _, hook, _ in log]
    assert told.count("on_executor_up") == told.count("on_executor_down") == 2
    assert told.count("pre_execute") == told.count("post_execute") >= 6
    reported = [r for r in caplog.records if "raised; further" in r.getMessage()]
    assert all(record.levelno == logging.ERROR for record in reported)
    names = [record.args[1] for record in reported if isinstance(record.args, tuple)]
    assert sorted(names) == sorted(set(told)), "once each"


@pytest.mark.rule("OBS-02")
def test_a_monitor_that_raises_breaks_nothing(
    make_executor: Make, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Everything([], "bad", ValueError("no"))
    executor = make_executor(worker_threads=workers, observer=bad, monitor=bad)
    executor.add(Part([], "a", every=0.003))
    executor.run_n(5)
    assert (executor.stats()["a"].count, executor.stats()["a"].failures) == (5, 0)


@pytest.mark.rule("OBS-03")
@pytest.mark.real("a thread that waits")
def test_a_slow_observer_delays_its_own_item_and_nobody_else(make_executor: Make) -> None:
    """The slow callback ends when another item has ticked ten times meanwhile."""
    ticked, waited = threading.Event(), []

    class Slow(Observer, ExecutionMonitor):
        def pre_execute(self, item_id: str, at_ns: int) -> None:
            if item_id == "slow" and not waited:
                waited.append(ticked.wait(30))

    slow = Slow()
    executor = make_executor(worker_threads=2, observer=slow, monitor=slow)
    ticks: list[int] = []

    def tick() -> None:
        if waited or not inside.is_set():
            return
        ticks.append(1)
        if len(ticks) == 10:
            ticked.set()

    inside = threading.Event()
    executor.add(Part([], "slow", every=0.002))
    executor.add(
        taktora.item(tick, triggers=lambda on: on.interval(0.002)), id="quick", placement="inline"
    )
    inside.set()
    executor.run_until(lambda: bool(waited))
    assert waited == [True]


@pytest.mark.rule("OBS-04")
def test_what_executes_can_be_looked_at_from_a_hook(make_executor: Make, workers: int) -> None:
    seen: list[Any] = []

    class Looks(Observer, ExecutionMonitor):
        def pre_execute(self, item_id: str, at_ns: int) -> None:
            now = executing()
            assert now is not None
            kinds = [fired.kind for fired in now.triggers]
            seen.append((str(item_id), now.in_run, kinds, now.scheduled_ns is not None))

        def on_executor_down(self) -> None:
            seen.append(executing())

    looks = Looks()
    executor = make_executor(worker_threads=workers, observer=looks, monitor=looks)
    ref = executor.add_chain([Part([], "a"), Part([], "b")], id="line")
    executor.add(Part([], "alone", every=0.005))
    with driven(executor):
        ref.ask("go", timeout=10)
        executor.ref("b").ask("hello", timeout=10)
    assert ("a", True, ["message"], False) in seen
    assert ("b", True, ["predecessor"], False) in seen
    assert ("b", False, ["message"], False) in seen
    assert all(
        entry == ("alone", False, ["interval"], True)
        for entry in seen
        if entry and entry[0] == "alone"
    )
    assert seen[-1] is None
    assert executing() is None


@pytest.mark.rule("OBS-01")
@pytest.mark.parametrize("several", [Observers, Monitors])
def test_what_is_no_observer_or_monitor_is_refused(several: Any) -> None:
    with pytest.raises(WrongType, match="Item"):
        several(Item())
