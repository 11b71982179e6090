"""An exception, whatever its class, is the business of its own item and its own executor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pykka
import pytest

import taktora
from taktora.errors import WrongType
from tests.actors.conftest import LIMIT, EchoActor, EchoItem
from tests.runtimes import driven, eventually

pytestmark = pytest.mark.virtual

Make = Callable[..., taktora.Executor]
RESUME, RESTART = taktora.Supervision.resume(), taktora.Supervision.restart
ERRORS = [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit]


class Bystander(pykka.ThreadingActor):
    """Somebody else's actor in the same process."""

    def on_receive(self, message: Any) -> Any:
        return message


def raiser(error: type[BaseException], done: threading.Event) -> Callable[[], None]:
    def boom() -> None:
        done.set()
        raise error("boom")

    return boom


def fail_in(
    executor: taktora.Executor, what: str, how: str, boom: Callable[[], None]
) -> Callable[[], None]:
    """Make ``boom`` be called by a plain actor, an item's ``on_receive`` or an ``execute``."""
    if what == "execute":
        ref: Any = executor.add(taktora.item(boom))
    else:
        ref = executor.spawn(EchoActor) if what == "actor" else executor.add(EchoItem())

    def fail() -> None:
        if how == "told":
            ref.tell(boom)
            return
        with pytest.raises((ValueError, SystemExit, KeyboardInterrupt, GeneratorExit)):
            ref.ask(boom, timeout=LIMIT)

    return fail


Way = tuple[str, str]
WAYS: list[Way] = [
    (what, how) for what in ("actor", "item", "execute") for how in ("told", "asked")
]


@pytest.fixture
def bystander() -> Iterator[pykka.ActorRef[Any]]:
    theirs = Bystander.start()
    yield theirs
    assert theirs.ask("alive", timeout=LIMIT) == "alive"
    theirs.stop(timeout=LIMIT)


@pytest.mark.rule("ACT-08")
@pytest.mark.parametrize(("what", "how"), WAYS)
@pytest.mark.real("worker threads")
def test_an_exception_kills_no_worker_and_stops_nobody_else(
    make_executor: Make, workers: int, bystander: Any, what: str, how: str
) -> None:
    executor = make_executor(worker_threads=workers, supervision=RESUME)
    neighbour = executor.spawn(EchoActor)
    done = threading.Event()
    fail = fail_in(executor, what, how, raiser(ValueError, done))
    with driven(executor):
        threads = {t for t in threading.enumerate() if "-worker-" in t.name}
        assert len(threads) == workers
        fail()
        eventually(executor, done)
        for n in range(2 * workers + 2):
            assert neighbour.ask(n, timeout=LIMIT) == n
        assert all(thread.is_alive() for thread in threads)


@pytest.mark.rule("ACT-08")
@pytest.mark.parametrize("error", ERRORS[1:])
@pytest.mark.parametrize("way", WAYS, ids="-".join)
@pytest.mark.real("a Runner per executor")
def test_an_exit_or_interrupt_ends_the_run_of_its_executor_and_nothing_else(
    make_executor: Make, workers: int, bystander: Any, way: Way, error: type[BaseException]
) -> None:
    what, how = way
    executor = make_executor(worker_threads=workers, supervision=RESUME)
    elsewhere = make_executor()
    neighbour, foreign = executor.spawn(EchoActor), elsewhere.spawn(EchoActor)
    fail = fail_in(executor, what, how, raiser(error, threading.Event()))
    with taktora.Runner(elsewhere):
        runner = taktora.Runner(executor)
        fail()
        runner._finished.wait(LIMIT)
        with pytest.raises(error):
            runner.stop()
        assert foreign.ask("x", timeout=LIMIT) == "x"
    assert neighbour.is_alive()
    with driven(executor):
        assert neighbour.ask("again", timeout=LIMIT) == "again"


@pytest.mark.rule("ACT-19")
def test_stop_ends_the_run_with_the_item_and_the_cause(
    executor: taktora.Executor,
) -> None:
    error = ValueError("why")

    def execute() -> None:
        raise error

    ref = executor.add(taktora.item(execute, id="bad"))
    ref.tell(1)
    with pytest.raises(taktora.ItemFailed, match="bad") as caught:
        executor.run()
    assert caught.value.__cause__ is error
    assert caught.value.item_id == "bad"
    assert ref.is_alive()


@pytest.mark.rule("ACT-19")
@pytest.mark.parametrize("error", ERRORS[1:])
@pytest.mark.parametrize(
    "policy", [taktora.Supervision.stop(), RESUME, RESTART()], ids=["stop", "resume", "restart"]
)
def test_every_supervision_ends_the_run_with_an_exit_or_interrupt_itself(
    executor: taktora.Executor, error: type[BaseException], policy: taktora.Supervision
) -> None:
    ref = executor.add(lambda: taktora.item(raiser(error, threading.Event())), supervision=policy)
    ref.tell(1)
    with pytest.raises(error):
        executor.run()
    assert not executor.running


@pytest.mark.rule("ACT-19")
@pytest.mark.real("threads that wait for one another")
def test_stop_lets_running_executions_finish(make_executor: Make) -> None:
    executor = make_executor(worker_threads=2)
    inside, finished = threading.Event(), threading.Event()

    def slow() -> None:
        inside.set()
        failed.wait(LIMIT)
        finished.set()

    class Failing(taktora.Item):
        def execute(self) -> None:
            inside.wait(LIMIT)
            raise ValueError

        def on_failure(self, *_: object) -> None:
            failed.set()

    failed = threading.Event()
    executor.add(taktora.item(slow)).tell(1)
    executor.add(Failing()).tell(1)
    with pytest.raises(taktora.ItemFailed):
        executor.run()
    assert finished.is_set()


@pytest.mark.rule("ACT-19")
def test_resume_drops_what_failed_and_keeps_the_state(executor: taktora.Executor) -> None:
    class Counting(taktora.Item):
        count = 0
        failures: list[str]

        def on_receive(self, message: Any, ctx: taktora.Context) -> int:
            self.count += 1
            if message == "bad":
                raise ValueError("bad")
            return self.count

        def on_failure(self, kind: Any, value: Any, traceback: Any) -> None:
            assert kind is ValueError
            assert traceback is not None
            self.failures = [str(value)]

    item = Counting()
    ref = executor.add(item, id="c", supervision=RESUME)
    with driven(executor):
        ref.tell("bad")
        assert ref.ask("good", timeout=LIMIT) == 2
    assert item.failures == ["bad"]
    assert executor.stats()["c"].failures == 1


class Fragile(taktora.Item):
    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.number = type(self).made

    def on_receive(self, message: Any, ctx: taktora.Context) -> int:
        if message == "bad":
            raise ValueError("bad")
        return self.number


@pytest.mark.rule("ACT-19")
def test_restart_builds_a_new_item_from_its_factory_and_goes_on_with_the_mail(
    executor: taktora.Executor,
) -> None:
    Fragile.made = 0
    ref = executor.add(Fragile, supervision=RESTART())
    ref.tell("bad")
    behind = ref.ask("good", block=False)
    with driven(executor):
        assert behind.get(timeout=LIMIT) == 2
        assert ref.proxy().number.get(timeout=LIMIT) == 2


@pytest.mark.rule("ACT-19")
def test_restart_resets_an_item_that_can_be_reset(executor: taktora.Executor) -> None:
    class Resettable(Fragile):
        def reset(self) -> None:
            self.number = 100

    ref = executor.add(Resettable(), supervision=RESTART())
    with driven(executor):
        ref.tell("bad")
        assert ref.ask("good", timeout=LIMIT) == 100


@pytest.mark.rule("ACT-19")
def test_more_restarts_than_allowed_end_the_run(executor: taktora.Executor) -> None:
    Fragile.made = 0
    ref = executor.add(Fragile, id="f", supervision=RESTART(max_restarts=2, within=60))
    for _ in range(5):
        ref.tell("bad")
    with pytest.raises(taktora.ItemFailed) as caught:
        executor.run()
    assert caught.value.item_id == "f"
    assert Fragile.made == 3
    assert executor.stats()["f"].mailbox_depth == 2


@pytest.mark.rule("ACT-19")
def test_back_off_doubles_the_pause_before_each_restart(executor: taktora.Executor) -> None:
    at: list[int] = []

    class Timed(taktora.Item):
        def execute(self, ctx: taktora.Context) -> None:
            at.append(ctx.now_ns)
            raise ValueError

    ref = executor.add(Timed, supervision=RESTART(backoff=0.02))
    for _ in range(3):
        ref.tell(1)
    executor.run_until(lambda: len(at) == 3)
    assert at[1] - at[0] >= 20_000_000
    assert at[2] - at[1] >= 40_000_000


@pytest.mark.rule("ACT-19")
@pytest.mark.parametrize("error", ERRORS)
def test_a_rebuild_that_fails_is_supervised_again(
    executor: taktora.Executor, error: type[BaseException]
) -> None:
    made: list[int] = []

    def make() -> taktora.Item:
        made.append(1)
        if len(made) > 1:
            raise error
        return Fragile()

    ref = executor.add(make, supervision=RESTART(max_restarts=2))
    ref.tell("bad")
    with pytest.raises(taktora.ItemFailed if error is ValueError else error):
        executor.run()
    # an exit is a wish to end, not a failure to live with: no further attempt
    assert len(made) == (3 if error is ValueError else 2)


@pytest.mark.rule("ACT-08")
def test_a_plain_actor_cannot_be_built_anew_and_ends(executor: taktora.Executor) -> None:
    strict = executor.spawn(EchoActor)
    assert strict.stop() is True
    with pytest.raises(taktora.ActorDeadError):
        strict.ask(1)


@pytest.mark.rule("ACT-20")
@pytest.mark.parametrize("nonsense", [True, 0, "continue", object(), taktora.ControlFlow])
def test_an_execute_that_returns_nonsense_fails_naming_its_item(
    executor: taktora.Executor, nonsense: Any
) -> None:
    executor.add(taktora.item(lambda: nonsense, id="odd")).tell(1)
    with pytest.raises(taktora.ItemFailed) as caught:
        executor.run()
    cause = caught.value.__cause__
    assert isinstance(cause, WrongType)
    assert isinstance(cause, TypeError)
    assert "'odd'" in str(cause)


@pytest.mark.rule("ACT-20")
@pytest.mark.parametrize("flow", [None, *taktora.ControlFlow])
def test_none_and_every_control_flow_are_fine_results(
    executor: taktora.Executor, flow: Any
) -> None:
    ref = executor.add(taktora.item(lambda: flow, id="fine"))
    ref.tell(1)
    executor.run_n(1)
    assert executor.stats()["fine"].failures == 0
