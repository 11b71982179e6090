"""Everybody who asks is answered: by the actor, by its end, or by the reason why it cannot be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pykka
import pytest

import taktora
from taktora.actors.inbox import Inbox
from taktora.errors import BlockingInActor, ExecutorNotRunning
from tests.actors.conftest import LIMIT, EchoActor, EchoItem, add_echo
from tests.runtimes import driven, eventually

pytestmark = pytest.mark.virtual

Ref = taktora.ActorRef[Any]
Make = Callable[..., taktora.Executor]


class StoppedInTheGap(EchoActor):
    """Ends between "is it alive?" and "put", once armed."""

    armed = False

    @staticmethod
    def _create_actor_inbox() -> Inbox:
        class Gap(Inbox):
            __slots__ = ()

            def put(self, message: Any) -> Any:
                if StoppedInTheGap.armed:
                    StoppedInTheGap.armed = False
                    StoppedInTheGap.ref.stop(timeout=LIMIT)
                return super().put(message)

        return Gap()

    ref: Ref


@pytest.mark.rule("ACT-12")
@pytest.mark.parametrize("how", ["ask", "ask with timeout", "future", "tell"])
@pytest.mark.real("a race")
def test_an_actor_that_stops_between_the_look_and_the_put_answers(
    running: taktora.Executor, how: str
) -> None:
    StoppedInTheGap.ref = ref = running.spawn(StoppedInTheGap)
    calls: dict[str, Callable[[], Any]] = {
        "ask": lambda: ref.ask(1),
        "ask with timeout": lambda: ref.ask(1, timeout=LIMIT),
        "future": lambda: ref.ask(1, block=False).get(timeout=LIMIT),
        "tell": lambda: ref.tell(1),
    }
    StoppedInTheGap.armed = True
    with pytest.raises(taktora.ActorDeadError):
        calls[how]()


@pytest.mark.rule("ACT-12")
@pytest.mark.real("threads that race")
def test_asks_that_race_with_stop_are_all_answered(running: taktora.Executor, kind: str) -> None:
    for _ in range(20):
        ref = add_echo(running, kind)
        futures: list[taktora.Promise[Any]] = []
        start = threading.Barrier(3)

        def ask(ref: Ref = ref, futures: list[Any] = futures, start: Any = start) -> None:
            start.wait(LIMIT)
            futures.extend(ref.ask(n, block=False) for n in range(20))

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        start.wait(LIMIT)
        ref.stop(timeout=LIMIT)
        for thread in threads:
            thread.join(LIMIT)
        for future in futures:
            with suppress(taktora.ActorDeadError):
                future.get(timeout=LIMIT)
        assert len(futures) == 40


@pytest.mark.rule("ACT-12")
def test_a_message_behind_the_one_that_ends_its_actor_is_answered(
    running: taktora.Executor,
) -> None:
    ref = running.spawn(EchoActor)
    gate = threading.Event()

    def fail() -> None:
        gate.wait(LIMIT)
        raise ValueError("the end")

    ref.tell(fail)
    behind = [ref.ask(n, block=False) for n in range(5)]
    stopping = ref.stop(block=False)
    gate.set()
    for future in behind:
        with pytest.raises(taktora.ActorDeadError):
            future.get(timeout=LIMIT)
    assert stopping.get(timeout=LIMIT) is True


@pytest.mark.rule("ACT-12", "ACT-18")
def test_close_answers_what_waits_and_counts_it(executor: taktora.Executor, kind: str) -> None:
    ref = add_echo(executor, kind)
    futures = [ref.ask(n, block=False) for n in range(3)]
    ref.tell("told")
    executor.close()
    for future in futures:
        with pytest.raises(taktora.ActorDeadError):
            future.get(timeout=LIMIT)
    letters = executor.dead_letters
    assert [letter.message for letter in letters] == [0, 1, 2, "told"]
    assert [letter.answered for letter in letters] == [True, True, True, False]
    assert {letter.reason for letter in letters} == {"actor stopped"}


@pytest.mark.rule("ACT-12")
def test_a_removed_item_answers_what_waits(running: taktora.Executor) -> None:
    ref = running.add(EchoItem(), id="a")
    gate = threading.Event()
    ref.tell(lambda: gate.wait(LIMIT))
    future = ref.ask(1, block=False)
    running.scheduler.tell(taktora.Pause("a"))
    running.scheduler.tell(taktora.Remove("a"))
    gate.set()
    with suppress(taktora.ActorDeadError):
        assert future.get(timeout=LIMIT) == 1
    eventually(running, ref.actor_stopped)


@pytest.mark.rule("ACT-04")
def test_stop_while_nothing_runs_is_done_at_once(executor: taktora.Executor, kind: str) -> None:
    ref = add_echo(executor, kind)
    waiting = ref.ask(1, block=False)
    assert ref.stop() is True
    assert ref.stop() is False
    with pytest.raises(taktora.ActorDeadError):
        waiting.get(timeout=LIMIT)
    assert not ref.is_alive()
    assert executor.stats().items == {}


@pytest.mark.rule("ACT-13")
@pytest.mark.real("in a simulation, waiting is running")
def test_an_ask_that_nobody_would_answer_is_refused_and_not_sent(
    executor: taktora.Executor, kind: str
) -> None:
    ref = add_echo(executor, kind)
    before = executor.stats()
    with pytest.raises(ExecutorNotRunning, match="Runner"):
        ref.ask(1)
    assert executor.stats() == before


@pytest.mark.rule("ACT-13")
@pytest.mark.real("in a simulation, waiting is running")
def test_an_ask_with_a_timeout_waits_for_a_run_that_long(
    executor: taktora.Executor, kind: str
) -> None:
    ref = add_echo(executor, kind)
    with pytest.raises(taktora.AskTimeout) as caught:
        ref.ask(1, timeout=0.01)
    assert isinstance(caught.value, pykka.Timeout)
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.rule("ACT-13")
@pytest.mark.parametrize("how", ["ask", "stop"])
@pytest.mark.real("a thread that waits")
def test_whoever_waits_when_the_run_ends_is_not_left_hanging(make_executor: Make, how: str) -> None:
    executor = make_executor(worker_threads=1)
    ref = executor.add(EchoItem(), id="a")
    runner = taktora.Runner(executor)
    executor.scheduler.ask(taktora.Pause("a"))  # its mail waits
    outcome: list[object] = []

    def wait() -> None:
        try:
            outcome.append(ref.ask(1) if how == "ask" else ref.stop())
        except taktora.TaktoraError as error:
            outcome.append(type(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    while ref.actor_inbox.empty():
        executor.scheduler.ask(taktora.Describe(), timeout=LIMIT)
    runner.stop()
    waiting.join(LIMIT)
    assert outcome == [ExecutorNotRunning if how == "ask" else True]


@pytest.mark.rule("ACT-13")
def test_the_scheduler_answers_at_rest_too(executor: taktora.Executor) -> None:
    executor.add(EchoItem(), id="a")
    description = executor.scheduler.ask(taktora.Describe())
    assert [actor.actor_id for actor in description.actors] == ["a"]


@pytest.mark.rule("ACT-14")
@pytest.mark.parametrize("how", ["ask", "get", "stop"])
def test_waiting_on_a_thread_that_runs_actors_is_refused(
    running: taktora.Executor, how: str
) -> None:
    other = running.add(EchoItem(), id="other")
    ref = running.spawn(EchoActor)
    never: taktora.Promise[int] = taktora.Promise()
    calls: dict[str, Callable[[], Any]] = {
        "ask": lambda: other.ask("x"),
        "get": never.get,
        "stop": other.stop,
    }
    with pytest.raises(BlockingInActor, match="add_done_callback"):
        ref.ask(calls[how], timeout=LIMIT)
    assert other.is_alive()
    assert other.ask("y", timeout=LIMIT) == "y"
    assert running.stats()["other"].count <= 1  # what was refused was not sent


@pytest.mark.rule("ACT-14")
def test_looking_without_waiting_is_allowed_everywhere(echo: Ref) -> None:
    done: taktora.Promise[int] = taktora.Promise()
    done.set(1)
    assert echo.ask(done.get, timeout=LIMIT) == 1
    with pytest.raises(taktora.AskTimeout):
        echo.ask(lambda: taktora.Promise[int]().get(timeout=0), timeout=LIMIT)


@pytest.mark.rule("ACT-14")
@pytest.mark.real("a thread that waits")
def test_allow_blocking_lets_one_pool_actor_wait_for_another(make_executor: Make) -> None:
    executor = make_executor(worker_threads=2, allow_blocking=True)
    first, second = executor.spawn(EchoActor), executor.add(EchoItem())
    with driven(executor):
        assert first.ask(lambda: second.ask("x"), timeout=LIMIT) == "x"


@pytest.mark.rule("ACT-15")
def test_a_continuation_goes_on_with_the_answer(running: taktora.Executor) -> None:
    second = running.add(EchoItem())
    got: taktora.Promise[Any] = taktora.Promise()

    def go_on() -> str:
        second.ask("x", block=False).add_done_callback(lambda p: got.set(p.get() + "y"))
        return "asked"

    assert running.spawn(EchoActor).ask(go_on, timeout=LIMIT) == "asked"
    eventually(running, lambda: got.done)
    assert got.get() == "xy"


@pytest.mark.rule("ACT-15")
def test_a_continuation_that_raises_harms_nobody(executor: taktora.Executor) -> None:
    ref = executor.spawn(EchoActor)
    gate = threading.Event()

    def boom(_: Any) -> None:
        raise ValueError

    with driven(executor):
        future = ref.ask(lambda: gate.wait(LIMIT), block=False)
        future.add_done_callback(boom)
        gate.set()
        assert ref.ask(1, timeout=LIMIT) == 1


@pytest.mark.rule("ACT-15", "VIRT-12")
def test_an_answer_and_what_is_derived_from_it_can_be_awaited(echo: Ref) -> None:
    async def main() -> tuple[Any, Any]:
        answer = echo.ask("x", block=False)
        return await answer.map(lambda text: text + "y"), await answer

    assert asyncio.run(main()) == ("xy", "x")


@pytest.mark.rule("ACT-15")
@pytest.mark.real("an event loop that goes on meanwhile")
def test_awaiting_an_answer_does_not_block_the_event_loop(echo: Ref) -> None:
    async def main() -> bool:
        gate = threading.Event()
        answer = echo.ask(lambda: gate.wait(LIMIT), block=False)

        async def release() -> None:
            gate.set()

        result, _ = await asyncio.gather(_await(answer), release())
        return bool(result)

    async def _await(promise: taktora.Promise[Any]) -> Any:
        return await promise

    assert asyncio.run(main()) is True


@pytest.mark.rule("ACT-15")
@pytest.mark.real("an event loop that goes on meanwhile")
def test_an_answer_that_comes_after_its_event_loop_closed_harms_nobody(echo: Ref) -> None:
    gate = threading.Event()
    answer = echo.ask(lambda: gate.wait(LIMIT), block=False)

    async def give_up() -> None:
        async def wait() -> Any:
            return await answer

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wait(), 0.01)

    asyncio.run(give_up())
    gate.set()
    assert answer.get(timeout=LIMIT) is True
    assert echo.ask(1, timeout=LIMIT) == 1


@pytest.mark.rule("ACT-02")
def test_a_blocking_ask_from_the_main_thread_is_answered(echo: Ref) -> None:
    assert echo.ask("x") == "x"
    assert echo.stop() is True
