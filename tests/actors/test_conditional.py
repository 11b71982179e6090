"""The gate in front of an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import ControlFlow, conditional
from taktora.errors import ItemFailed, WrongType
from tests.runtimes import driven

pytestmark = pytest.mark.virtual

CONTINUE, STOP_CHAIN = ControlFlow.CONTINUE, ControlFlow.STOP_CHAIN


class Full(taktora.Item):
    """Has everything that an item can have, and writes down what is called."""

    def __init__(self) -> None:
        self.item_id = "full"
        self.app_id = 7
        self.app_instance_id = 8
        self.calls: list[Any] = []

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.interval(0.005)

    def execute(self, ctx: taktora.Context) -> ControlFlow | None:
        self.calls.append("execute")
        return None

    def on_receive(self, message: Any, ctx: taktora.Context) -> Any:
        self.calls.append(message)
        return f"re: {message}"

    def on_start(self) -> None:
        self.calls.append("start")

    def on_stop(self) -> None:
        self.calls.append("stop")

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        self.calls.append(exception_type)

    def reset(self) -> None:
        self.calls.append("reset")


class Flow(taktora.Item):
    """Runs another item and writes down each result."""

    def __init__(self, inner: taktora.Item) -> None:
        self.inner = inner
        self.seen: list[Any] = []

    def execute(self, ctx: taktora.Context) -> None:
        self.seen.append(self.inner.execute(ctx))


def results(executor: taktora.Executor, item: taktora.Item, times: int) -> list[Any]:
    flow = Flow(item)
    ref = executor.add(flow)
    for _ in range(times):
        ref.tell("go")
    executor.run_until(lambda: len(flow.seen) == times)
    return flow.seen


@pytest.mark.rule("COND-01")
@pytest.mark.parametrize("result", [None, CONTINUE, STOP_CHAIN])
def test_the_item_executes_only_where_the_predicate_holds(
    executor: taktora.Executor, result: ControlFlow | None
) -> None:
    ran: list[int] = []
    holds = iter([True, False, 1, 0, "yes", ""])

    def work() -> ControlFlow | None:
        ran.append(1)
        return result

    gate = conditional(taktora.item(work), lambda: next(holds))
    assert results(executor, gate, 6) == [result, STOP_CHAIN] * 3
    assert len(ran) == 3


@pytest.mark.rule("COND-01")
def test_otherwise_is_the_result_where_it_does_not_hold(executor: taktora.Executor) -> None:
    gate = conditional(taktora.item(lambda: STOP_CHAIN), lambda: False, otherwise=CONTINUE)
    assert results(executor, gate, 1) == [CONTINUE]


@pytest.mark.rule("COND-01")
def test_a_predicate_may_look_at_the_context(executor: taktora.Executor) -> None:
    ran: list[str] = []
    ticks = taktora.item(
        lambda ctx: ran.append(ctx.triggers[0].kind), triggers=lambda on: on.interval(0.005)
    )
    ref = executor.add(conditional(ticks, lambda ctx: ctx.triggers[0].kind == "message"))
    executor.run_n(3)
    assert ran == []
    ref.tell("now")
    executor.run_until(lambda: ran)
    assert ran == ["message"]


@pytest.mark.rule("COND-01")
def test_gates_nest(executor: taktora.Executor) -> None:
    for outer, inner in ((True, True), (True, False), (False, True)):
        ran: list[int] = []
        gate = conditional(
            conditional(taktora.item(lambda ran=ran: ran.append(1)), lambda inner=inner: inner),
            lambda outer=outer: outer,
        )
        results(executor, gate, 1)
        assert len(ran) == (outer and inner)


@pytest.mark.rule("COND-02")
def test_in_everything_else_the_gate_is_the_item(executor: taktora.Executor) -> None:
    full = Full()
    gate = conditional(full, lambda: True)
    assert gate.item is full
    assert (gate.item_id, gate.app_id, gate.app_instance_id) == ("full", 7, 8)
    ref = executor.add(gate, id="ignored")
    assert ref.item_id == "full"
    with driven(executor):
        assert ref.ask("hello", timeout=10) == "re: hello"
    executor.run_until(lambda: "execute" in full.calls)
    ref.stop()
    assert full.calls[0] == "start"
    assert full.calls[-1] == "stop"


@pytest.mark.rule("COND-02")
def test_a_gate_publishes_what_its_item_says(executor: taktora.Executor) -> None:
    full = Full()
    full.publishes = ("elsewhere",)
    executor.add(conditional(full, lambda: True))
    assert [(edge.source, edge.target) for edge in executor.topology().edges] == [
        ("full", "elsewhere")
    ]


@pytest.mark.rule("COND-02")
def test_ids_that_are_set_on_the_gate_are_the_items() -> None:
    full = Full()
    gate = conditional(full, lambda: True)
    gate.item_id, gate.app_id, gate.app_instance_id, gate.publishes = "new", 1, 2, ()
    assert (full.item_id, full.app_id, full.app_instance_id) == ("new", 1, 2)
    assert full.publishes == gate.publishes == ()


@pytest.mark.rule("COND-02", "COND-03")
def test_a_failure_reaches_the_item_and_restarts_it_with_its_reset(
    make_executor: Callable[..., taktora.Executor], workers: int
) -> None:
    executor = make_executor(
        worker_threads=workers,
        supervision=taktora.Supervision.restart(max_restarts=3, within=60, backoff=0.001),
    )
    full = Full()
    broken = iter([True])

    def predicate() -> bool:
        if next(broken, False):
            raise LookupError("planted")
        return True

    executor.add(conditional(full, predicate))
    executor.run_until(lambda: "execute" in full.calls)
    assert full.calls[:4] == ["start", LookupError, "reset", "execute"]


@pytest.mark.rule("COND-02")
def test_a_gate_has_a_reset_only_if_its_item_has_one(executor: taktora.Executor) -> None:
    policy = taktora.Supervision.restart()
    with pytest.raises(WrongType, match="cannot be restarted"):
        executor.add(conditional(taktora.item(lambda: None), lambda: True), supervision=policy)
    executor.add(conditional(Full(), lambda: True), supervision=policy)


@pytest.mark.rule("COND-03")
def test_a_predicate_that_raises_fails_the_item(executor: taktora.Executor) -> None:
    ran: list[int] = []

    def predicate() -> bool:
        raise LookupError("no such thing")

    item = taktora.item(lambda: ran.append(1), id="gated")
    executor.add(conditional(item, predicate)).tell("go")
    with pytest.raises(ItemFailed, match="'gated' failed: LookupError: no such thing"):
        executor.run_n(1)
    assert ran == []


@pytest.mark.rule("COND-04")
def test_a_message_passes_the_gate_of_an_item_that_executes_on_messages(
    executor: taktora.Executor,
) -> None:
    ran: list[int] = []
    holds = iter([False, True])
    ref = executor.add(conditional(taktora.item(lambda: ran.append(1)), lambda: next(holds)))
    with driven(executor):
        ref.ask("go", timeout=10)
        assert ran == []
        ref.ask("go", timeout=10)
    assert ran == [1]


async def coroutine() -> bool:
    return True


@pytest.mark.rule("COND-05")
@pytest.mark.parametrize(
    "make",
    [
        lambda: conditional(taktora.Item, lambda: True),  # type: ignore[arg-type]
        lambda: conditional(print, lambda: True),  # type: ignore[arg-type]
        lambda: conditional(taktora.Item(), True),  # type: ignore[arg-type]
        lambda: conditional(taktora.Item(), None),  # type: ignore[arg-type]
        lambda: conditional(taktora.Item(), coroutine),
        lambda: conditional(taktora.Item(), lambda a, b: True),
        lambda: conditional(taktora.Item(), lambda: True, otherwise=None),  # type: ignore[arg-type]
        lambda: conditional(taktora.Item(), lambda: True, otherwise="stop"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_work_is_refused_at_once(make: Callable[[], Any]) -> None:
    with pytest.raises(WrongType):
        make()


def test_a_gate_says_what_it_is() -> None:
    assert repr(conditional(taktora.item(print), lambda: True)) == "<conditional <Item print>>"
