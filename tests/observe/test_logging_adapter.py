"""What an executor does, as log records with facts, on every runtime."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from taktora import Context, Executor, Observer, Supervision
from taktora.errors import InvalidArgument, ItemFailed, WrongType
from taktora.observe.tracing import LoggingObserver
from tests.executor.parts import Part

pytestmark = pytest.mark.virtual

Make = Callable[..., Executor]


@pytest.fixture
def make(make_executor: Make, workers: int, caplog: pytest.LogCaptureFixture) -> Make:
    caplog.set_level(logging.DEBUG, logger="taktora")

    def make(seen: LoggingObserver | None = None, **options: Any) -> Executor:
        seen = seen or LoggingObserver()
        return make_executor(worker_threads=workers, observer=seen, monitor=seen, **options)

    return make


def records(caplog: pytest.LogCaptureFixture, name: str = "taktora.trace") -> list[Any]:
    return [record for record in caplog.records if record.name == name]


class App(Part):
    app_id = 7


@pytest.mark.rule("OBS-40")
def test_an_execution_is_a_record_with_its_facts(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    executor = make()
    executor.add(App([], "a", every=0.005, act=lambda ctx: ctx.send_event("hello")))
    executor.run_n(1)
    seen = records(caplog)
    assert [record.levelno for record in seen] == [logging.DEBUG] * 6
    up, start, event, executed, stop, down = seen
    assert (up.getMessage(), down.getMessage()) == ("executor is up", "executor is down")
    assert (start.item_id, start.app_id) == ("a", 7)
    assert (event.item_id, event.event) == ("a", "hello")
    assert (executed.item_id, executed.composition, executed.ok) == ("a", None, True)
    assert executed.took_ns >= 0
    assert executed.at_ns > 0
    assert executed.getMessage() == f"a executed in {executed.took_ns / 1e6:.3f} ms"
    assert stop.item_id == "a"


@pytest.mark.rule("OBS-41")
def test_a_failure_is_an_error_with_its_traceback_once(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    executor = make()
    executor.add_chain(
        [Part([], "a", every=0.005), Part([], "b", error=ValueError("no")), Part([], "c")],
        id="line",
    )
    with pytest.raises(ItemFailed):
        executor.run()
    failed, ended = [r for r in records(caplog) if r.levelno == logging.ERROR]
    assert failed.getMessage() == "item 'b' (part of 'line') failed: ValueError('no')"
    assert (failed.item_id, failed.composition) == ("b", "line")
    assert failed.exc_info[0] is ValueError
    assert not ended.exc_info, "the traceback is in the log already"
    (executed,) = [r for r in records(caplog) if getattr(r, "ok", True) is False]
    assert executed.getMessage().startswith("b failed after ")


@pytest.mark.rule("OBS-40")
def test_runs_of_chains_say_how_they_ended_and_who_was_cancelled(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    executor = make()
    executor.add_chain(
        [Part([], "a", every=0.005), Part([], "b", error=ValueError("no")), Part([], "c")],
        id="line",
    )
    with pytest.raises(ItemFailed):
        executor.run()
    texts = [record.getMessage() for record in records(caplog)]
    assert texts.index("line begins run 1") < texts.index("c is cancelled")
    assert texts.index("c is cancelled") < texts.index("line ends run 1: failed")
    (ended,) = [record for record in records(caplog) if hasattr(record, "outcome")]
    assert (ended.composition, ended.run, ended.outcome) == ("line", 1, "failed")


@pytest.mark.rule("OBS-42")
@pytest.mark.real("an execution that takes real time")
def test_a_fault_is_one_warning_on_its_own_logger_with_or_without_observer(
    make: Make, make_executor: Make, caplog: pytest.LogCaptureFixture
) -> None:
    for executor in (make(), make_executor()):
        caplog.clear()
        ref = executor.add(Part([], "a", every=0.002, budget=1e-9))
        executor.run_n(1)
        (fault,) = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert fault.name == "taktora.fault"
        assert (fault.item_id, fault.reason, fault.budget_ns) == ("a", "budget", 1)
        assert fault.took_ns > 1
        ref.clear_fault()


@pytest.mark.rule("OBS-42")
@pytest.mark.real("an execution that takes real time")
def test_the_end_of_a_fault_is_logged_beside_it(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    executor = make()
    ref = executor.add(Part([], "a", every=0.002, budget=1e-9))
    executor.run_n(1)
    ref.clear_fault()
    _, cleared = records(caplog, "taktora.fault")
    assert (cleared.levelno, cleared.item_id) == (logging.INFO, "a")
    assert cleared.getMessage() == "the fault of item 'a' is over"


@pytest.mark.rule("OBS-41")
def test_a_dead_letter_is_a_warning(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    executor = make()
    executor.add(Part([], "a")).tell("lost")
    executor.close()
    (letter,) = [r for r in records(caplog) if r.levelno == logging.WARNING]
    assert (letter.item_id, letter.reason, letter.answered) == ("a", "actor stopped", False)
    assert letter.getMessage() == "'lost' for a is a dead letter: actor stopped"


@pytest.mark.rule("OBS-43")
def test_nothing_is_formatted_when_the_level_is_off(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    class Untouchable:
        def __repr__(self) -> str:
            raise AssertionError("formatted")

    executor = make(supervision=Supervision.resume())
    executor.add(App([], "a", every=0.005, act=lambda ctx: ctx.send_event(Untouchable())))
    executor.add_chain([Part([], "b", every=0.005, error=ValueError("no")), Part([], "c")])
    caplog.set_level(logging.INFO, logger="taktora.trace")
    executor.run_n(2)
    assert {record.levelno for record in records(caplog)} == {logging.ERROR}
    assert not [r for r in caplog.records if "raised; further" in r.getMessage()]


@pytest.mark.rule("OBS-43")
def test_logger_and_level_are_the_users_to_choose(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    executor = make(LoggingObserver(logging.getLogger("taktora.mine"), "info"))
    executor.add(Part([], "a", every=0.005))
    executor.run_n(1)
    assert {record.levelno for record in records(caplog, "taktora.mine")} == {logging.INFO}
    assert not records(caplog)
    assert repr(LoggingObserver(level=5)) == "LoggingObserver('taktora.trace', Level 5)"


@pytest.mark.rule("OBS-43")
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"logger": 3}, WrongType),
        ({"level": "loud"}, InvalidArgument),
        ({"level": 1.5}, WrongType),
        ({"level": True}, WrongType),
    ],
)
def test_a_logger_or_level_that_cannot_be_is_refused(options: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        LoggingObserver(**options)


def test_every_hook_of_an_observer_has_its_record() -> None:
    hooks = {name for name in vars(Observer) if name.startswith("on_")}
    assert hooks <= vars(LoggingObserver).keys()


def test_item_ids_in_records_are_those_of_the_context(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    ids: list[str] = []

    def act(ctx: Context) -> None:
        ids.append(ctx.item_id)

    executor = make()
    executor.add_chain([Part([], "a", every=0.005, act=act), Part([], "b", act=act)], id="line")
    executor.run_n(1)
    done = [record.item_id for record in records(caplog) if hasattr(record, "took_ns")]
    assert done[:2] == ids[:2] == ["a", "b"]
