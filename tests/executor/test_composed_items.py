"""Signals, slots and gates where they are meant to be: inside chains and graphs, on every runtime."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

import taktora
from taktora import ControlFlow, Executor, TakePolicy, conditional, signal_slot

from .parts import Part

pytestmark = pytest.mark.virtual


def numbers_into(executor: Executor, count: int) -> taktora.SlotItem:
    """A slot in front of which the numbers from 0 wait."""
    signal, slot = signal_slot.pair(executor, "numbers", ctypes.c_uint32)
    for number in range(count):
        signal.publisher.send_copy(number)
    return slot


@pytest.mark.rule("SIG-05")
@pytest.mark.parametrize("policy", TakePolicy)
def test_a_slot_at_the_head_starts_a_run_for_each_take(
    executor: Executor, policy: TakePolicy
) -> None:
    log: list[Any] = []
    slot = numbers_into(executor, 3).take(policy)
    slot.after_recv(lambda payload: log.append(payload.value))
    executor.add_chain([slot, Part(log, "next")])
    runs = 3 if policy is TakePolicy.SINGLE else 1
    executor.run_until(lambda: log.count("next") >= runs)
    executor.run_for(0.02)
    assert log == ([0, "next", 1, "next", 2, "next"] if runs == 3 else [0, 1, 2, "next"])


@pytest.mark.rule("SIG-06")
def test_a_slot_that_says_no_ends_the_run_and_the_rest_starts_another(executor: Executor) -> None:
    log: list[Any] = []
    slot = numbers_into(executor, 4).take(TakePolicy.ALL)

    @slot.after_recv
    def even_only(payload: Any) -> bool:
        log.append(payload.value)
        return payload.value != 1

    executor.add(slot >> Part(log, "next"))
    executor.run_until(lambda: "next" in log)
    executor.run_for(0.02)
    assert log == [0, 1, 2, 3, "next"]


@pytest.mark.rule("SIG-03")
def test_a_signal_that_says_no_ends_the_run(executor: Executor) -> None:
    log: list[Any] = []
    signal, slot = signal_slot.pair(executor, "numbers", ctypes.c_uint32)
    count = iter(range(100))

    @signal.before_send
    def every_second(payload: Any) -> bool:
        payload.value = next(count)
        return payload.value % 2 == 1

    executor.add_chain([Part(log, "head", every=0.005), signal, Part(log, "sent")])
    executor.run_n(6)
    assert log == ["head", "head", "sent"] * 3
    assert [sample.payload.value for sample in slot.subscriber] == [1, 3, 5]


@pytest.mark.rule("SIG-01")
def test_a_chain_that_ends_in_a_signal_starts_one_that_begins_with_its_slot(
    executor: Executor,
) -> None:
    signal, slot = signal_slot.pair(executor, "numbers", ctypes.c_uint32)
    count = iter(range(1000))
    seen: list[int] = []
    signal.before_send(lambda payload: setattr(payload, "value", next(count)))
    slot.after_recv(lambda payload: seen.append(payload.value))
    log: list[Any] = []
    executor.add(Part(log, "source", every=0.002) >> signal)
    executor.add(slot >> Part(log, "sink"))
    executor.run_until(lambda: log.count("sink") >= 20)
    assert seen == list(range(len(seen)))


@pytest.mark.rule("COND-01")
@pytest.mark.parametrize("otherwise", ControlFlow)
def test_a_closed_gate_ends_the_run_or_leaves_its_item_out(
    executor: Executor, otherwise: ControlFlow
) -> None:
    log: list[Any] = []
    gate = conditional(Part(log, "gated"), lambda: len(log) > 3, otherwise)
    executor.add_chain([Part(log, "head", every=0.005), gate, Part(log, "tail")])
    executor.run_until(lambda: log[-3:] == ["head", "gated", "tail"])
    closed = log[: log.index("gated") - 1]
    once = ["head"] if otherwise is ControlFlow.STOP_CHAIN else ["head", "tail"]
    assert closed
    assert closed == once * (len(closed) // len(once))


@pytest.mark.rule("COND-02")
def test_a_gate_at_the_head_has_its_items_triggers_and_id(executor: Executor) -> None:
    log: list[Any] = []
    opened = iter([False, True])
    gate = conditional(Part(log, "head", every=0.005), lambda: next(opened, False))
    executor.add(gate >> [Part(log, "left"), Part(log, "right")])
    executor.run_n(4)
    assert log[0] == "head"
    assert sorted(log) == ["head", "left", "right"]
    assert executor.ref("head") is not None
