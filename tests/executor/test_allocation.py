"""Dispatch allocates nothing that stays: a run of a year has the memory of its first second."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora.memory import AllocationGuard

WARM_UP = 5_000
DISPATCHES = 100_000
RUNS = 20_000  # of a chain or graph of four: 80,000 executions


class Counting(taktora.Item):
    """Counts its executions; ``leak`` plants what must be caught."""

    def __init__(self, leak: list[object] | None = None) -> None:
        self.count = 0
        self.leak = leak

    def counted(self) -> None:
        self.count += 1
        if self.leak is not None:
            self.leak.append(object())


class Told(Counting):
    """Goes on because it tells itself."""

    def on_receive(self, message: Any, ctx: taktora.Context) -> None:
        self.counted()
        ctx.self_ref.tell(message)


class Woken(Counting):
    """Goes on because its descriptor stays readable: one execution per wake-up."""

    def __init__(self, fd: int, leak: list[object] | None = None) -> None:
        super().__init__(leak)
        self.fd = fd

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.fd(self.fd)

    def execute(self) -> None:  # type: ignore[override]
        os.eventfd_read(self.fd)
        self.counted()


class Fed(Counting):
    """Goes on because it sends itself the next payload through shared memory."""

    def __init__(self, channel: taktora.Channel) -> None:
        super().__init__()
        self.publisher, self.subscriber = channel.publisher(), channel.subscriber()

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.subscriber(self.subscriber)

    def execute(self) -> None:  # type: ignore[override]
        for sample in self.subscriber:
            self.counted()
            number = sample.payload.value
        self.publisher.send_copy(number + 1)


def hold_to_flat(
    executor: taktora.Executor, item: Counting, rounds: int = DISPATCHES
) -> AllocationGuard:
    """Warm up, then so many more rounds under the guard."""
    with AllocationGuard() as guard:
        executor.run_until(lambda: item.count >= WARM_UP)
        guard.mark()
        until = item.count + rounds
        executor.run_until(lambda: item.count >= until)
    print(guard.report)
    return guard


@pytest.fixture(params=[0, 1], ids=["inline", "pool-1"])
def executor(
    request: pytest.FixtureRequest, make_executor: Callable[..., taktora.Executor]
) -> taktora.Executor:
    return make_executor(worker_threads=request.param)


@pytest.mark.rule("MEM-24")
def test_a_hundred_thousand_messages_stay_flat(executor: taktora.Executor) -> None:
    item = Told()
    executor.add(item).tell("on")
    assert hold_to_flat(executor, item).report.flat


@pytest.mark.rule("MEM-24")
def test_a_hundred_thousand_wake_ups_stay_flat(executor: taktora.Executor) -> None:
    fd = os.eventfd(10 * DISPATCHES, os.EFD_SEMAPHORE)
    item = Woken(fd)
    executor.add(item)
    try:
        assert hold_to_flat(executor, item).report.flat
    finally:
        executor.close()
        os.close(fd)


@pytest.mark.rule("MEM-24")
def test_a_hundred_thousand_payloads_stay_flat(executor: taktora.Executor) -> None:
    item = Fed(executor.channel("round", ctypes.c_uint64))
    executor.add(item)
    item.publisher.send_copy(0)
    assert hold_to_flat(executor, item).report.flat


class Last(Counting):
    """The last node of a chain or graph; goes on because it tells the whole."""

    whole: taktora.CompositionRef

    def execute(self, ctx: taktora.Context) -> None:  # type: ignore[override]
        self.counted()
        ctx.emit(ctx.input)
        self.whole.tell(self.count)


def pass_on(ctx: taktora.Context) -> None:
    ctx.emit(ctx.input)


@pytest.mark.rule("MEM-24")
@pytest.mark.parametrize("shape", ["chain", "diamond"])
def test_many_runs_of_a_composition_stay_flat(executor: taktora.Executor, shape: str) -> None:
    last = Last()
    a, b, c = (taktora.item(pass_on) for _ in "abc")
    last.whole = executor.add(a >> b >> c >> last if shape == "chain" else a >> [b, c] >> last)
    last.whole.tell(0)
    assert hold_to_flat(executor, last, RUNS).report.flat


class Late(Told):
    """Breaks its budget every time."""

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.budget(1e-9)


@pytest.mark.rule("MEM-24", "FAULT-04")
def test_many_overruns_stay_flat(executor: taktora.Executor) -> None:
    item = Late()
    ref = executor.add(item, id="late")
    ref.tell("on")
    assert hold_to_flat(executor, item, RUNS).report.flat
    assert ref.fault is not None
    assert executor.stats()["late"].overruns == item.count


@pytest.mark.rule("MEM-24")
@pytest.mark.parametrize("shape", ["chain", "diamond"])
def test_a_composition_that_leaks_is_caught(executor: taktora.Executor, shape: str) -> None:
    last = Last(leak=[])
    a, b, c = (taktora.item(pass_on) for _ in "abc")
    last.whole = executor.add(a >> b >> c >> last if shape == "chain" else a >> [b, c] >> last)
    last.whole.tell(0)
    with pytest.raises(taktora.errors.MemoryGrew):
        hold_to_flat(executor, last, RUNS)


@pytest.mark.rule("MEM-24")
def test_an_item_that_leaks_is_caught(executor: taktora.Executor) -> None:
    item = Told(leak=[])
    executor.add(item).tell("on")
    with pytest.raises(taktora.errors.MemoryGrew):
        hold_to_flat(executor, item)
