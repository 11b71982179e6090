"""pykka's promises about ``on_start``, ``on_stop``, ``on_failure`` and ``on_receive``."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import taktora
from tests.actors.conftest import LIMIT
from tests.runtimes import driven, eventually

pytestmark = [pytest.mark.rule("ACT-07"), pytest.mark.virtual]

HOOKS = ("on_start", "on_stop", "on_failure")


class Logbook:
    """Writes down which hooks ran, and raises in those it was told to."""

    def keep(self, raising: tuple[str, ...] = (), error: type[BaseException] = ValueError) -> None:
        self.log: list[str] = []
        self.threads: set[int] = set()
        self.raising, self.error = raising, error
        self.ended = threading.Event()

    def note(self, hook: str) -> None:
        self.log.append(hook)
        if hook in self.raising:
            raise self.error(hook)

    def on_start(self) -> None:
        self.note("on_start")

    def on_stop(self) -> None:
        try:
            self.note("on_stop")
        finally:
            self.ended.set()

    def on_failure(self, *info: Any) -> None:
        try:
            assert info[0] is type(info[1])
            assert info[1].__traceback__ is info[2]
            self.note("on_failure")
        finally:
            self.ended.set()


class Booked(Logbook, taktora.Actor):
    made: Booked

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.keep(*args, **kwargs)
        type(self).made = self

    def on_receive(self, message: Any) -> Any:
        self.note("on_receive")
        return message() if callable(message) else message


def boom() -> None:
    raise ValueError("boom")


def test_on_start_runs_before_the_first_message_and_on_stop_after_the_last(
    executor: taktora.Executor,
) -> None:
    ref = executor.spawn(Booked)
    ref.tell(1)
    with driven(executor):
        ref.stop(timeout=LIMIT)
    assert Booked.made.log == ["on_start", "on_receive", "on_stop"]


def test_an_actor_is_dead_when_on_stop_runs(running: taktora.Executor) -> None:
    class Looking(taktora.Actor):
        alive: bool | None = None

        def on_stop(self) -> None:
            type(self).alive = self.actor_ref.is_alive()

    running.spawn(Looking).stop(timeout=LIMIT)
    assert Looking.alive is False


def test_a_failing_message_calls_on_failure_and_not_on_stop(running: taktora.Executor) -> None:
    ref = running.spawn(Booked)
    ref.tell(boom)
    eventually(running, ref.actor_stopped)
    eventually(running, Booked.made.ended)
    assert ref.stop(timeout=LIMIT) is False
    assert Booked.made.log == ["on_start", "on_receive", "on_failure"]


def test_a_failing_on_start_ends_the_actor_without_on_failure_or_on_stop(
    running: taktora.Executor, caplog: pytest.LogCaptureFixture
) -> None:
    ref = running.spawn(Booked, ("on_start",))
    eventually(running, ref.actor_stopped)
    assert ref.stop(timeout=LIMIT) is False
    assert Booked.made.log == ["on_start"]
    assert "Unhandled exception" in caplog.text


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("hook", HOOKS)
def test_an_exception_in_a_hook_is_logged_and_only_ends_its_actor(
    running: taktora.Executor,
    hook: str,
    error: type[BaseException],
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = running.spawn(Booked)
    ref = running.spawn(Booked, (hook,), error)
    made = Booked.made
    if hook == "on_failure":
        ref.tell(boom)
    if hook == "on_stop":
        assert ref.stop(timeout=LIMIT) is True
    eventually(running, ref.actor_stopped)
    assert other.ask("alive", timeout=LIMIT) == "alive"
    if hook != "on_start":
        eventually(running, made.ended)
    assert made.log[-1] == hook
    assert other.ask(1, timeout=LIMIT) == 1
    assert any(record.exc_info for record in caplog.records)


def test_an_unexpected_message_is_only_a_warning(
    running: taktora.Executor, caplog: pytest.LogCaptureFixture
) -> None:
    class Deaf(taktora.Actor):
        pass

    ref = running.spawn(Deaf)
    assert ref.ask("hello?", timeout=LIMIT) is None
    assert "Unexpected message received" in caplog.text
    assert ref.is_alive()


def test_hooks_and_messages_of_an_actor_see_its_constructor_arguments(
    running: taktora.Executor,
) -> None:
    class Named(taktora.Actor):
        def __init__(self, name: str, *, size: int = 0) -> None:
            super().__init__()
            self.facts = (name, size)

        def on_receive(self, message: Any) -> Any:
            return self.facts

    assert running.spawn(Named, "n", size=2).ask(None, timeout=LIMIT) == ("n", 2)


class BookedItem(Logbook, taktora.Item):
    def __init__(self, *args: Any) -> None:
        self.keep(*args)

    def on_receive(self, message: Any, ctx: taktora.Context) -> Any:
        self.note("on_receive")
        return message() if callable(message) else message


def test_a_failing_item_stays_an_actor_and_ends_with_on_stop(running: taktora.Executor) -> None:
    item = BookedItem()
    ref = running.add(item, supervision=taktora.Supervision.resume())
    ref.tell(boom)
    eventually(running, item.ended)
    assert ref.ask(1, timeout=LIMIT) == 1
    assert ref.stop(timeout=LIMIT) is True
    assert item.log == ["on_start", "on_receive", "on_failure", "on_receive", "on_stop"]


def test_an_item_whose_on_start_fails_is_supervised_without_on_failure(
    executor: taktora.Executor,
) -> None:
    item = BookedItem(("on_start",))
    ref = executor.add(item, supervision=taktora.Supervision.resume())
    with driven(executor):
        assert ref.ask(1, timeout=LIMIT) == 1
    assert item.log == ["on_start", "on_receive"]


def test_closing_the_executor_calls_on_stop_of_everybody(executor: taktora.Executor) -> None:
    item = BookedItem()
    executor.add(item)
    executor.spawn(Booked)
    executor.close()
    assert item.log == ["on_stop"]
    assert Booked.made.log == ["on_stop"]


def test_a_failing_on_start_answers_what_already_waits(executor: taktora.Executor) -> None:
    ref = executor.spawn(Booked, ("on_start",))
    waiting = ref.ask(1, block=False)
    with driven(executor), pytest.raises(taktora.ActorDeadError):
        waiting.get(timeout=LIMIT)
    assert Booked.made.log == ["on_start"]


def test_a_failing_on_start_with_waiting_mail_does_not_run_an_item_twice_at_once(
    executor: taktora.Executor,
) -> None:
    busy = threading.Lock()

    class Failing(taktora.Item):
        def on_start(self) -> None:
            raise ValueError("on_start")

        def on_receive(self, message: Any, ctx: taktora.Context) -> bool:
            alone = busy.acquire(blocking=False)
            threading.Event().wait(0.001)
            if alone:
                busy.release()
            return alone

    ref = executor.add(Failing, supervision=taktora.Supervision.resume())
    answers = [ref.ask(n, block=False) for n in range(100)]
    with driven(executor):
        assert all(answer.get(timeout=LIMIT) for answer in answers)
