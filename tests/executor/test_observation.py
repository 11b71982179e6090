"""Observer, monitor, stats and thread attributes, on every runtime."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import taktora
from taktora import ExecutionMonitor, Executor, Item, Observer, Runner, ThreadAttributes
from taktora.drivers import libc
from taktora.errors import InvalidArgument, ItemFailed, ThreadAttributesError, WrongType
from tests.runtimes import spend

pytestmark = pytest.mark.virtual


class Recorder(Observer, ExecutionMonitor):
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def on_executor_up(self) -> None:
        self.calls.append(("up",))

    def on_executor_down(self) -> None:
        self.calls.append(("down",))

    def on_executor_error(self, error: BaseException) -> None:
        self.calls.append(("error", type(error).__name__))

    def on_app_start(self, item_id: str, app_id: int, app_instance_id: int | None) -> None:
        self.calls.append(("start", item_id, app_id, app_instance_id))

    def on_app_stop(self, item_id: str) -> None:
        self.calls.append(("stop", item_id))

    def on_app_error(self, item_id: str, error: BaseException) -> None:
        self.calls.append(("app error", item_id, str(error)))

    def on_send_event(self, item_id: str, event: Any) -> None:
        self.calls.append(("event", item_id, event))

    def pre_execute(self, item_id: str, at_ns: int) -> None:
        self.calls.append(("pre", item_id))

    def post_execute(self, item_id: str, at_ns: int, took_ns: int, ok: bool) -> None:
        assert took_ns >= 0
        self.calls.append(("post", item_id, ok))


class App(Item):
    item_id = "app"
    app_id = 7
    app_instance_id = 1

    def __init__(self, *, fails: bool = False, executor: Executor | None = None) -> None:
        self.fails = fails
        self.executor = executor

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.interval(0.01)

    def execute(self, ctx: taktora.Context) -> None:
        ctx.send_event("hello")
        if self.executor is not None:
            spend(self.executor, 0.0001)
        if self.fails:
            raise RuntimeError("no")


@pytest.mark.rule("LIFE-34")
def test_the_observer_sees_a_run_and_an_execution_in_order(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    seen = Recorder()
    executor = make_executor(worker_threads=workers, observer=seen, monitor=seen)
    executor.add(App())
    executor.run_n(1)
    assert seen.calls == [
        ("up",),
        ("start", "app", 7, 1),
        ("pre", "app"),
        ("event", "app", "hello"),
        ("post", "app", True),
        ("stop", "app"),
        ("down",),
    ]


@pytest.mark.rule("LIFE-34")
def test_the_observer_sees_a_failure_before_the_app_stops(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    seen = Recorder()
    executor = make_executor(worker_threads=workers, observer=seen, monitor=seen)
    executor.add(App(fails=True))
    with pytest.raises(ItemFailed):
        executor.run()
    assert seen.calls[-5:] == [
        ("event", "app", "hello"),
        ("post", "app", False),
        ("app error", "app", "no"),
        ("stop", "app"),
        ("error", "ItemFailed"),
    ]


@pytest.mark.rule("LIFE-34")
def test_an_item_without_an_app_id_is_monitored_but_starts_no_app(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    seen = Recorder()
    executor = make_executor(worker_threads=workers, observer=seen, monitor=seen)
    executor.add(taktora.item(lambda: None, triggers=lambda on: on.interval(0.01)), id="plain")
    executor.run_n(3)
    assert seen.calls == [("up",), *[("pre", "plain"), ("post", "plain", True)] * 3, ("down",)]


@pytest.mark.rule("LIFE-34")
def test_an_observer_that_raises_is_reported_once_and_breaks_nothing(
    make_executor: Callable[..., Executor], workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Observer):
        def on_send_event(self, item_id: str, event: Any) -> None:
            raise ValueError("broken observer")

    executor = make_executor(worker_threads=workers, observer=Broken())
    executor.add(App())
    with caplog.at_level(logging.ERROR, logger="taktora"):
        executor.run_n(3)
    assert sum("on_send_event raised" in record.message for record in caplog.records) == 1
    assert executor.stats()["app"].count == 3


@pytest.mark.rule("LIFE-34")
def test_stats_count_executions_failures_and_times(executor: Executor) -> None:
    ref = executor.add(App(executor=executor), supervision=taktora.Supervision.resume())
    executor.run_n(3)
    ok = executor.stats()["app"]
    assert (ok.count, ok.failures) == (3, 0)
    assert 0 < ok.took_min_ns <= ok.took_mean_ns <= ok.took_max_ns  # type: ignore[operator]
    assert 0 <= ok.lateness_mean_ns <= ok.lateness_max_ns  # type: ignore[operator]
    executor.add(Failing(), id="bad", supervision=taktora.Supervision.resume())
    executor.run_n(4)
    bad = executor.stats()["bad"]
    assert bad.failures == bad.count > 0
    assert executor.stats().wakeups >= 7
    assert ref.is_alive()


class Failing(Item):
    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.interval(0.01)

    def execute(self) -> None:
        raise RuntimeError("always")


def _fifo_is_allowed() -> bool:
    """Asked of a process of its own, without taktora."""
    ask = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return (
        subprocess.run([sys.executable, "-c", ask], capture_output=True, check=False).returncode
        == 0
    )


def _slack() -> int:
    return libc.get_timer_slack()


@pytest.mark.rule("LIFE-32")
@pytest.mark.real("the thread of a driver")
def test_the_driver_thread_has_a_microsecond_of_timer_slack_while_running(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor()
    before, seen = _slack(), []
    executor.add(taktora.item(lambda: seen.append(_slack()), triggers=lambda on: on.interval(0.01)))
    executor.run_n(1)
    assert seen == [1000]
    assert _slack() == before


@pytest.mark.rule("LIFE-32")
@pytest.mark.real("the threads of a pool")
def test_thread_attributes_reach_the_threads_that_run_items_and_go_again(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    core = max(os.sched_getaffinity(0))
    attributes = ThreadAttributes(affinity=[core], name_prefix="line", timer_slack=5e-6)
    executor = make_executor(worker_threads=workers, thread_attributes=attributes)
    before, seen = (os.sched_getaffinity(0), _slack()), []

    def look() -> None:
        name = Path(f"/proc/self/task/{threading.get_native_id()}/comm").read_text().strip()
        seen.append((os.sched_getaffinity(0), _slack(), threading.current_thread().name, name))

    executor.add(taktora.item(look, triggers=lambda on: on.interval(0.01)))
    executor.run_n(1)
    ((affinity, slack, name, comm),) = seen
    assert affinity == {core}
    assert slack == 5000
    if workers:
        assert name.startswith("line-")
        assert comm == name
    assert (os.sched_getaffinity(0), _slack()) == before


@pytest.mark.rule("LIFE-32")
@pytest.mark.real("the threads of a pool")
def test_a_real_time_priority_is_set_or_refused_clearly(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    executor = make_executor(
        worker_threads=workers, thread_attributes=ThreadAttributes(fifo_priority=1)
    )
    seen = []
    executor.add(
        taktora.item(
            lambda: seen.append(os.sched_getscheduler(0)), triggers=lambda on: on.interval(0.01)
        )
    )
    if _fifo_is_allowed():
        executor.run_n(1)
        assert seen == [os.SCHED_FIFO]
    else:
        with pytest.raises(ThreadAttributesError, match=r"SCHED_FIFO priority 1.*doctor"):
            executor.run_n(1)
        assert not seen
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.rule("LIFE-32")
@pytest.mark.real("the threads of a pool")
def test_a_refused_attribute_ends_the_run_before_it_began_and_leaves_no_thread(
    make_executor: Callable[..., Executor], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    seen = Recorder()
    executor = make_executor(
        worker_threads=workers, thread_attributes=ThreadAttributes(fifo_priority=1), observer=seen
    )
    ticks: list[int] = []
    executor.add(taktora.item(lambda: ticks.append(1), triggers=lambda on: on.interval(0.01)))
    with pytest.raises(ThreadAttributesError, match="SCHED_FIFO"):
        executor.run_n(1)
    assert not ticks
    assert not seen.calls
    runner = Runner(executor)
    with pytest.raises(ThreadAttributesError):
        runner.stop()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"affinity": []}, InvalidArgument),
        ({"affinity": [4096]}, InvalidArgument),
        ({"affinity": "01"}, WrongType),
        ({"affinity": [True]}, WrongType),
        ({"name_prefix": ""}, InvalidArgument),
        ({"name_prefix": 3}, WrongType),
        ({"fifo_priority": 0}, InvalidArgument),
        ({"fifo_priority": 100}, InvalidArgument),
        ({"fifo_priority": "high"}, WrongType),
        ({"timer_slack": -1}, InvalidArgument),
        ({"timer_slack": float("nan")}, InvalidArgument),
    ],
)
@pytest.mark.rule("LIFE-32")
def test_attributes_that_cannot_be_are_refused(options: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        ThreadAttributes(**options)
