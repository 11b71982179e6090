"""pykka's promises about ``ActorRef``, on plain actors and on items."""

from __future__ import annotations

import threading
from typing import Any

import pykka
import pytest

import taktora
from tests.actors.conftest import LIMIT, EchoActor, add_echo
from tests.runtimes import driven, eventually

pytestmark = pytest.mark.virtual

Ref = taktora.ActorRef[Any]


@pytest.mark.rule("ACT-01")
def test_a_told_message_is_handled_and_tell_returns_nothing(
    running: taktora.Executor, echo: Ref
) -> None:
    handled = threading.Event()
    assert echo.tell(handled.set) is None
    eventually(running, handled)


@pytest.mark.rule("ACT-01")
def test_tell_does_not_wait_for_the_handler(echo: Ref) -> None:
    gate = threading.Event()
    echo.tell(lambda: gate.wait(LIMIT))
    echo.tell("behind it")
    gate.set()
    assert echo.ask("last", timeout=LIMIT) == "last"


@pytest.mark.rule("ACT-02")
@pytest.mark.parametrize("message", [None, 0, "text", (1, 2), {"command": "x"}, object()])
def test_a_message_may_be_anything_and_is_not_copied(echo: Ref, message: object) -> None:
    assert echo.ask(message, timeout=LIMIT) is message


@pytest.mark.rule("ACT-02")
def test_ask_without_block_returns_a_future_at_once(echo: Ref) -> None:
    gate = threading.Event()
    future = echo.ask(lambda: gate.wait(LIMIT), block=False)
    assert isinstance(future, pykka.Future)
    gate.set()
    assert future.get(timeout=LIMIT) is True


@pytest.mark.rule("ACT-02")
def test_ask_gives_up_after_its_timeout(running: taktora.Executor, echo: Ref) -> None:
    running.scheduler.ask(taktora.Pause(echo.item_id), timeout=LIMIT)
    with pytest.raises(pykka.Timeout):
        echo.ask("hello", timeout=0.01)


@pytest.mark.rule("ACT-02")
def test_an_exception_in_an_ask_goes_to_the_asker_and_the_actor_lives_on(echo: Ref) -> None:
    error = ValueError("mine")

    def boom() -> None:
        raise error

    with pytest.raises(ValueError, match="mine") as caught:
        echo.ask(boom, timeout=LIMIT)
    assert caught.value is error
    assert echo.ask(1, timeout=LIMIT) == 1
    assert echo.is_alive()


@pytest.mark.rule("ACT-02")
def test_an_exception_in_an_ask_is_logged_too(echo: Ref, caplog: pytest.LogCaptureFixture) -> None:
    def boom() -> None:
        raise ValueError("unheard")

    with caplog.at_level("INFO", logger="taktora"):
        echo.ask(boom, block=False)
        echo.ask("later", timeout=LIMIT)
    assert any("Exception returned" in record.message for record in caplog.records)


@pytest.mark.rule("ACT-03")
def test_an_actor_is_alive_until_it_has_stopped(echo: Ref) -> None:
    assert echo.is_alive()
    echo.stop(timeout=LIMIT)
    assert not echo.is_alive()


@pytest.mark.rule("ACT-03")
def test_a_dead_actor_refuses_tell_ask_and_proxy(echo: Ref) -> None:
    echo.stop(timeout=LIMIT)
    for call in (lambda: echo.tell(1), lambda: echo.ask(1), echo.proxy):
        with pytest.raises(pykka.ActorDeadError):
            call()
    with pytest.raises(pykka.ActorDeadError):
        echo.ask(1, block=False).get()
    with pytest.raises(pykka.ActorDeadError):
        pykka.ActorProxy(actor_ref=echo)


@pytest.mark.rule("ACT-04")
def test_stop_is_true_when_it_stopped_and_false_when_it_was_dead(echo: Ref) -> None:
    assert echo.stop(timeout=LIMIT) is True
    assert echo.stop(timeout=LIMIT) is False
    assert echo.stop(block=False).get(timeout=LIMIT) is False


@pytest.mark.rule("ACT-04")
def test_stop_is_true_for_everybody_who_asked_while_it_was_being_stopped(echo: Ref) -> None:
    gate = threading.Event()
    echo.tell(lambda: gate.wait(LIMIT))
    futures = [echo.stop(block=False) for _ in range(3)]
    gate.set()
    assert [future.get(timeout=LIMIT) for future in futures] == [True, True, True]


@pytest.mark.rule("ACT-04")
def test_messages_before_stop_are_handled_and_messages_after_it_are_refused(echo: Ref) -> None:
    gate = threading.Event()
    echo.tell(lambda: gate.wait(LIMIT))
    before = [echo.ask(n, block=False) for n in range(50)]
    stopped = echo.stop(block=False)
    with pytest.raises(taktora.ActorDeadError):  # pykka: after it stopped; ours: at once
        echo.tell("after")
    after = echo.ask("after", block=False)
    gate.set()
    assert pykka.get_all(before, timeout=LIMIT) == list(range(50))
    assert stopped.get(timeout=LIMIT) is True
    with pytest.raises(taktora.ActorDeadError):
        after.get(timeout=LIMIT)


@pytest.mark.rule("ACT-04")
def test_stop_times_out_as_ask_does_and_still_stops(running: taktora.Executor, echo: Ref) -> None:
    running.scheduler.ask(taktora.Pause(echo.item_id), timeout=LIMIT)
    with pytest.raises(taktora.AskTimeout):
        echo.stop(timeout=0.01)
    running.scheduler.tell(taktora.Resume(echo.item_id))
    eventually(running, echo.actor_stopped)


@pytest.mark.rule("ACT-04")
def test_an_actor_can_stop_itself(running: taktora.Executor) -> None:
    class Tired(taktora.Actor):
        def on_receive(self, message: Any) -> None:
            self.stop()

    ref = running.spawn(Tired)
    ref.tell(1)
    eventually(running, ref.actor_stopped)


@pytest.mark.rule("ACT-03")
def test_a_ref_knows_class_urn_inbox_and_stopped_flag(echo: Ref) -> None:
    assert issubclass(echo.actor_class, taktora.Actor)
    assert echo.actor_urn.startswith("urn:uuid:")
    assert echo.actor_inbox.empty()
    assert not echo.actor_stopped.is_set()
    assert isinstance(echo, pykka.ActorRef)


@pytest.mark.rule("ACT-09")
def test_actors_are_not_in_pykkas_registry_and_stop_all_leaves_them_alone(echo: Ref) -> None:
    assert pykka.ActorRegistry.get_by_urn(echo.actor_urn) is None
    pykka.ActorRegistry.stop_all(timeout=LIMIT)
    assert echo.ask("alive", timeout=LIMIT) == "alive"


@pytest.mark.rule("ACT-09")
def test_an_actor_is_started_by_an_executor_only() -> None:
    with pytest.raises(taktora.TaktoraError, match=r"executor\.spawn"):
        EchoActor.start()


@pytest.mark.rule("ACT-01")
def test_what_is_told_before_the_run_waits_for_it(executor: taktora.Executor, kind: str) -> None:
    ref = add_echo(executor, kind)
    early = ref.ask("early", block=False)
    assert not early.done
    with driven(executor):
        assert early.get(timeout=LIMIT) == "early"
