"""Virtual time, steps and choices."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora.errors import (
    AskTimeout,
    BlockingInActor,
    ExecutorClosed,
    ExecutorNotRunning,
    ExecutorRunning,
    InvalidArgument,
    InvalidTrigger,
    NeverIdle,
    NotReady,
    SimulationError,
    UnknownItem,
)
from taktora.testing import Fifo, SimulatedExecutor, faults

MS = 1_000_000


class Ticker(taktora.Item):
    """Runs every ``period`` seconds and remembers when."""

    def __init__(self, name: str, period: float = 0.01) -> None:
        self.item_id = name
        self.period = period
        self.at: list[int] = []

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.interval(self.period)

    def execute(self, ctx: taktora.Context) -> None:
        self.at.append(ctx.now_ns)


class Echo(taktora.Item):
    """Answers what it is asked."""

    def on_receive(self, message: Any, ctx: taktora.Context) -> Any:
        return message


class Recorded:
    """A chooser that remembers what it was asked, and takes the last."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def choose(self, candidates: Any) -> int:
        self.asked.append(tuple(candidates))
        return len(candidates) - 1


@pytest.fixture(params=[0, 1, 3])
def sim(request: pytest.FixtureRequest) -> Any:
    with SimulatedExecutor(worker_threads=request.param) as executor:
        yield executor


@pytest.mark.rule("VIRT-01")
def test_nothing_executes_until_somebody_goes_on(sim: SimulatedExecutor) -> None:
    ticker, echo = Ticker("ticker"), Echo()
    sim.add(ticker)
    ref = sim.add(echo, id="echo")
    sim.start()
    ref.tell("hello")
    assert sim.ready == ("echo",)
    assert sim.executions("echo") == 0
    assert sim.step() == "echo"
    assert sim.executions("echo") == 1
    assert ticker.at == []
    assert sim.now_ns == 0


@pytest.mark.rule("VIRT-02", "VIRT-14")
def test_time_jumps_from_tick_to_tick_and_advance_ends_exactly(sim: SimulatedExecutor) -> None:
    ticker = Ticker("ticker")
    sim.add(ticker)
    sim.advance(0.035)
    assert ticker.at == [10 * MS, 20 * MS, 30 * MS]
    assert sim.now_ns == 35 * MS
    sim.advance(0.005)
    assert ticker.at[-1] == 40 * MS
    sim.stop()
    assert not sim.running
    sim.advance(1)
    assert (sim.now_ns, len(ticker.at)) == (1040 * MS, 4)


@pytest.mark.rule("VIRT-02")
def test_an_hour_of_ticks_is_all_on_the_grid() -> None:
    ticker = Ticker("ticker", 0.1)
    with SimulatedExecutor() as sim:
        sim.add(ticker)
        sim.advance(3600)
        assert ticker.at == [n * 100 * MS for n in range(1, 36_001)]
        stats = sim.stats()["ticker"]
        assert (stats.count, stats.skipped, stats.lateness_max_ns) == (36_000, 0, 0)


@pytest.mark.rule("VIRT-03")
def test_a_slow_item_in_the_pool_delays_only_itself() -> None:
    slow, quick = Ticker("slow"), Ticker("quick")
    with SimulatedExecutor(worker_threads=2) as sim:
        sim.add(slow)
        sim.add(quick)
        sim.takes("slow", 0.025)
        sim.advance(0.1)
        assert quick.at == [n * 10 * MS for n in range(1, 11)]
        # It falls behind, and runs for the latest slot when it is done.
        assert [at // MS for at in slow.at] == [10, 35, 60]
        assert [(e.kind, e.at // MS) for e in sim.trace if e.who == "slow"][1:] == [
            ("run", 10), ("done", 35), ("run", 35), ("done", 60), ("run", 60), ("done", 85), ("run", 85)
        ]  # fmt: skip
        stats = sim.stats()["slow"]
        assert stats.took_min_ns == stats.took_max_ns == 25 * MS
        assert stats.skipped == 5


@pytest.mark.rule("VIRT-03")
def test_without_a_pool_a_slow_item_delays_everybody() -> None:
    slow, quick = Ticker("slow"), Ticker("quick")
    with SimulatedExecutor(None) as sim:
        sim.add(slow)
        sim.add(quick)
        sim.takes("slow", 0.004)
        sim.advance(0.03)
        assert [at // MS for at in quick.at] == [14, 24, 34]
        assert sim.now_ns == 34 * MS
        sim.takes("slow", 0)
        sim.advance(0.01)
        assert quick.at[-1] == 40 * MS


@pytest.mark.rule("VIRT-03", "VIRT-14")
def test_budgets_and_monitors_see_virtual_durations() -> None:
    seen: list[tuple[str, int, int]] = []

    class Watch(taktora.ExecutionMonitor):
        def post_execute(self, item_id: str, began_ns: int, took_ns: int, ok: bool) -> None:
            seen.append((str(item_id), began_ns, took_ns))

    class Careful(Ticker):
        def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
            on.interval(0.01).budget(0.003)

    with SimulatedExecutor(monitor=Watch(), worker_threads=1) as sim:
        ref = sim.add(Careful("careful"))
        sim.takes(ref, 0.002)
        sim.advance(0.01)
        assert ref.fault is None
        sim.inject(faults.Delay("careful", 0.002))
        sim.advance(0.02)
        assert seen == [("careful", 10 * MS, 2 * MS), ("careful", 20 * MS, 4 * MS)]
        assert ref.fault is not None
        assert (ref.fault.took_ns, ref.fault.at_ns) == (4 * MS, 24 * MS)
        ref.clear_fault()
        sim.advance(0.01)
        assert sim.executions("careful") == 3


@pytest.mark.rule("VIRT-03")
@pytest.mark.rule("VIRT-02")
def test_a_line_that_is_too_slow_for_its_camera_misses_ticks_and_time_goes_on() -> None:
    with SimulatedExecutor() as sim:
        channel = sim.channel("a", ctypes.c_int)
        out, into = channel.publisher(), channel.subscriber()

        @taktora.every(0.01, id="camera")
        def camera() -> None:
            out.send_copy(ctypes.c_int(1))

        @taktora.on(into, id="stage")
        def stage() -> None:
            into.take()

        sim.add(camera)
        sim.add(stage)
        sim.takes("stage", 0.012)
        sim.advance(1)
        assert 1_000_000_000 <= sim.now_ns <= 1_012_000_000
        assert sim.executions("camera") + sim.stats()["camera"].skipped >= 98
        assert sim.stats()["camera"].skipped > 10
        sim.advance(1)
        assert 2_000_000_000 <= sim.now_ns <= 2_024_000_000


def test_an_item_may_say_itself_how_long_it_takes() -> None:
    with SimulatedExecutor(worker_threads=1) as sim:

        @taktora.item
        def work() -> None:
            sim.spend(7 * MS)

        ref = sim.add(work, id="work")
        ref.tell("go")
        assert sim.step() == "work"
        assert (sim.ready, sim.now_ns) == ((), 0)
        sim.advance(0.01)
        assert sim.stats()["work"].took_max_ns == 7 * MS
        with pytest.raises(SimulationError, match="only an execution"):
            sim.spend(1)


@pytest.mark.rule("VIRT-16")
def test_clocks_and_sleep_of_the_time_module_can_be_virtual() -> None:
    real = time.monotonic_ns()
    read: list[tuple[Any, ...]] = []

    class Sleeper(Ticker):
        def execute(self, ctx: taktora.Context) -> None:
            time.sleep(1.5)
            clocks = time.monotonic_ns(), time.perf_counter_ns(), time.time_ns()
            read.append((time.monotonic(), time.perf_counter(), time.time(), *clocks))

    with SimulatedExecutor(worker_threads=1, virtual_clocks=True) as sim:
        sim.add(Sleeper("sleeper", 10.0))
        sim.advance(10)
        assert sim.stats()["sleeper"].took_max_ns == 1500 * MS
        now, epoch = 11_500 * MS, 946_684_800 * 1000 * MS
        assert read == [(11.5, 11.5, 946_684_811.5, now, now, epoch + now)]
    assert time.monotonic_ns() - real < 60_000 * MS
    assert time.sleep.__name__ == "sleep"
    assert time.time.__module__ == "time"


@pytest.mark.rule("VIRT-04")
def test_no_more_executions_are_under_way_than_there_are_workers() -> None:
    with SimulatedExecutor(None, worker_threads=2) as sim:
        for name in "abc":
            sim.add(Ticker(name))
            sim.takes(name, 0.005)
        sim.add(Ticker("inline"), placement="inline")
        sim.advance(0.009)
        sim.step()  # nobody is ready before the tick
        sim.advance(0.001)
        began = {str(e.who): e.at // MS for e in sim.trace if e.kind == "run"}
        assert began == {"a": 10, "b": 10, "inline": 10}
        sim.advance(0.005)
        assert [(e.who, e.at // MS) for e in sim.trace if e.kind == "run"][-1] == ("c", 15)


@pytest.mark.rule("VIRT-05")
def test_a_chooser_is_asked_only_where_there_is_a_choice_oldest_first() -> None:
    chooser = Recorded()
    with SimulatedExecutor(chooser=chooser) as sim:
        for name in "abc":
            sim.add(Ticker(name))
        sim.advance(0.01)
        assert chooser.asked == [("a", "b", "c"), ("a", "b")]
        assert [e.who for e in sim.trace if e.kind == "run"] == ["c", "b", "a"]
        assert sim.trace.choices == (2, 1)
        assert sim.schedule == "tk1:2.1"


@pytest.mark.rule("VIRT-05", "VIRT-08")
def test_a_test_may_say_who_goes_and_that_is_no_choice() -> None:
    chooser = Recorded()
    with SimulatedExecutor(chooser=chooser) as sim:
        refs = {name: sim.add(Echo(), id=name) for name in "abcd"}
        for name in "abc":
            refs[name].tell(1)
        assert sim.ready == ("a", "b", "c")
        assert sim.step("b") == "b"
        assert sim.step(refs["c"]) == "c"
        before = sim.trace.to_text()
        with pytest.raises(NotReady, match="'d' cannot run now; ready: 'a'") as raised:
            sim.step("d")
        assert raised.value.ready == ("a",)
        with pytest.raises(UnknownItem, match="no item with id 'x'; there are: 'a', 'b'"):
            sim.step("x")
        assert sim.trace.to_text() == before
        assert sim.step() == "a"
        assert sim.step() is None
        assert chooser.asked == []


@pytest.mark.rule("VIRT-06")
@pytest.mark.parametrize("fairness", [1, 5])
def test_nobody_is_passed_over_for_ever(fairness: int) -> None:
    with SimulatedExecutor(chooser=Recorded(), fairness=fairness) as sim:

        class Busy(taktora.Item):
            def on_receive(self, message: Any, ctx: taktora.Context) -> None:
                if message:
                    ctx.self_ref.tell(message - 1)

        sim.add(Echo(), id="patient").tell("me, too")
        for name in "ab":
            sim.add(Busy(), id=name).tell(100)
        for _ in range(fairness + 1):
            sim.step()
        assert sim.executions("patient") == 1


@pytest.mark.rule("VIRT-07")
def test_a_system_that_never_rests_is_an_error_that_says_who(sim: SimulatedExecutor) -> None:
    class Restless(taktora.Item):
        def on_receive(self, message: Any, ctx: taktora.Context) -> None:
            ctx.self_ref.tell(message)

    sim.add(Restless(), id="restless").tell("again")
    with pytest.raises(NeverIdle, match=r"after 50 steps at 0\.000000 s.*'restless' went last"):
        sim.run_until_idle(50)


@pytest.mark.rule("VIRT-07")
def test_running_until_idle_lets_no_time_pass_and_counts_steps(sim: SimulatedExecutor) -> None:
    sim.add(Ticker("ticker"))
    ref = sim.add(Echo(), id="echo", mailbox_capacity=100)
    for number in range(3):
        ref.tell(number)
    assert sim.run_until_idle() == 1  # one batch
    assert sim.run_until_idle() == 0
    assert sim.now_ns == 0
    for wrong in (0, -1):
        with pytest.raises(InvalidArgument, match="max_steps"):
            sim.run_until_idle(wrong)


@pytest.mark.rule("VIRT-09")
def test_runs_end_as_those_of_an_executor(sim: SimulatedExecutor) -> None:
    ticker = Ticker("ticker")
    sim.add(ticker)
    sim.run_for(0.035)
    assert (len(ticker.at), sim.running, sim.now_ns) == (3, False, 35 * MS)
    sim.run_n(4)
    assert len(ticker.at) == 7
    sim.run_until(lambda: len(ticker.at) == 12)
    assert (len(ticker.at), sim.running) == (12, False)
    # Each run lays its own grid.
    assert ticker.at[3:5] == [45 * MS, 55 * MS]


@pytest.mark.rule("VIRT-09")
def test_a_run_ends_when_an_item_stops_it_and_not_by_itself(sim: SimulatedExecutor) -> None:
    class Third(Ticker):
        def execute(self, ctx: taktora.Context) -> None:
            super().execute(ctx)
            if len(self.at) == 3:
                ctx.stop_executor()

    third = Third("third")
    sim.add(third)
    sim.run()
    assert (third.at, sim.running) == ([10 * MS, 20 * MS, 30 * MS], False)


@pytest.mark.rule("VIRT-09")
@pytest.mark.parametrize(
    "endless",
    [
        lambda sim: sim.run(),
        lambda sim: sim.run_n(9),
        lambda sim: sim.run_until(lambda: False),
    ],
    ids=["run", "run_n", "run_until"],
)
def test_a_run_that_nothing_will_ever_end_is_an_error_and_over(
    endless: Callable[[SimulatedExecutor], None],
) -> None:
    with SimulatedExecutor(worker_threads=1) as sim:
        ref = sim.add(Echo(), id="echo")
        sim.takes("echo", 0.01)
        for number in (1, 2):  # the next one is refused for the same reason, and for no other
            promise = ref.ask(number, block=False)
            with pytest.raises(SimulationError, match="nothing would ever have happened again"):
                endless(sim)
            assert not sim.running
            assert promise.get() == number
            assert sim.now_ns == number * 10 * MS
        sim.check()
        sim.run_for(0.005)
        assert sim.now_ns == 25 * MS
        trace = sim.trace
    with SimulatedExecutor(worker_threads=1) as again:
        again.add(Echo(), id="echo")
        again.replay(trace)
        assert again.trace == trace


@pytest.mark.rule("VIRT-10")
def test_after_a_stop_nobody_becomes_ready_and_who_is_finishes() -> None:
    with SimulatedExecutor(None, worker_threads=1) as sim:
        a, b = sim.add(Echo(), id="a"), sim.add(Echo(), id="b")
        sim.takes("a", 0.005)
        a.tell(1)
        sim.step()
        sim.stop()
        assert sim.running  # a is under way
        b.tell(2)
        sim.advance(1)
        assert not sim.running
        assert (sim.executions("a"), sim.executions("b")) == (1, 0)
        assert sim.ready == ()
        sim.start()
        sim.run_until_idle()
        assert sim.executions("b") == 1
        with pytest.raises(ExecutorRunning):
            sim.start()


@pytest.mark.rule("VIRT-11")
def test_a_failure_comes_out_of_the_call_that_met_it(sim: SimulatedExecutor) -> None:
    ticker = Ticker("ticker")
    sim.add(ticker)
    sim.inject(faults.Raise("ticker", message="a planted one"))
    with pytest.raises(taktora.ItemFailed, match="'ticker' failed: InjectedError: a planted one"):
        sim.advance(1)
    assert not sim.running
    assert sim.now_ns == 10 * MS
    sim.start()
    sim.advance(0.01)
    assert len(ticker.at) == 1


@pytest.mark.rule("VIRT-12")
def test_waiting_for_an_answer_drives_the_simulation(sim: SimulatedExecutor) -> None:
    ref = sim.add(Echo(), id="echo")
    assert ref.ask("now") == "now"
    promise = ref.ask("later", block=False)
    assert not promise.done
    assert promise.map(str.upper).get() == "LATER"
    assert ref.ask(1, timeout=5) == 1
    assert sim.now_ns == 0


@pytest.mark.rule("VIRT-12")
def test_timeouts_are_virtual_and_rest_is_no_answer(sim: SimulatedExecutor) -> None:
    class Lazy(taktora.Item):
        def on_receive(self, message: Any, ctx: taktora.Context) -> None: ...

    sim.add(Ticker("ticker"))
    ref = sim.add(Lazy(), id="lazy")
    sim.scheduler.tell(taktora.Pause("lazy"))
    with pytest.raises(AskTimeout, match=r"within 0.05 seconds of virtual time"):
        ref.ask("?", timeout=0.05)
    assert sim.now_ns == 50 * MS
    with SimulatedExecutor() as idle:
        ref = idle.add(Lazy(), id="lazy")
        idle.scheduler.tell(taktora.Pause("lazy"))
        with pytest.raises(ExecutorNotRunning, match="come to rest"):
            ref.ask("?")


@pytest.mark.rule("VIRT-12")
def test_a_timeout_passes_also_when_no_run_is_under_way(sim: SimulatedExecutor) -> None:
    """As for whoever asks a stopped ``Executor``; what comes from outside meanwhile still comes."""
    came: list[int] = []
    ref = sim.add(Echo(), id="echo")
    sim.run_for(0.01)
    sim.at(40 * MS, lambda: came.append(sim.now_ns))
    with pytest.raises(AskTimeout, match=r"within 0.05 seconds of virtual time"):
        ref.ask("?", timeout=0.05)
    assert (sim.now_ns, came, sim.running) == (60 * MS, [40 * MS], False)
    with pytest.raises(ExecutorNotRunning):  # which no time would change
        ref.ask("?")
    assert sim.now_ns == 60 * MS
    sim.at(70 * MS, sim.start)
    assert ref.ask("!", timeout=0.05) == "!"
    assert sim.now_ns == 70 * MS


@pytest.mark.rule("VIRT-12")
def test_a_timeout_passes_also_when_the_run_ends_meanwhile(sim: SimulatedExecutor) -> None:
    ref = sim.add(Echo(), id="echo")
    sim.scheduler.tell(taktora.Pause("echo"))
    sim.at(20 * MS, sim.stop)
    with pytest.raises(AskTimeout):
        ref.ask("?", timeout=0.05)
    assert (sim.now_ns, sim.running) == (50 * MS, False)


@pytest.mark.rule("VIRT-12", "VIRT-33")
def test_a_timeout_without_a_run_is_replayed() -> None:
    with SimulatedExecutor() as sim:
        ref = sim.add(Echo(), id="echo")
        sim.run_for(0.01)
        with pytest.raises(AskTimeout):
            ref.ask("?", timeout=0.05)
        sim.run_for(0.01)
        trace = sim.trace
    with SimulatedExecutor() as again:
        again.add(Echo(), id="echo")
        again.replay(trace)
        assert again.trace == trace
        assert again.now_ns == 70 * MS


@pytest.mark.rule("VIRT-12")
def test_an_item_can_neither_wait_nor_drive(sim: SimulatedExecutor) -> None:
    other = sim.add(Echo(), id="other")
    caught: list[BaseException] = []

    class Bold(taktora.Item):
        def on_receive(self, message: Any, ctx: taktora.Context) -> None:
            for act in (
                lambda: other.ask(1),
                lambda: other.ask(1, block=False).get(),
                lambda: sim.advance(1),
                sim.step,
                sim.close,
            ):
                try:
                    act()
                except (BlockingInActor, ExecutorRunning) as error:
                    caught.append(error)

    sim.add(Bold(), id="bold").tell("try")
    sim.run_until_idle()
    kinds = [type(one) for one in caught]
    assert kinds == [BlockingInActor] * 2 + [ExecutorRunning] * 2 + [BlockingInActor]


def test_stopping_an_actor_works_during_a_run_and_at_rest(sim: SimulatedExecutor) -> None:
    one, two = sim.add(Echo(), id="one"), sim.add(Echo(), id="two")
    assert one.stop() is True  # before any run: at once
    assert not one.is_alive()
    sim.start()
    two.tell("first")
    assert two.stop() is True
    assert not two.is_alive()
    assert [e.what for e in sim.trace if e.kind == "run"] == ["message 'first'"]


def test_an_item_that_is_stopped_can_stop_another_while_somebody_outside_waits(
    sim: SimulatedExecutor,
) -> None:
    other = sim.add(Echo(), id="other")
    stopped: list[Any] = []

    class Parent(taktora.Item):
        def on_stop(self) -> None:
            stopped.append(other.stop(block=False))

    parent = sim.add(Parent(), id="parent")
    sim.start()
    assert parent.stop() is True
    sim.run_until_idle()
    assert [promise.get() for promise in stopped] == [True]
    assert not other.is_alive()


@pytest.mark.rule("VIRT-15")
def test_a_readable_descriptor_wakes_its_item(sim: SimulatedExecutor) -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    try:
        got: list[bytes] = []

        class Reader(taktora.Item):
            def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
                on.fd(read)

            def execute(self, ctx: taktora.Context) -> None:
                got.append(os.read(read, 2))

        sim.add(Reader(), id="reader")
        assert sim.ready == ()
        os.write(write, b"abcd")
        assert sim.ready == ("reader",)
        sim.run_until_idle()
        assert got == [b"ab", b"cd"]
    finally:
        sim.close()
        os.close(read)
        os.close(write)


@pytest.mark.rule("VIRT-15")
def test_a_raw_listener_of_iceoryx2_is_refused(domain: str) -> None:
    import iceoryx2 as iox

    with taktora.Node(domain=domain) as node, SimulatedExecutor() as sim:
        service = node.raw.service_builder(iox.ServiceName.new("raw")).event().open_or_create()
        listener = service.listener_builder().create()

        class Raw(taktora.Item):
            def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
                on.listener(listener)

        with pytest.raises(InvalidTrigger, match="cannot wake an item in a simulation"):
            sim.add(Raw())
        listener.delete()


def test_a_closed_simulation_says_so(sim: SimulatedExecutor) -> None:
    ref = sim.add(Echo(), id="echo")
    sim.start()
    ref.tell("lost")
    sim.close()
    sim.close()
    assert [letter.message for letter in sim.dead_letters] == ["lost"]
    for act in (sim.start, lambda: sim.advance(1), sim.step, sim.run_until_idle, sim.run):
        with pytest.raises(ExecutorClosed):
            act()
    with pytest.raises(ExecutorClosed):
        sim.add(Echo())


def test_its_repr_says_what_it_is() -> None:
    with SimulatedExecutor(name="line") as sim:
        sim.add(Echo())
        assert repr(sim) == "<SimulatedExecutor 'line', 1 items, 0 workers, idle>"
        sim.start()
        assert "running" in repr(sim)
        assert repr(sim.trace) == "<Trace of 'line', 1 events, schedule tk1:>"


def test_options_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="fairness"):
        SimulatedExecutor(fairness=0)
    with pytest.raises(InvalidArgument, match="a chooser or a schedule, not both"):
        SimulatedExecutor(chooser=Fifo(), schedule="tk1:")
    with pytest.raises(InvalidArgument, match="no schedule"):
        SimulatedExecutor(schedule="nonsense")
    with SimulatedExecutor() as sim:
        sim.advance(1)
        with pytest.raises(InvalidArgument, match="is past"):
            sim.at(5, lambda: None)
