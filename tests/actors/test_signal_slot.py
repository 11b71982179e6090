"""Signal and slot: what is sent, what is received, and when a chain would end."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import taktora
from taktora import ControlFlow, SignalItem, SlotItem, TakePolicy, signal_slot
from taktora.errors import (
    ItemFailed,
    PayloadTooLarge,
    PortClosed,
    PortLimitReached,
    UnsupportedPayload,
    WrongType,
)

pytestmark = pytest.mark.virtual

CONTINUE, STOP_CHAIN = ControlFlow.CONTINUE, ControlFlow.STOP_CHAIN


class Speed(ctypes.Structure):
    _fields_ = [("left", ctypes.c_int32), ("right", ctypes.c_int32)]


class Flow(taktora.Item):
    """Runs another item and writes down each result."""

    def __init__(self, inner: taktora.Item) -> None:
        self.inner = inner
        self.seen: list[ControlFlow | None] = []

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        self.inner.declare_triggers(on)

    def execute(self, ctx: taktora.Context) -> None:
        self.seen.append(self.inner.execute(ctx))


def fire(executor: taktora.Executor, signal: SignalItem, times: int = 1) -> list[Any]:
    """Execute ``signal`` so many times; the results."""
    flow = Flow(signal)
    ref = executor.add(flow)
    for _ in range(times):
        ref.tell("send")
    executor.run_until(lambda: len(flow.seen) == times)
    ref.stop()
    return flow.seen


def receive(executor: taktora.Executor, slot: SlotItem, times: int) -> list[Any]:
    """Let ``slot`` be woken until it executed so many times, and no longer; the results."""
    flow = Flow(slot)
    ref = executor.add(flow)
    executor.run_until(lambda: len(flow.seen) >= times)
    executor.run_for(0.02)
    ref.stop()
    return flow.seen


def set_speed(payload: Speed) -> None:
    payload.left, payload.right = 3, -4


def set_number(payload: Any) -> None:
    payload.value = 42


def set_bytes(payload: bytearray) -> None:
    payload.extend(b"hello")


def set_array(payload: Any) -> None:
    payload["x"], payload["n"] = 1.5, 7


POINT = np.dtype([("x", np.float64), ("n", np.int16)])
ROW = np.dtype((np.uint8, (4,)))

KINDS: list[Any] = [  # what arrives: zeroed first, then written
    pytest.param(Speed, set_speed, lambda p: (p.left, p.right), [(0, 0), (3, -4)], id="structure"),
    pytest.param(ctypes.c_int16, set_number, lambda p: p.value, [0, 42], id="integer"),
    pytest.param(ctypes.c_double, set_number, lambda p: p.value, [0.0, 42.0], id="float"),
    pytest.param(bytes, set_bytes, bytes, [b"", b"hello"], id="bytes"),
    pytest.param(POINT, set_array, lambda p: p.item(), [(0.0, 0), (1.5, 7)], id="record"),
    pytest.param(ROW, lambda p: p.fill(9), bytes, [bytes(4), b"\t\t\t\t"], id="array"),
]


@pytest.mark.rule("SIG-01", "SIG-02")
@pytest.mark.parametrize(("payload_type", "write", "read", "expected"), KINDS)
def test_what_the_signal_sends_its_slot_receives(
    executor: taktora.Executor,
    payload_type: Any,
    write: Callable[[Any], object],
    read: Callable[[Any], Any],
    expected: list[Any],
) -> None:
    signal, slot = signal_slot.pair(executor, "topic", payload_type)
    assert isinstance(signal, taktora.Item)
    assert isinstance(slot, taktora.Item)
    seen: list[Any] = []
    slot.after_recv(lambda payload: seen.append(read(payload)))
    assert fire(executor, signal) == [CONTINUE]
    signal.before_send(write)
    assert fire(executor, signal) == [CONTINUE]
    assert receive(executor, slot, 2) == [CONTINUE, CONTINUE]
    assert seen == expected


@pytest.mark.rule("SIG-02")
@pytest.mark.parametrize("payload_type", [Speed, ROW], ids=["structure", "array"])
def test_each_payload_is_zeroed_before_the_hook(
    executor: taktora.Executor, payload_type: Any
) -> None:
    signal, _ = signal_slot.pair(executor, "topic", payload_type)
    before: list[bytes] = []

    @signal.before_send
    def fill(payload: Any) -> None:
        before.append(bytes(payload))
        memoryview(payload).cast("B")[:] = b"\xff" * len(bytes(payload))

    fire(executor, signal, 40)  # more than the channel has buffers: they come round again
    assert len(before) == 40
    assert set(b"".join(before)) == {0}


@pytest.mark.rule("SIG-03")
@pytest.mark.parametrize("payload_type", [Speed, bytes], ids=["structure", "bytes"])
@pytest.mark.parametrize("no", [False, np.False_], ids=["False", "numpy.False_"])
def test_a_hook_that_says_no_sends_nothing(
    executor: taktora.Executor, payload_type: Any, no: Any
) -> None:
    signal, slot = signal_slot.pair(executor, "topic", payload_type)
    answers = [True, no, None, no, np.True_ if payload_type is Speed else True]
    signal.before_send(lambda payload: answers.pop(0))
    assert fire(executor, signal, 5) == [CONTINUE, STOP_CHAIN, CONTINUE, STOP_CHAIN, CONTINUE]
    assert receive(executor, slot, 3) == [CONTINUE] * 3


@pytest.mark.rule("SIG-03")
@pytest.mark.parametrize("answer", [0, "", [], None, True])
def test_only_exactly_false_is_a_no(executor: taktora.Executor, answer: object) -> None:
    signal, slot = signal_slot.pair(executor, "topic", Speed)
    signal.before_send(lambda payload: answer)
    slot.after_recv(lambda payload: answer)
    assert fire(executor, signal) == [CONTINUE]
    assert receive(executor, slot, 1) == [CONTINUE]


@pytest.mark.rule("SIG-03")
def test_a_channel_that_takes_nothing_is_stop_chain(executor: taktora.Executor) -> None:
    signal, _ = signal_slot.pair(executor, "topic", Speed, overflow=False, buffer_size=1)
    assert fire(executor, signal, 2) == [CONTINUE, STOP_CHAIN]


@pytest.mark.rule("SIG-04")
def test_the_hook_of_a_bytes_signal_extends_or_returns(executor: taktora.Executor) -> None:
    signal, slot = signal_slot.pair(executor, "topic", bytes)
    answers = [b"returned", bytearray(b"wins"), memoryview(b"view"), b"", None, True]

    @signal.before_send
    def write(payload: bytearray) -> Any:
        assert payload == b""
        payload += b"extended"
        return answers.pop(0)

    seen: list[bytes] = []
    slot.after_recv(lambda payload: seen.append(bytes(payload)))
    fire(executor, signal, 6)
    receive(executor, slot, 6)
    assert seen == [b"returned", b"wins", b"view", b"", b"extended", b"extended"]


@pytest.mark.rule("SIG-04", "SIG-07")
@pytest.mark.parametrize(
    ("answer", "error"), [("text", WrongType), (7, WrongType), (b"x" * 9, PayloadTooLarge)]
)
def test_a_bytes_hook_that_returns_what_cannot_be_sent_fails_the_signal(
    executor: taktora.Executor, answer: Any, error: type[Exception]
) -> None:
    signal, slot = signal_slot.pair(executor, "topic", bytes, max_bytes=8)
    answers = [answer, b"fine"]
    signal.before_send(lambda payload: answers.pop(0))
    ref = executor.add(signal)
    ref.tell("send")
    with pytest.raises(ItemFailed) as caught:
        executor.run_n(1)
    assert type(caught.value.__cause__) is error
    ref.tell("send")
    executor.run_n(1)
    assert [bytes(sample.payload) for sample in slot.subscriber] == [b"fine"]


# --- the slot -------------------------------------------------------------------------------------


def numbers(executor: taktora.Executor, count: int) -> tuple[SlotItem, list[int]]:
    """A slot in front of which the numbers from 0 wait, and what its hook has seen."""
    signal, slot = signal_slot.pair(executor, "topic", ctypes.c_uint32)
    for number in range(count):
        signal.publisher.send_copy(number)
    seen: list[int] = []
    slot.after_recv(lambda payload: seen.append(payload.value))
    return slot, seen


@pytest.mark.rule("SIG-05")
def test_single_takes_one_and_is_woken_again_for_the_rest(executor: taktora.Executor) -> None:
    slot, seen = numbers(executor, 4)
    assert receive(executor, slot, 4) == [CONTINUE] * 4
    assert seen == [0, 1, 2, 3]


@pytest.mark.rule("SIG-05")
def test_all_takes_everything_in_one_execution(executor: taktora.Executor) -> None:
    slot, seen = numbers(executor, 4)
    assert slot.take(TakePolicy.ALL) is slot
    assert receive(executor, slot, 1) == [CONTINUE]
    assert seen == [0, 1, 2, 3]


@pytest.mark.rule("SIG-05")
@pytest.mark.parametrize("policy", TakePolicy)
def test_nothing_there_is_stop_chain(executor: taktora.Executor, policy: TakePolicy) -> None:
    slot, seen = numbers(executor, 0)
    flow = Flow(slot.take(policy))
    executor.add(flow).tell("look")
    executor.run_n(1)
    assert flow.seen == [STOP_CHAIN]
    assert seen == []


@pytest.mark.rule("SIG-05")
@pytest.mark.parametrize("policy", TakePolicy)
def test_a_slot_without_a_hook_takes_all_the_same(
    executor: taktora.Executor, policy: TakePolicy
) -> None:
    signal, slot = signal_slot.pair(executor, "topic", ctypes.c_uint32)
    fire(executor, signal, 2)
    times = 2 if policy is TakePolicy.SINGLE else 1
    assert receive(executor, slot.take(policy), times) == [CONTINUE] * times
    assert slot.subscriber.take() is None


@pytest.mark.rule("SIG-05")
def test_data_that_arrives_while_running_wakes_the_slot(executor: taktora.Executor) -> None:
    signal, slot = signal_slot.pair(executor, "topic", ctypes.c_uint32)
    seen: list[int] = []
    count = iter(range(100))

    @signal.before_send
    def write(payload: Any) -> None:
        payload.value = next(count)

    @slot.after_recv
    def read(payload: Any) -> None:
        seen.append(payload.value)
        if payload.value < 99:
            sender.tell("on")

    sender = executor.add(signal)
    executor.add(slot)
    sender.tell("on")
    executor.run_until(lambda: len(seen) == 100)
    assert seen == list(range(100))


@pytest.mark.rule("SIG-06")
@pytest.mark.parametrize("no", [False, np.False_], ids=["False", "numpy.False_"])
def test_a_hook_that_says_no_leaves_the_rest_queued(executor: taktora.Executor, no: Any) -> None:
    slot, _ = numbers(executor, 5)
    slot.take(TakePolicy.ALL)
    seen: list[int] = []

    @slot.after_recv
    def until_two(payload: Any) -> Any:
        seen.append(payload.value)
        return no if payload.value == 2 else True

    assert receive(executor, slot, 2) == [STOP_CHAIN, CONTINUE]
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.rule("SIG-06")
def test_a_no_to_a_single_payload_is_stop_chain(executor: taktora.Executor) -> None:
    slot, _ = numbers(executor, 2)
    slot.after_recv(lambda payload: payload.value != 0)
    assert receive(executor, slot, 2) == [STOP_CHAIN, CONTINUE]


@pytest.mark.rule("SIG-06")
def test_after_a_no_the_rest_is_still_in_the_channel(executor: taktora.Executor) -> None:
    """Executed by hand, so that nothing wakes the slot again."""
    slot, _ = numbers(executor, 5)
    slot.take(TakePolicy.ALL).after_recv(lambda payload: payload.value != 2)
    ctx: Any = None
    assert slot.execute(ctx) is STOP_CHAIN
    assert [sample.payload.value for sample in slot.subscriber] == [3, 4]


@pytest.mark.rule("SIG-09")
def test_a_slot_holds_one_sample_at_a_time(executor: taktora.Executor) -> None:
    signal, slot = signal_slot.pair(executor, "topic", bytes, max_borrowed=1)
    fire(executor, signal, 5)
    assert receive(executor, slot.take(TakePolicy.ALL), 1) == [CONTINUE]


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.rule("SIG-07")
@pytest.mark.parametrize("payload_type", [Speed, bytes], ids=["structure", "bytes"])
def test_a_signal_hook_that_raises_fails_the_item_sends_nothing_and_keeps_no_loan(
    executor: taktora.Executor, payload_type: Any
) -> None:
    signal, slot = signal_slot.pair(executor, "topic", payload_type)

    @signal.before_send
    def broken(payload: Any) -> None:
        raise LookupError("no sensor")

    ref = executor.add(signal, id="signal")
    for _ in range(20):  # more than a publisher has loans
        ref.tell("send")
        with pytest.raises(ItemFailed, match="'signal' failed: LookupError: no sensor"):
            executor.run()
        ref = executor.ref("signal") or executor.add(signal, id="signal")
    assert slot.subscriber.take() is None
    signal.before_send(lambda payload: None)
    ref.tell("send")
    executor.run_n(1)
    assert slot.subscriber.take() is not None


@pytest.mark.rule("SIG-07")
def test_a_slot_hook_that_raises_fails_the_item_and_leaves_the_rest(
    make_executor: Callable[..., taktora.Executor], workers: int
) -> None:
    executor = make_executor(worker_threads=workers, supervision=taktora.Supervision.resume())
    slot, _ = numbers(executor, 3)
    slot.take(TakePolicy.ALL)
    seen: list[int] = []

    @slot.after_recv
    def broken(payload: Any) -> None:
        seen.append(payload.value)
        if payload.value == 0:
            raise LookupError

    ref = executor.add(slot)
    executor.run_until(lambda: len(seen) == 3)
    assert seen == [0, 1, 2]
    assert ref.is_alive()


@pytest.mark.rule("SIG-07")
def test_signal_and_slot_can_be_restarted(executor: taktora.Executor) -> None:
    signal, slot = signal_slot.pair(executor, "topic", Speed)
    for item in (signal, slot):
        executor.add(item, supervision=taktora.Supervision.restart(max_restarts=1, within=1))


# --- building -------------------------------------------------------------------------------------


def local(executor: taktora.Executor) -> tuple[SignalItem, SlotItem]:
    return signal_slot.pair(executor, "topic", Speed)


@pytest.mark.rule("SIG-08")
def test_hooks_are_decorators(executor: taktora.Executor) -> None:
    signal, slot = local(executor)

    def function(payload: Any) -> None: ...

    assert signal.before_send(function) is function
    assert slot.after_recv(function) is function


async def coroutine(payload: Any) -> None: ...


@pytest.mark.rule("SIG-08")
@pytest.mark.parametrize(
    "bad", [None, 3, "text", coroutine, lambda: None, lambda a, b: None, lambda *, payload: None]
)
def test_a_hook_that_cannot_work_is_refused_when_it_is_set(
    executor: taktora.Executor, bad: Any
) -> None:
    signal, slot = local(executor)
    seen: list[str] = []
    signal.before_send(lambda payload: seen.append("sent"))
    slot.after_recv(lambda payload: seen.append("received"))
    with pytest.raises(WrongType, match="before_send takes a"):
        signal.before_send(bad)
    with pytest.raises(WrongType, match="after_recv takes a"):
        slot.after_recv(bad)
    fire(executor, signal)
    receive(executor, slot, 1)
    assert seen == ["sent", "received"]


@pytest.mark.rule("SIG-08")
@pytest.mark.parametrize("bad", [None, "ALL", True, 1])
def test_a_policy_that_is_none_is_refused(executor: taktora.Executor, bad: Any) -> None:
    _, slot = local(executor)
    with pytest.raises(WrongType, match=r"TakePolicy\.SINGLE or TakePolicy\.ALL"):
        slot.take(bad)


@pytest.mark.rule("SIG-08")
def test_a_builtin_without_a_signature_is_a_hook(executor: taktora.Executor) -> None:
    _, slot = local(executor)
    slot.after_recv(print)


@pytest.mark.rule("SIG-01", "SIG-05")
def test_a_slot_can_be_made_from_a_subscriber(executor: taktora.Executor) -> None:
    channel = executor.channel("topic", ctypes.c_uint32)
    subscriber = channel.subscriber()
    slot = SlotItem.from_subscriber(subscriber)
    channel.publisher().send_copy(7)
    seen: list[int] = []
    slot.after_recv(lambda payload: seen.append(payload.value))
    assert receive(executor, slot, 1) == [CONTINUE]
    assert seen == [7]
    subscriber.close()
    with pytest.raises(PortClosed):
        SlotItem.from_subscriber(subscriber)
    for bad in (channel, None, channel.publisher()):
        with pytest.raises(WrongType, match="must be a taktora subscriber"):
            SlotItem.from_subscriber(bad)


@pytest.mark.rule("SIG-01")
@pytest.mark.real("nodes of iceoryx2")
def test_two_pairs_on_one_topic_meet(executor: taktora.Executor, domain: str) -> None:
    signal, _ = signal_slot.pair(executor, "topic", Speed)
    with taktora.Node(domain=domain) as node:
        _, slot = signal_slot.pair(node, "topic", Speed)
        fire(executor, signal)
        assert slot.subscriber.take() is not None


@pytest.mark.rule("SIG-09")
def test_a_pair_that_cannot_be_made_leaves_no_port_behind(executor: taktora.Executor) -> None:
    channel = executor.channel("topic", Speed, max_publishers=1, max_subscribers=1)
    subscriber = channel.subscriber()
    with pytest.raises(PortLimitReached, match="no subscriber") as kept:  # and all in its frames
        signal_slot.pair(executor, "topic", Speed)
    subscriber.close()
    signal_slot.pair(executor, "topic", Speed)
    del kept
    with pytest.raises(WrongType, match="an Executor or a Node"):
        signal_slot.pair("executor", "topic", Speed)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedPayload):
        signal_slot.pair(executor, "other", str)


def test_signal_and_slot_say_what_they_are(executor: taktora.Executor) -> None:
    signal, slot = local(executor)
    assert repr(signal) == "<SignalItem to 'topic'>"
    assert repr(slot.take(TakePolicy.ALL)) == "<SlotItem from 'topic', all>"
