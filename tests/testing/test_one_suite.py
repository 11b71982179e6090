"""The suite of the executor runs on the simulated one, and cannot quietly cease to."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import taktora
from taktora.testing import SimulatedExecutor
from tests.runtimes import RUNTIMES, driven, eventually, spend

TESTS = Path(__file__).parent.parent
ROOMS = ("actors", "executor", "observe")
FIXTURES = {"executor", "make_executor", "running", "echo", "ref", "proxy", "workers", "make"}


def marks_of(holder: Any) -> set[str]:
    marks = getattr(holder, "pytestmark", [])
    return {mark.name for mark in (marks if isinstance(marks, list) else [marks])}


def virtual_tests() -> list[str]:
    """Test functions that are run on the virtual runtimes too, as ``conftest`` decides it."""
    found = []
    for room in ROOMS:
        for path in sorted((TESTS / room).glob("test_*.py")):
            if "pytest.mark.virtual" not in path.read_text():
                continue
            module = pytest.importorskip(f"tests.{room}.{path.stem}")
            for name, function in vars(module).items():
                if not name.startswith("test_") or not isinstance(function, FunctionType):
                    continue
                marks = marks_of(module) | marks_of(function)
                wanted = FIXTURES & set(inspect.signature(function).parameters)
                if "virtual" in marks and "real" not in marks and wanted:
                    found.append(f"{room}/{path.stem}::{name}")
    return found


@pytest.mark.rule("VIRT-40")
def test_most_of_the_suite_runs_on_a_simulation_too() -> None:
    found = virtual_tests()
    assert len(found) >= 200
    assert sum("/test_pykka_" in name for name in found) >= 35
    assert {name for name, one in RUNTIMES.items() if one.virtual} == {"virtual", "virtual-pool"}


@pytest.mark.rule("VIRT-40")
@pytest.mark.virtual
def test_a_marked_test_gets_a_simulated_executor_on_the_virtual_runtimes(
    executor: Any, request: pytest.FixtureRequest
) -> None:
    virtual = "virtual" in request.node.callspec.params["runtime"]
    assert isinstance(executor, SimulatedExecutor) is virtual


@pytest.mark.rule("VIRT-41")
@pytest.mark.virtual
def test_a_predicate_that_raises_is_told_to_the_observer_and_the_next_run_is_a_new_one(
    make_executor: Any, workers: int
) -> None:
    class Heard(taktora.Observer):
        def __init__(self) -> None:
            self.errors: list[BaseException] = []

        def on_executor_error(self, error: BaseException) -> None:
            self.errors.append(error)

    heard = Heard()
    executor = make_executor(worker_threads=workers, observer=heard)
    ran: list[int] = []
    executor.add(taktora.item(lambda: ran.append(1), triggers=lambda on: on.interval(0.005)))
    error = LookupError("planted")

    def predicate() -> bool:
        if ran:
            raise error
        return False

    with pytest.raises(LookupError, match="planted"):
        executor.run_until(predicate)
    assert heard.errors == [error]
    assert not executor.running
    before = len(ran)
    executor.run_n(2)
    assert len(ran) == before + 2


@pytest.mark.rule("VIRT-42")
def test_time_that_an_execution_spent_is_on_its_clock_at_once() -> None:
    executor = SimulatedExecutor(None)
    seen: list[int] = []

    def work() -> None:
        seen.append(executor.now_ns)
        spend(executor, 0.25)
        seen.append(executor.now_ns)

    ref = executor.add(taktora.item(work))
    with driven(executor):
        ref.tell("go")
        eventually(executor, lambda: seen)
    assert seen == [0, 250_000_000]
    assert executor.now_ns >= 250_000_000
    executor.close()


@pytest.mark.rule("VIRT-43")
def test_a_simulated_answer_can_be_awaited() -> None:
    executor = SimulatedExecutor()

    class Echo(taktora.Actor):
        def on_receive(self, message: Any) -> Any:
            return message

    ref = executor.spawn(Echo)

    async def main() -> tuple[Any, Any]:
        answer = ref.ask(20, block=False)
        return await answer.map(lambda number: number + 1), await answer

    assert asyncio.run(main()) == (21, 20)
    executor.close()
