"""Run modes, stopping, adding, pausing, removing, closing; on every runtime."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

import taktora
from taktora import Describe, Executor, Item, Pause, Remove, Resume, Runner
from taktora.errors import (
    ActorDeadError,
    AskTimeout,
    BlockingInActor,
    DuplicateItem,
    ExecutorClosed,
    ExecutorError,
    ExecutorRunning,
    ItemFailed,
    UnknownItem,
    WrongType,
)
from tests.runtimes import driven, eventually, spend

pytestmark = pytest.mark.virtual


def counting(period: float = 0.01) -> tuple[list[int], Item]:
    ticks: list[int] = []
    return ticks, taktora.item(
        lambda ctx: ticks.append(ctx.now_ns), triggers=lambda on: on.interval(period)
    )


@pytest.mark.rule("LIFE-01")
@pytest.mark.parametrize("n", [1, 3, 5])
def test_run_n_returns_after_exactly_n_wake_ups(executor: Executor, n: int) -> None:
    ticks, item = counting()
    executor.add(item)
    assert executor.run_n(n) is None
    assert len(ticks) == n
    executor.run_n(n)
    assert len(ticks) == 2 * n


@pytest.mark.rule("LIFE-01")
def test_run_n_counts_a_wake_up_of_several_items_once(executor: Executor) -> None:
    pairs = [counting(0.02) for _ in range(3)]
    for _, item in pairs:
        executor.add(item)
    executor.run_n(4)
    assert [len(ticks) for ticks, _ in pairs] == [4, 4, 4]


@pytest.mark.rule("LIFE-02")
@pytest.mark.parametrize("duration", [0.1, timedelta(milliseconds=100)])
@pytest.mark.real("wall time")
def test_run_for_ends_by_its_own_timer_even_when_nothing_fires(
    executor: Executor, duration: float | timedelta
) -> None:
    began = time.monotonic()
    executor.run_for(duration)
    assert 0.1 <= time.monotonic() - began < 1


@pytest.mark.rule("LIFE-03")
def test_run_until_asks_after_each_wake_up(executor: Executor) -> None:
    ticks, item = counting()
    executor.add(item)
    executor.run_until(lambda: len(ticks) >= 3)
    assert len(ticks) in (3, 4)  # in a pool the third may end after the question


@pytest.mark.rule("LIFE-03")
@pytest.mark.real("wall time; a simulation has nothing to wait for")
def test_run_until_asks_when_nothing_wakes_it(executor: Executor) -> None:
    asked: list[float] = []
    executor.run_until(lambda: asked.append(time.monotonic()) or len(asked) >= 4)
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert len(asked) == 4
    assert all(gap < 0.5 for gap in gaps)


@pytest.mark.rule("LIFE-03")
def test_a_predicate_that_raises_ends_the_run_with_its_exception(executor: Executor) -> None:
    def predicate() -> bool:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        executor.run_until(predicate)
    executor.run_for(0.01)  # and the executor is as good as before


@pytest.mark.rule("LIFE-04")
@pytest.mark.real("a thread that stops it")
def test_stop_from_another_thread_wakes_an_idle_executor(executor: Executor) -> None:
    ticks, item = counting(60)
    executor.add(item)
    with Runner(executor) as runner:
        began = time.monotonic()
        executor.stop()
        runner.stop(timeout=10)
        assert time.monotonic() - began < 2
    assert not ticks


@pytest.mark.rule("LIFE-04")
def test_stop_before_run_makes_the_next_run_return_and_only_that_one(executor: Executor) -> None:
    ticks, item = counting()
    executor.add(item)
    executor.stop()
    executor.stop()
    executor.run()
    assert not ticks
    executor.run_n(2)
    assert len(ticks) == 2


@pytest.mark.rule("LIFE-04")
def test_a_stoppable_only_stops_and_says_so(executor: Executor) -> None:
    stoppable = executor.stoppable()
    assert not stoppable.is_stopped()
    stoppable.stop()
    assert stoppable.is_stopped()
    executor.run()
    assert not stoppable.is_stopped()


@pytest.mark.rule("LIFE-04")
def test_an_item_stops_the_run_through_its_context(executor: Executor) -> None:
    executor.add(taktora.item(lambda c: c.stop_executor(), triggers=lambda on: on.interval(0.01)))
    executor.run()
    assert next(iter(executor.stats().items.values())).count == 1


@pytest.mark.rule("LIFE-05")
@pytest.mark.real("a thread that waits")
def test_a_run_waits_for_executions_that_are_under_way(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(worker_threads=2)
    begun, go, ended = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go.wait(10)
        ended.append(True)

    executor.add(taktora.item(slow, triggers=lambda on: on.interval(0.01)))
    with Runner(executor) as runner:
        assert begun.wait(10)
        executor.stop()
        with pytest.raises(AskTimeout):
            runner.stop(timeout=0.05)
        go.set()
        runner.stop(timeout=10)
    assert ended


@pytest.mark.rule("LIFE-05")
@pytest.mark.real("a thread that waits")
def test_waiting_for_a_worker_costs_no_cpu(make_executor: Callable[..., Executor]) -> None:
    executor = make_executor(worker_threads=1)
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go.wait(10)

    executor.add(taktora.item(slow, triggers=lambda on: on.interval(0.01)))
    with driven(executor):
        assert begun.wait(10)
        executor.stop()
        before = time.process_time()
        threading.Event().wait(0.3)
        spent = time.process_time() - before
        go.set()
    assert spent < 0.1


@pytest.mark.rule("LIFE-06")
@pytest.mark.real("threads that meet")
def test_independent_items_run_in_parallel_in_the_pool(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(worker_threads=2)
    meet = threading.Barrier(2, timeout=10)
    for _ in range(2):
        executor.add(
            taktora.item(lambda: (meet.wait(), None)[1], triggers=lambda on: on.interval(0.02))
        )
    executor.run_n(2)
    assert not meet.broken


@pytest.mark.rule("LIFE-06")
@pytest.mark.real("a thread that waits")
def test_a_slow_item_in_the_pool_delays_neither_driver_nor_others(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(worker_threads=1)
    go = threading.Event()
    executor.add(
        taktora.item(lambda: (go.wait(10), None)[1], triggers=lambda on: on.interval(0.01))
    )
    ticks, quick = counting(0.01)
    executor.add(quick, placement="inline")

    def enough() -> bool:
        if len(ticks) >= 10:
            go.set()
            return True
        return False

    executor.run_until(enough)
    assert len(ticks) >= 10


@pytest.mark.rule("LIFE-10")
def test_an_item_added_while_running_starts_without_waiting_for_a_wake_up(
    executor: Executor,
) -> None:
    ticked = threading.Event()
    with driven(executor):
        executor.add(taktora.item(ticked.set, triggers=lambda on: on.interval(0.01)))
        eventually(executor, ticked)


@pytest.mark.rule("LIFE-10")
def test_an_item_may_add_another(executor: Executor) -> None:
    second = threading.Event()

    def first(ctx: taktora.Context) -> None:
        if not second.is_set():
            executor.add(
                taktora.item(second.set, triggers=lambda on: on.interval(0.01)), id="second"
            )
            ctx.self_ref.tell("no more")

    once = taktora.item(first, triggers=lambda on: on.interval(0.01))
    executor.add(once, supervision=taktora.Supervision.resume())
    executor.run_until(second.is_set)


@pytest.mark.rule("LIFE-11")
def test_a_paused_item_does_not_run_and_a_resumed_one_does(executor: Executor) -> None:
    ticks, item = counting()
    ref = executor.add(item, id="ticker")
    others, other = counting()
    executor.add(other)
    with driven(executor):
        executor.scheduler.ask(Pause("ticker"), timeout=10)
        before = len(ticks)
        seen = len(others)
        eventually(executor, lambda: len(others) >= seen + 5)
        assert len(ticks) <= before + 1  # one may have been under way
        executor.scheduler.tell(Resume("ticker"))
        now = len(ticks)
        eventually(executor, lambda: len(ticks) >= now + 2)
    assert executor.stats()[ref.item_id].skipped >= 3


@pytest.mark.rule("LIFE-11")
def test_messages_to_a_paused_item_wait_and_come_in_order(executor: Executor) -> None:
    got: list[int] = []

    class Collect(Item):
        def on_receive(self, message: int, ctx: taktora.Context) -> None:
            got.append(message)

    ref = executor.add(Collect(), id="collect")
    with driven(executor):
        executor.scheduler.ask(Pause("collect"), timeout=10)
        for n in range(10):
            ref.tell(n)
        assert executor.scheduler.ask(Describe(), timeout=10).actors[0].mailbox_depth == 10
        executor.scheduler.tell(Resume("collect"))
        ref.ask(10, timeout=10)
    assert got == list(range(11))


@pytest.mark.rule("LIFE-12")
def test_a_removed_item_is_dead_forgotten_and_its_id_is_free(executor: Executor) -> None:
    stopped = []

    class Mortal(Item):
        def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
            on.interval(0.01)

        def on_stop(self) -> None:
            stopped.append(True)

    item = Mortal()
    ref = executor.add(item, id="mortal")
    with driven(executor):
        executor.scheduler.ask(Remove("mortal"), timeout=10)
        eventually(executor, lambda: not ref.is_alive())
        with pytest.raises(ActorDeadError):
            ref.tell("anyone?")
        assert executor.ref("mortal") is None
        executor.add(item, id="mortal")
    assert stopped == [True]


@pytest.mark.rule("LIFE-12")
def test_what_the_scheduler_is_told_about_unknown_items_is_an_error_or_a_dead_letter(
    executor: Executor,
) -> None:
    executor.add(Item(), id="known")
    for message in (Pause("nobody"), Resume("nobody"), Remove("nobody")):
        with pytest.raises(UnknownItem, match=r"'nobody'.*'known'"):
            executor.scheduler.ask(message)
        executor.scheduler.tell(message)
    with pytest.raises(WrongType):
        executor.scheduler.ask("hello")
    assert executor.stats().dead_letters == 3
    assert executor.scheduler.is_alive()


@pytest.mark.rule("LIFE-13")
def test_on_start_runs_before_anything_executes_and_on_stop_at_the_end(executor: Executor) -> None:
    events: list[str] = []

    class Watchful(Item):
        def __init__(self, name: str) -> None:
            self.item_id = name

        def on_start(self) -> None:
            events.append(f"{self.item_id} starts")

        def on_receive(self, message: object, ctx: taktora.Context) -> None:
            events.append(f"{self.item_id} gets {message}")

        def on_stop(self) -> None:
            events.append(f"{self.item_id} stops")

    a, b = executor.add(Watchful("a")), executor.add(Watchful("b"))
    a.tell(1)
    assert events == []
    with driven(executor):
        b.ask(2, timeout=10)
        a.ask(3, timeout=10)
    executor.run_for(0.01)
    executor.close()
    assert events[:2] == ["a starts", "b starts"]
    assert sorted(events[2:-2]) == ["a gets 1", "a gets 3", "b gets 2"]
    assert events[-2:] == ["b stops", "a stops"]


@pytest.mark.rule("LIFE-14")
def test_closing_answers_what_waits_and_refuses_what_comes(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor()
    ref = executor.add(Item(), id="x")
    waiting = ref.ask("question", block=False)
    ref.tell("a word")
    executor.close()
    executor.close()
    with pytest.raises(ActorDeadError):
        waiting.get(timeout=1)
    assert [letter.message for letter in executor.dead_letters] == ["question", "a word"]
    assert [letter.answered for letter in executor.dead_letters] == [True, False]
    for call in (
        executor.run,
        lambda: executor.run_for(1),
        lambda: executor.add(Item()),
        lambda: executor.channel("x", ctypes.c_int),
        lambda: executor.service("x", ctypes.c_int, ctypes.c_int),
        lambda: executor.spawn(taktora.Actor),
    ):
        with pytest.raises(ExecutorClosed, match="closed"):
            call()
    executor.stop()
    assert executor.stats().items == {}
    assert "closed" in repr(executor)


@pytest.mark.rule("LIFE-14")
@pytest.mark.real("a Runner")
def test_a_closed_executor_has_no_runner(make_executor: Callable[..., Executor]) -> None:
    executor = make_executor()
    executor.close()
    with pytest.raises(ExecutorClosed, match="closed"):
        Runner(executor)


@pytest.mark.rule("LIFE-14")
@pytest.mark.real("a Runner")
def test_closing_while_running_stops_the_run_first(executor: Executor) -> None:
    _ticks, item = counting()
    executor.add(item)
    runner = Runner(executor)
    executor.close()
    assert not runner.is_running or runner.stop(10) is None
    runner.stop(10)
    assert executor.closed


@pytest.mark.rule("LIFE-14")
def test_an_item_cannot_close_the_executor_that_runs_it(executor: Executor) -> None:
    executor.add(taktora.item(executor.close, triggers=lambda on: on.interval(0.01)))
    with pytest.raises(ItemFailed) as caught:
        executor.run()
    assert isinstance(caught.value.__cause__, BlockingInActor)
    assert not executor.closed


@pytest.mark.rule("LIFE-15")
def test_one_run_at_a_time(executor: Executor) -> None:
    with driven(executor), pytest.raises(ExecutorRunning):
        executor.run()
    caught = []

    def nested() -> None:
        try:
            executor.run_n(1)
        except ExecutorRunning as error:
            caught.append(error)

    executor.add(taktora.item(nested, triggers=lambda on: on.interval(0.01)))
    executor.run_n(1)
    assert caught


@pytest.mark.rule("LIFE-16")
def test_an_item_that_fails_ends_the_run_and_the_executor_can_run_again(executor: Executor) -> None:
    fail = [True]

    def work() -> None:
        if fail.pop() if fail else False:
            raise RuntimeError("wire broke")

    ref = executor.add(taktora.item(work, triggers=lambda on: on.interval(0.01)), id="wire")
    with pytest.raises(ItemFailed, match=r"'wire'.*wire broke") as caught:
        executor.run()
    assert caught.value.item_id == "wire"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert ref.is_alive()
    executor.run_n(2)


@pytest.mark.rule("LIFE-17")
@pytest.mark.real("the interpreter's threads")
def test_the_switch_interval_is_set_while_running_and_put_back(
    make_executor: Callable[..., Executor],
) -> None:
    before = sys.getswitchinterval()
    seen = []
    for wish in (0.0002, None):
        executor = make_executor(switch_interval=wish)
        executor.add(
            taktora.item(
                lambda: seen.append(sys.getswitchinterval()), triggers=lambda on: on.interval(0.01)
            )
        )
        executor.run_n(1)
        assert sys.getswitchinterval() == before
    assert seen == [pytest.approx(0.0002), before]


@pytest.mark.rule("LIFE-20")
@pytest.mark.real("signals")
def test_run_n_survives_signals_that_have_nothing_to_do_with_it(executor: Executor) -> None:
    hits = []
    before = signal.signal(signal.SIGUSR1, lambda *_: hits.append(1))
    ticks, item = counting(0.005)
    executor.add(item)
    done = threading.Event()

    def pelt() -> None:
        while not done.wait(0.001):
            os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=pelt)
    thread.start()
    try:
        executor.run_n(50)
    finally:
        done.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    assert len(ticks) == 50
    assert hits


@pytest.mark.rule("LIFE-20")
@pytest.mark.real("signals")
def test_stop_from_a_signal_handler_of_the_users_returns_the_run(executor: Executor) -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: executor.stop())
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        began = time.monotonic()
        executor.run()
        assert time.monotonic() - began < 5
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.rule("LIFE-21")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.real("signals")
def test_sigint_and_sigterm_return_the_run_and_handlers_are_put_back(
    executor: Executor, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
    timer.start()
    executor.run()
    timer.join()
    assert signal.getsignal(number) is before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.rule("LIFE-21")
@pytest.mark.real("signals")
def test_a_second_sigint_raises_keyboard_interrupt(make_executor: Callable[..., Executor]) -> None:
    executor = make_executor(worker_threads=1)
    begun, go = threading.Event(), threading.Event()

    def stubborn() -> None:
        begun.set()
        go.wait(20)

    executor.add(taktora.item(stubborn, triggers=lambda on: on.interval(0.01)))

    def press() -> None:
        begun.wait(10)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        executor.run()
    thread.join()
    go.set()
    with pytest.raises(ExecutorClosed, match="interrupt"):
        executor.run()


@pytest.mark.rule("LIFE-21")
@pytest.mark.real("signals")
def test_no_handler_is_installed_when_not_wanted_or_off_the_main_thread(
    make_executor: Callable[..., Executor],
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []
    watch = taktora.item(
        lambda: seen.append(signal.getsignal(signal.SIGTERM)), triggers=lambda on: on.interval(0.01)
    )
    plain = make_executor(handle_signals=False)
    plain.add(watch)
    plain.run_n(1)
    hosted = make_executor()
    hosted.add(watch)
    with Runner(hosted):
        while len(seen) < 2:
            threading.Event().wait(0.01)
    assert set(seen) == {before}


@pytest.mark.rule("LIFE-30")
@pytest.mark.real("a Runner")
def test_a_runner_runs_until_stopped(executor: Executor) -> None:
    ticked = threading.Event()
    executor.add(taktora.item(ticked.set, triggers=lambda on: on.interval(0.01)))
    runner = Runner(executor)
    assert runner.is_running
    assert ticked.wait(10)
    runner.stop()
    runner.stop()
    assert not runner.is_running


@pytest.mark.rule("LIFE-30")
@pytest.mark.real("a Runner")
def test_a_deferred_runner_runs_only_once_started(executor: Executor) -> None:
    ticks, item = counting()
    executor.add(item)
    runner = Runner(executor, deferred=True)
    threading.Event().wait(0.05)
    assert not ticks
    runner.start()
    runner.start()
    while not ticks:
        threading.Event().wait(0.01)
    runner.stop()
    never = Runner(executor, deferred=True)
    never.stop()
    with pytest.raises(ExecutorError, match="stopped"):
        never.start()


@pytest.mark.rule("LIFE-30")
@pytest.mark.real("a Runner")
def test_a_runners_stop_raises_the_items_error_once(executor: Executor) -> None:
    def fail() -> None:
        raise ValueError("bad sample")

    executor.add(taktora.item(fail, triggers=lambda on: on.interval(0.01)), id="bad")
    runner = Runner(executor)
    while runner.is_running:
        threading.Event().wait(0.01)
    with pytest.raises(ItemFailed, match="bad sample"):
        runner.stop()
    runner.stop()
    with pytest.raises(ItemFailed), Runner(executor) as again:
        while again.is_running:
            threading.Event().wait(0.01)


@pytest.mark.rule("LIFE-31")
def test_the_same_object_or_id_twice_is_refused_and_nothing_changes(executor: Executor) -> None:
    item = Item()
    executor.add(item, id="one")
    before = executor.scheduler.ask(Describe())
    with pytest.raises(DuplicateItem, match="'one'"):
        executor.add(item)
    with pytest.raises(DuplicateItem, match="'one'"):
        executor.add(Item(), id="one")
    assert executor.scheduler.ask(Describe()) == before


@pytest.mark.rule("LIFE-30")
@pytest.mark.real("a Runner")
def test_a_runner_that_nobody_stops_does_no_harm(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    """Forgotten, with an item that fails: closing the executor is enough."""

    def fail() -> None:
        raise RuntimeError("nobody listens")

    executor = make_executor(worker_threads=workers)
    executor.add(taktora.item(fail, triggers=lambda on: on.interval(0.01)))
    runner = Runner(executor)
    while runner.is_running:
        threading.Event().wait(0.01)
    del runner
    executor.close()
    assert executor.closed


@pytest.mark.rule("LIFE-06")
def test_an_item_that_fails_does_not_keep_its_siblings_from_running(
    make_executor: Callable[..., Executor], workers: int
) -> None:
    executor = make_executor(worker_threads=workers, supervision=taktora.Supervision.resume())

    def fail() -> None:
        raise RuntimeError("again")

    executor.add(taktora.item(fail, triggers=lambda on: on.interval(0.01)), id="bad")
    ticks, item = counting()
    executor.add(item, id="good")
    executor.run_until(lambda: len(ticks) >= 5)
    assert executor.stats()["bad"].failures >= 4


@pytest.mark.rule("LIFE-15")
@pytest.mark.real("threads that race")
def test_of_two_threads_that_run_at_once_one_is_refused(executor: Executor) -> None:
    begin = threading.Barrier(2)
    refused: list[ExecutorRunning] = []

    def run() -> None:
        begin.wait(10)
        try:
            executor.run_for(0.3)
        except ExecutorRunning as error:
            refused.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1


@pytest.mark.rule("LIFE-04")
def test_nothing_that_is_overdue_runs_after_a_stop(executor: Executor) -> None:
    runs: list[int] = []

    def slow(ctx: taktora.Context) -> None:
        runs.append(1)
        spend(executor, 0.05)  # five slots pass
        ctx.stop_executor()

    executor.add(taktora.item(slow, triggers=lambda on: on.interval(0.01)))
    executor.run()
    assert runs == [1]
