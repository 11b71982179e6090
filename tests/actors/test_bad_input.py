"""A bad argument raises what is documented, says which one it was, and nothing has changed."""

from __future__ import annotations

import ctypes
import io
import math
import tempfile
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import taktora
from taktora.errors import (
    DuplicateItem,
    ExecutorClosed,
    InvalidArgument,
    InvalidTrigger,
    PortClosed,
    TaktoraError,
    WrongType,
)
from taktora.time import to_nanos
from tests.actors.conftest import EchoActor

pytestmark = [pytest.mark.rule("ACT-23"), pytest.mark.virtual]

Call = Callable[[taktora.Executor], object]


def nothing() -> None: ...


def declaring(declare: Callable[[taktora.TriggerDeclarer], object]) -> taktora.Item:
    return taktora.item(nothing, triggers=declare)


def with_id(value: Any) -> taktora.Item:
    item = taktora.Item()
    item.item_id = value
    return item


class Forgetful(taktora.Actor):
    def __init__(self) -> None: ...


def needs_argument(x: int) -> taktora.Item: ...  # type: ignore[empty-body]


def adding_a_regular_file(executor: taktora.Executor) -> None:
    with tempfile.TemporaryFile() as file:
        executor.add(declaring(lambda on: on.fd(file)))


def adding_a_closed_file(executor: taktora.Executor) -> None:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.close()
    executor.add(declaring(lambda on: on.fd(file)))


DURATIONS: list[tuple[Any, type[Exception]]] = [
    (0, InvalidArgument),
    (-1, InvalidArgument),
    (-0.5, InvalidArgument),
    (timedelta(0), InvalidArgument),
    (timedelta(seconds=-1), InvalidArgument),
    (math.nan, InvalidArgument),
    (math.inf, InvalidArgument),
    (-math.inf, InvalidArgument),
    (1e12, InvalidArgument),
    (10**30, InvalidArgument),
    (timedelta.max, InvalidArgument),
    ("1", WrongType),
    (None, WrongType),
    (True, WrongType),
    (1j, WrongType),
]

CASES: dict[str, tuple[Call, type[Exception]]] = {
    # items from functions
    "item of nothing callable": (lambda e: e.add(taktora.item(5)), WrongType),  # type: ignore[arg-type]
    "item with odd triggers": (
        lambda e: e.add(taktora.item(nothing, triggers=5)),  # type: ignore[arg-type]
        WrongType,
    ),
    "item with odd id": (lambda e: e.add(taktora.item(nothing, id=5)), WrongType),  # type: ignore[arg-type]
    "item with odd app_id": (lambda e: e.add(taktora.item(nothing, app_id="x")), WrongType),  # type: ignore[arg-type]
    "item with bool app_id": (lambda e: e.add(taktora.item(nothing, app_id=True)), WrongType),
    "every with odd missed": (lambda e: taktora.every(1, missed="skip"), WrongType),  # type: ignore[arg-type]
    "every of nothing callable": (lambda e: taktora.every(1)(5), WrongType),  # type: ignore[arg-type]
    "on nothing": (lambda e: taktora.on(), WrongType),
    "on None": (lambda e: taktora.on(None), WrongType),
    "on object": (lambda e: taktora.on(object()), WrongType),
    "on a bool": (lambda e: taktora.on(True), WrongType),
    "on a bad fd": (lambda e: taktora.on(10**6), InvalidTrigger),
    # add
    "add None": (lambda e: e.add(None), WrongType),  # type: ignore[arg-type]
    "add a number": (lambda e: e.add(5), WrongType),  # type: ignore[arg-type]
    "add a plain function": (lambda e: e.add(nothing), WrongType),  # type: ignore[arg-type]
    "add a factory with parameters": (lambda e: e.add(needs_argument), WrongType),  # type: ignore[arg-type]
    "add a factory that fails": (lambda e: e.add(lambda: {}[1]), KeyError),
    "add a factory with a TypeError": (lambda e: e.add(lambda: len(5)), TypeError),  # type: ignore[arg-type,return-value]
    "add an Actor": (lambda e: e.add(EchoActor), WrongType),  # type: ignore[arg-type]
    "add with odd id": (lambda e: e.add(taktora.Item(), id=5), WrongType),  # type: ignore[arg-type]
    "add with empty id": (lambda e: e.add(taktora.Item(), id=""), InvalidArgument),
    "add with long id": (lambda e: e.add(taktora.Item(), id="x" * 256), InvalidArgument),
    "add with odd own id": (lambda e: e.add(with_id(5)), WrongType),
    "add with empty own id": (lambda e: e.add(with_id("")), InvalidArgument),
    "add with odd placement": (lambda e: e.add(taktora.Item(), placement="gpu"), InvalidArgument),
    "add with None placement": (
        lambda e: e.add(taktora.Item(), placement=None),  # type: ignore[arg-type]
        InvalidArgument,
    ),
    "add to a pool without one": (
        lambda e: e.add(taktora.Item(), placement="pool"),
        InvalidArgument,
    ),
    "add with odd supervision": (lambda e: e.add(taktora.Item(), supervision="stop"), WrongType),  # type: ignore[arg-type]
    "add with restart of nothing": (
        lambda e: e.add(taktora.Item(), supervision=taktora.Supervision.restart()),
        WrongType,
    ),
    "add with capacity 0": (lambda e: e.add(taktora.Item(), mailbox_capacity=0), InvalidArgument),
    "add with capacity 1.5": (lambda e: e.add(taktora.Item(), mailbox_capacity=1.5), WrongType),  # type: ignore[arg-type]
    "add with odd overflow": (lambda e: e.add(taktora.Item(), overflow="reject"), WrongType),  # type: ignore[arg-type]
    "add the same id": (lambda e: e.add(taktora.Item(), id="present"), DuplicateItem),
    "add whose triggers fail": (lambda e: e.add(declaring(lambda on: 1 // 0)), ZeroDivisionError),
    # spawn
    "spawn an instance": (lambda e: e.spawn(EchoActor()), WrongType),  # type: ignore[arg-type]
    "spawn an Item": (lambda e: e.spawn(taktora.Item), WrongType),  # type: ignore[type-var]
    "spawn None": (lambda e: e.spawn(None), WrongType),  # type: ignore[arg-type]
    "spawn without super().__init__()": (lambda e: e.spawn(Forgetful), WrongType),
    "spawn with odd id": (lambda e: e.spawn(EchoActor, id=b"x"), WrongType),  # type: ignore[arg-type]
    "spawn the same id": (lambda e: e.spawn(EchoActor, id="present"), DuplicateItem),
    "spawn to a pool without one": (
        lambda e: e.spawn(EchoActor, placement="pool"),
        InvalidArgument,
    ),
    # triggers
    "subscriber None": (lambda e: e.add(declaring(lambda on: on.subscriber(None))), WrongType),
    "server of nothing": (lambda e: e.add(declaring(lambda on: on.server(5))), WrongType),
    "client of nothing": (lambda e: e.add(declaring(lambda on: on.client("x"))), WrongType),
    "listener of nothing": (lambda e: e.add(declaring(lambda on: on.listener(5))), WrongType),
    "deadline of nothing": (lambda e: e.add(declaring(lambda on: on.deadline(None, 1))), WrongType),
    "interval with odd missed": (
        lambda e: e.add(declaring(lambda on: on.interval(1, missed="skip"))),  # type: ignore[arg-type]
        WrongType,
    ),
    "interval twice": (
        lambda e: e.add(declaring(lambda on: on.interval(1).interval(1))),
        InvalidTrigger,
    ),
    "fd of nothing": (lambda e: e.add(declaring(lambda on: on.fd(None))), WrongType),
    "fd of a bool": (lambda e: e.add(declaring(lambda on: on.fd(True))), WrongType),
    "fd -1": (lambda e: e.add(declaring(lambda on: on.fd(-1))), InvalidTrigger),
    "fd too large": (lambda e: e.add(declaring(lambda on: on.fd(2**70))), InvalidTrigger),
    "fd not open": (lambda e: e.add(declaring(lambda on: on.fd(10**6))), InvalidTrigger),
    "fd of a regular file": (adding_a_regular_file, InvalidTrigger),
    "fd of a closed file": (adding_a_closed_file, InvalidTrigger),
    "fd of a file in memory": (
        lambda e: e.add(declaring(lambda on: on.fd(io.StringIO()))),
        InvalidTrigger,
    ),
    # supervision and thread attributes
    "max_restarts True": (lambda e: taktora.Supervision.restart(max_restarts=True), WrongType),
    "max_restarts 1.5": (lambda e: taktora.Supervision.restart(max_restarts=1.5), WrongType),  # type: ignore[arg-type]
    "max_restarts -1": (lambda e: taktora.Supervision.restart(max_restarts=-1), InvalidArgument),
    "within 0": (lambda e: taktora.Supervision.restart(within=0), InvalidArgument),
    "backoff -1": (lambda e: taktora.Supervision.restart(backoff=-1), InvalidArgument),
    "backoff x": (lambda e: taktora.Supervision.restart(backoff="x"), WrongType),  # type: ignore[arg-type]
    "affinity x": (lambda e: taktora.ThreadAttributes(affinity="x"), WrongType),  # type: ignore[arg-type]
    "affinity 1.5": (lambda e: taktora.ThreadAttributes(affinity=1.5), WrongType),  # type: ignore[arg-type]
    "affinity empty": (lambda e: taktora.ThreadAttributes(affinity=()), InvalidArgument),
    "affinity -1": (lambda e: taktora.ThreadAttributes(affinity=-1), InvalidArgument),
    "affinity 4095": (lambda e: taktora.ThreadAttributes(affinity=[4095]), InvalidArgument),
    "name_prefix 5": (lambda e: taktora.ThreadAttributes(name_prefix=5), WrongType),  # type: ignore[arg-type]
    "name_prefix empty": (lambda e: taktora.ThreadAttributes(name_prefix=""), InvalidArgument),
    "fifo_priority 0": (lambda e: taktora.ThreadAttributes(fifo_priority=0), InvalidArgument),
    "fifo_priority 100": (lambda e: taktora.ThreadAttributes(fifo_priority=100), InvalidArgument),
    "fifo_priority True": (lambda e: taktora.ThreadAttributes(fifo_priority=True), WrongType),
    "timer_slack 0": (lambda e: taktora.ThreadAttributes(timer_slack=0), InvalidArgument),
    # running
    "run_n 0": (lambda e: e.run_n(0), InvalidArgument),
    "run_n x": (lambda e: e.run_n("x"), WrongType),  # type: ignore[arg-type]
    "run_until 5": (lambda e: e.run_until(5), WrongType),  # type: ignore[arg-type]
    "Runner of nothing": (lambda e: taktora.Runner(None), WrongType),  # type: ignore[arg-type]
}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def facts(executor: taktora.Executor) -> tuple[object, ...]:
    """Everything that a call could have changed."""
    return (
        executor.stats(),
        executor.scheduler.ask(taktora.Describe()),
        executor.dead_letters,
        descriptors(),
        threading.active_count(),
    )


def refuses(executor: taktora.Executor, call: Call, error: type[Exception]) -> None:
    executor.add(taktora.Item(), id="present")
    before = facts(executor)
    with pytest.raises(error) as caught:
        call(executor)
    assert str(caught.value)
    assert facts(executor) == before


@pytest.mark.parametrize("case", list(CASES))
def test_a_bad_argument_is_refused_and_nothing_has_changed(
    make_executor: Callable[..., taktora.Executor], case: str
) -> None:
    call, error = CASES[case]
    refuses(make_executor(), call, error)


@pytest.mark.parametrize(("value", "error"), DURATIONS)
@pytest.mark.parametrize(
    "use",
    [
        lambda e, value: to_nanos(value),
        lambda e, value: taktora.every(value),
        lambda e, value: e.add(declaring(lambda on: on.interval(value))),
        lambda e, value: e.run_for(value),
    ],
    ids=["to_nanos", "every", "interval", "run_for"],
)
def test_a_bad_duration_is_refused_and_nothing_has_changed(
    make_executor: Callable[..., taktora.Executor], use: Any, value: Any, error: type[Exception]
) -> None:
    refuses(make_executor(), lambda e: use(e, value), error)


@pytest.mark.parametrize("value", [1e300, 1e308])
def test_a_huge_float_is_out_of_range_too(value: float) -> None:
    with pytest.raises(InvalidArgument):
        to_nanos(value)


def test_a_port_of_another_kind_or_a_closed_one_is_refused(
    make_executor: Callable[..., taktora.Executor],
) -> None:
    executor = make_executor()
    channel = executor.channel("c", ctypes.c_uint64)
    subscriber, closed = channel.subscriber(), channel.subscriber()
    closed.close()
    for declare, error in (
        (lambda on: on.server(subscriber), WrongType),
        (lambda on: on.subscriber(channel), WrongType),
        (lambda on: on.subscriber(closed), PortClosed),
        (lambda on: on.deadline(closed, 1), PortClosed),
        (lambda on: on.deadline(subscriber, 0), InvalidArgument),
        (lambda on: on.subscriber(subscriber).subscriber(subscriber), InvalidTrigger),
    ):
        with pytest.raises(error):
            executor.add(declaring(declare))
    assert executor.stats().items == {}


OPTIONS: list[Any] = [
    ({"worker_threads": -1}, InvalidArgument),
    ({"worker_threads": 1.0}, WrongType),
    ({"worker_threads": True}, WrongType),
    ({"mailbox_capacity": 0}, InvalidArgument),
    ({"mailbox_capacity": None}, WrongType),
    ({"throughput": 0}, InvalidArgument),
    ({"throughput": "many"}, WrongType),
    ({"overflow": "reject"}, WrongType),
    ({"overflow": None}, WrongType),
    ({"supervision": "stop"}, WrongType),
    pytest.param(
        {"supervision": 0},
        WrongType,
    ),
    ({"supervision": taktora.Supervision}, WrongType),
    ({"thread_attributes": {}}, WrongType),
    ({"switch_interval": 0}, InvalidArgument),
    ({"switch_interval": -1}, InvalidArgument),
    ({"switch_interval": "fast"}, WrongType),
    ({"switch_interval": math.nan}, InvalidArgument),
    ({"busy_poll": -1e-6}, InvalidArgument),
    ({"busy_poll": math.inf}, InvalidArgument),
    ({"busy_poll": True}, WrongType),
    ({"handle_signals": 1}, WrongType),
    ({"allow_blocking": None}, WrongType),
    ({"observer": object()}, WrongType),
    ({"monitor": taktora.Observer()}, WrongType),
    ({"name": 5}, TaktoraError),
    ({"domain": 5}, TaktoraError),
    ({"domain": "a/b"}, ValueError),
]


@pytest.mark.parametrize(("options", "error"), OPTIONS, ids=str)
def test_a_bad_option_makes_no_executor_and_leaves_nothing(
    domain: str, options: dict[str, Any], error: type[Exception]
) -> None:
    before = (descriptors(), threading.active_count())
    with pytest.raises(error):
        taktora.Executor(**{"domain": domain, **options})
    assert (descriptors(), threading.active_count()) == before


def test_a_closed_executor_refuses_everything(
    make_executor: Callable[..., taktora.Executor],
) -> None:
    executor = make_executor()
    executor.close()
    for call in (
        lambda: executor.add(taktora.Item()),
        lambda: executor.spawn(EchoActor),
        lambda: executor.channel("c", ctypes.c_uint64),
        executor.run,
    ):
        with pytest.raises(ExecutorClosed):
            call()
