"""pykka's promises about ``Future``, as in its docstrings, on :class:`taktora.Promise`."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pykka
import pytest

import taktora
from tests.actors.conftest import LIMIT

pytestmark = pytest.mark.rule("ACT-05")


def settled(value: Any) -> taktora.Promise[Any]:
    promise: taktora.Promise[Any] = taktora.Promise()
    promise.set(value)
    return promise


def test_the_value_can_be_had_many_times() -> None:
    promise = settled("a")
    assert [promise.get(), promise.get(), promise.get(timeout=0)] == ["a", "a", "a"]


def test_set_without_a_value_is_none() -> None:
    promise = taktora.Promise[None]()
    promise.set()
    assert promise.get() is None


@pytest.mark.parametrize("timeout", [0, 0.0, -1, 0.01, timedelta(milliseconds=10)])
def test_a_wait_that_is_too_long_is_a_timeout_of_everybodys_kind(timeout: Any) -> None:
    with pytest.raises(taktora.AskTimeout) as caught:
        taktora.Promise[int]().get(timeout=timeout)
    assert isinstance(caught.value, pykka.Timeout)
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize(
    ("timeout", "error"), [("1", taktora.errors.WrongType), (float("nan"), ValueError)]
)
def test_a_timeout_that_is_no_duration_is_refused(timeout: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        taktora.Promise[int]().get(timeout=timeout)


def test_everybody_who_waits_gets_the_value() -> None:
    promise: taktora.Promise[int] = taktora.Promise()
    got: list[int] = []
    waiting = [threading.Thread(target=lambda: got.append(promise.get())) for _ in range(5)]
    for thread in waiting:
        thread.start()
    promise.set(7)
    for thread in waiting:
        thread.join(LIMIT)
    assert got == [7] * 5


@pytest.mark.parametrize(
    "settle",
    [
        lambda p: p.set(2),
        lambda p: p.set_exception((ValueError, ValueError(), None)),
        lambda p: p.fail(ValueError()),
        lambda p: p.set_get_hook(lambda _: 2),
    ],
)
def test_settling_twice_is_queue_full_and_changes_nothing(settle: Any) -> None:
    promise = settled(1)
    with pytest.raises(queue.Full):
        settle(promise)
    assert promise.get() == 1


def test_a_derived_future_cannot_be_set() -> None:
    promise: taktora.Promise[int] = taktora.Promise()
    promise.set_get_hook(lambda _: 3)
    with pytest.raises(queue.Full):
        promise.set(1)
    with pytest.raises(queue.Full):
        promise.set_exception((ValueError, ValueError(), None))
    assert promise.get() == 3


def test_set_exception_takes_the_one_being_handled() -> None:
    promise: taktora.Promise[int] = taktora.Promise()
    try:
        raise NameError("foo")
    except NameError as error:
        handled = error
        promise.set_exception()
    with pytest.raises(NameError, match="foo") as caught:
        promise.get()
    assert caught.value is handled


@pytest.mark.parametrize("value", [NameError("foo"), None])
def test_set_exception_takes_exc_info(value: Exception | None) -> None:
    promise: taktora.Promise[int] = taktora.Promise()
    promise.set_exception(exc_info=(NameError, value, None))
    with pytest.raises(NameError):
        promise.get()


def test_the_traceback_leads_to_where_it_was_raised_and_does_not_grow() -> None:
    promise: taktora.Promise[int] = taktora.Promise()
    try:
        raise NameError("foo")
    except NameError:
        promise.set_exception()
        origin = sys.exc_info()[2]

    def depth() -> int:
        try:
            promise.get()
        except NameError as error:
            frame, count = error.__traceback__, 0
            seen = False
            while frame is not None:
                seen = seen or frame is origin
                frame, count = frame.tb_next, count + 1
            assert seen
            return count
        raise AssertionError

    assert depth() == depth() == depth()


def test_a_get_hook_gets_the_timeout_and_is_called_once() -> None:
    promise: taktora.Promise[int] = taktora.Promise()
    calls: list[float | None] = []

    def hook(timeout: float | None) -> int:
        calls.append(timeout)
        return 30

    promise.set_get_hook(hook)
    assert not calls
    assert promise.get(timeout=1.5) == 30
    assert promise.get() == 30
    assert calls == [1.5]


def test_filter_as_in_its_docstring() -> None:
    f: taktora.Promise[Any] = taktora.Promise()
    g = f.filter(lambda x: x > 10)
    assert isinstance(g, taktora.Promise)
    f.set(range(5, 15))
    assert f.get() == range(5, 15)
    assert g.get() == [11, 12, 13, 14]
    assert g.get() == [11, 12, 13, 14]


def test_filter_and_reduce_of_something_that_is_no_iterable_are_type_errors() -> None:
    with pytest.raises(TypeError):
        settled(1).filter(bool).get()
    with pytest.raises(TypeError):
        settled(1).reduce(lambda x, y: x + y).get()


def test_join_as_in_its_docstring() -> None:
    f1, f2, f3 = (taktora.Promise[Any]() for _ in range(3))
    f = f1.join(f2, f3)
    f1.set("abc")
    f2.set(123)
    f3.set(False)
    assert f.get() == ["abc", 123, False]


def test_map_as_in_its_docstring() -> None:
    f: taktora.Promise[Any] = taktora.Promise()
    g = f.map(lambda x: x + 10)
    f.set(30)
    assert g.get() == 40
    assert settled({"foo": "bar"}).map(lambda x: x["foo"]).get() == "bar"
    assert settled([1, 2, 3]).map(len).get() == 3  # the whole value, not each


@pytest.mark.parametrize(
    ("value", "initial", "result"),
    [(["a", "b", "c"], (), "abc"), ([1, 2, 3], (), 6), ([1, 2, 3], (5,), 11), ([], (5,), 5)],
)
def test_reduce_as_in_its_docstring(value: Any, initial: Any, result: Any) -> None:
    f: taktora.Promise[Any] = taktora.Promise()
    g = f.reduce(lambda x, y: x + y, *initial)
    f.set(value)
    assert g.get() == result


def test_derived_futures_can_be_derived_from_and_pass_the_timeout_on() -> None:
    f: taktora.Promise[Any] = taktora.Promise()
    g = f.filter(lambda x: x % 2).map(sum)
    with pytest.raises(pykka.Timeout):
        g.get(timeout=0.01)
    f.set([1, 2, 3])
    assert g.get() == 4


def test_get_all_collects_in_order() -> None:
    assert pykka.get_all([settled(n) for n in range(4)]) == [0, 1, 2, 3]


def test_a_future_can_be_awaited_whether_settled_derived_or_failed() -> None:
    async def main() -> list[Any]:
        failed: taktora.Promise[Any] = taktora.Promise()
        failed.fail(ValueError("x"))
        with pytest.raises(ValueError, match="x"):
            await failed
        return [await settled(1), await settled(2).map(lambda x: x + 1)]

    assert asyncio.run(main()) == [1, 3]


def test_done_callbacks_run_once_before_or_after_settling() -> None:
    seen: list[Any] = []
    promise: taktora.Promise[int] = taktora.Promise()
    promise.add_done_callback(lambda p: seen.append(p.get()))
    assert seen == []
    promise.set(4)
    promise.add_done_callback(lambda p: seen.append(p.get() + 1))
    assert seen == [4, 5]


def test_a_done_callback_that_raises_is_logged_and_the_others_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[int] = []
    promise: taktora.Promise[int] = taktora.Promise()
    promise.add_done_callback(lambda _: 1 // 0 and None)
    promise.add_done_callback(lambda p: seen.append(p.get()))
    promise.set(4)
    promise.add_done_callback(lambda _: 1 // 0 and None)
    assert seen == [4]
    assert sum("done callback" in record.message for record in caplog.records) == 2


@pytest.mark.parametrize("func", [lambda x: x + 1, lambda x: x // 0])
def test_a_derived_future_is_done_and_calls_back_once_somebody_had_its_result(func: Any) -> None:
    source: taktora.Promise[int] = taktora.Promise()
    derived = source.map(func)
    seen: list[object] = []
    derived.add_done_callback(seen.append)
    with pytest.raises(pykka.Timeout):
        derived.get(timeout=0)
    source.set(1)
    assert not seen
    for _ in range(2):
        with suppress(ZeroDivisionError):
            assert derived.get() == 2
    assert seen == [derived]
    assert derived.done
