"""The ways to write an item, and what their ids become."""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Any

import pytest

import taktora
from taktora.errors import DuplicateItem, WrongType
from tests.actors.conftest import LIMIT
from tests.runtimes import eventually

pytestmark = pytest.mark.virtual

Executor = taktora.Executor


def run_once(executor: Executor, item: Any) -> None:
    executor.add(item).tell("go")
    executor.run_n(1)


@pytest.mark.rule("ACT-21")
def test_a_subclass_gets_the_context(executor: Executor) -> None:
    seen: list[taktora.Context] = []

    class Mine(taktora.Item):
        def execute(self, ctx: taktora.Context) -> None:
            seen.append(ctx)

    run_once(executor, Mine())
    assert seen[0].item_id == "item-0"
    assert [(fired.kind, fired.source) for fired in seen[0].triggers] == [("message", "go")]


@pytest.mark.rule("ACT-21")
def test_execute_without_a_parameter_is_fine_in_every_form(executor: Executor) -> None:
    ran: list[str] = []

    class Mine(taktora.Item):
        def execute(self) -> None:  # type: ignore[override]
            ran.append("subclass")

    class Callable:
        def __call__(self) -> None:
            ran.append("object")

    for item in (
        Mine(),
        Mine,
        taktora.item(lambda: ran.append("lambda")),
        taktora.item(Callable()),
        taktora.item(functools.partial(ran.append, "partial")),
    ):
        run_once(executor, item)
    assert ran == ["subclass", "subclass", "lambda", "object", "partial"]


@pytest.mark.rule("ACT-21")
def test_a_parameter_with_a_default_keeps_it(executor: Executor) -> None:
    seen: list[int] = []
    for n in range(3):
        run_once(executor, taktora.item(lambda n=n: seen.append(n)))
    assert seen == [0, 1, 2]


@pytest.mark.rule("ACT-21")
def test_a_method_and_a_function_with_more_optional_parameters_get_the_context(
    executor: Executor,
) -> None:
    seen: list[object] = []

    class Holder:
        def work(self, ctx: taktora.Context) -> None:
            seen.append(type(ctx).__mro__[-2])

    def more(ctx: taktora.Context, factor: int = 2, *, extra: int = 1) -> None:
        seen.append((factor, extra))

    def anything(*args: Any) -> None:
        seen.append(len(args))

    for function in (Holder().work, more, anything):
        run_once(executor, taktora.item(function))
    assert seen == [taktora.Context, (2, 1), 1]


@pytest.mark.rule("ACT-21")
def test_every_makes_an_item_that_runs_on_its_interval(executor: Executor) -> None:
    ticks: list[int | None] = []

    @taktora.every(0.005)
    def tick(ctx: taktora.Context) -> None:
        ticks.append(ctx.scheduled_ns)

    executor.add(tick)
    executor.run_until(lambda: len(ticks) >= 3)
    assert None not in ticks
    assert isinstance(tick, taktora.Item)


@pytest.mark.rule("ACT-21")
def test_on_makes_an_item_that_runs_when_any_of_its_sources_fires(executor: Executor) -> None:
    seen: list[tuple[str, object]] = []
    channel = executor.channel("numbers", ctypes.c_uint64)
    subscriber = channel.subscriber()
    reading, writing = os.pipe()
    try:

        @taktora.on(subscriber, reading)
        def look(ctx: taktora.Context) -> None:
            for fired in ctx.triggers:
                if fired.kind == "fd":
                    os.read(reading, 1)
                else:
                    list(subscriber)
                seen.append((fired.kind, fired.source))

        executor.add(look)
        channel.publisher().send_copy(1)
        executor.run_until(lambda: ("subscriber", subscriber) in seen)
        os.write(writing, b"x")
        executor.run_until(lambda: ("fd", reading) in seen)
    finally:
        executor.close()
        os.close(reading)
        os.close(writing)


@pytest.mark.rule("ACT-21")
def test_a_decorated_function_can_still_be_called() -> None:
    @taktora.every(1)
    def double(x: int = 0) -> Any:
        return 2 * x

    assert double(4) == 8


@pytest.mark.rule("ACT-21")
def test_triggers_are_declared_once_when_the_item_is_added(executor: Executor) -> None:
    declared: list[object] = []
    item = taktora.item(lambda: None, triggers=declared.append)
    assert declared == []
    executor.add(item)
    assert len(declared) == 1
    assert isinstance(declared[0], taktora.TriggerDeclarer)


async def coroutine(ctx: Any) -> None: ...


class AsyncItem(taktora.Item):
    async def execute(self, ctx: Any) -> None: ...  # type: ignore[override]


class AsyncCallable:
    async def __call__(self) -> None: ...


async def generator(ctx: Any) -> Any:
    yield


@pytest.mark.rule("ACT-21", "ACT-23")
@pytest.mark.parametrize(
    "make",
    [
        lambda: taktora.item(coroutine),
        lambda: taktora.item(functools.partial(coroutine, None)),
        lambda: taktora.item(AsyncCallable()),
        lambda: taktora.item(generator),
        lambda: taktora.every(1)(coroutine),
        AsyncItem,
    ],
)
def test_an_async_execute_is_refused(executor: Executor, make: Any) -> None:
    with pytest.raises(WrongType, match="async"):
        executor.add(make())
    assert executor.stats().items == {}


@pytest.mark.rule("ACT-21", "ACT-23")
@pytest.mark.parametrize(
    "function", [lambda a, b: None, lambda *, ctx: None, lambda ctx, *, needed: None]
)
def test_an_execute_that_needs_more_than_a_context_is_refused(function: Any) -> None:
    with pytest.raises(WrongType, match="context, or nothing"):
        taktora.item(function)


# --- ids ------------------------------------------------------------------------------------------


class Named(taktora.Item):
    item_id = "own"


@pytest.mark.rule("ACT-22")
def test_ones_own_id_wins_over_the_argument_and_that_over_an_assigned_one(
    executor: Executor,
) -> None:
    assert executor.add(Named(), id="argument").item_id == "own"
    assert executor.add(taktora.Item(), id="argument").item_id == "argument"
    assert executor.add(taktora.item(lambda: None, id="named")).item_id == "named"
    assigned = [executor.add(taktora.Item()).item_id for _ in range(3)]
    assert len({*assigned, "own", "argument", "named"}) == 6


@pytest.mark.rule("ACT-22")
def test_an_id_may_be_an_instance_attribute_or_a_property(executor: Executor) -> None:
    class Computed(taktora.Item):
        @property
        def item_id(self) -> str:  # type: ignore[override]
            return "computed"

    plain = taktora.Item()
    plain.item_id = "instance"
    assert executor.add(Computed()).item_id == "computed"
    assert executor.add(plain).item_id == "instance"
    assert executor.ref("computed") is not None


@pytest.mark.rule("ACT-22")
def test_an_assigned_id_avoids_those_that_are_taken(executor: Executor) -> None:
    executor.add(taktora.Item(), id="item-0")
    executor.add(taktora.Item(), id="item-1")
    assert executor.add(taktora.Item()).item_id not in ("item-0", "item-1")


@pytest.mark.rule("ACT-22")
def test_the_same_object_or_id_twice_is_refused_until_the_first_is_gone(
    executor: Executor,
) -> None:
    item = taktora.Item()
    ref = executor.add(item, id="a")
    for again in (lambda: executor.add(item, id="b"), lambda: executor.add(taktora.Item(), id="a")):
        with pytest.raises(DuplicateItem):
            again()
    assert ref.stop() is True
    assert executor.add(item, id="a").is_alive()


@pytest.mark.rule("ACT-22")
def test_one_factory_makes_as_many_items_as_it_is_added(executor: Executor) -> None:
    refs = [executor.add(taktora.Item) for _ in range(3)]
    assert len({ref.item_id for ref in refs}) == 3


@pytest.mark.rule("ACT-22")
def test_an_item_that_stopped_by_itself_during_a_run_is_forgotten(running: Executor) -> None:
    ref = running.add(taktora.Item(), id="a")
    assert ref.stop(timeout=LIMIT) is True
    eventually(running, lambda: running.ref("a") is None)  # the answer may be faster than the news
    assert running.stats().items == {}
    assert running.add(taktora.Item(), id="a").is_alive()
