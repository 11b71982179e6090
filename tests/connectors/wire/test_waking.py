"""A reader wakes items as a subscriber does, and the topology shows both ends."""

from __future__ import annotations

from typing import Any

import pytest

import taktora
from taktora import Context, Executor
from taktora.topology import ChannelNode, Edge, TriggerNode
from tests.runtimes import driven, eventually, pass_time

from .conftest import Wire
from .values import Reading

pytestmark = pytest.mark.virtual


@pytest.fixture
def wire(executor: Executor) -> Wire:
    return Wire(executor)


@pytest.mark.rule("PORT-12")
@pytest.mark.parametrize("raw", [False, True])
def test_what_arrives_at_a_reader_wakes_the_item_that_waits_for_it(
    executor: Executor, wire: Wire, raw: bool
) -> None:
    writer: Any = wire.raw_writer() if raw else wire.writer()
    reader: Any = wire.raw_reader() if raw else wire.reader()
    seen: list[int] = []
    fired: list[tuple[str, Any]] = []

    def receive(ctx: Context) -> None:
        fired.extend((one.kind, one.source) for one in ctx.triggers)
        seen.extend(one.sequence for one in reader)

    executor.add(taktora.item(receive, triggers=lambda on: on.subscriber(reader)))
    with driven(executor):
        for n in range(5):
            assert writer.send(b"x" if raw else Reading("x", n)).delivered_to_any_listener
            eventually(executor, lambda n=n: len(seen) == n + 1)
    assert seen == [0, 1, 2, 3, 4]
    assert set(fired) == {("subscriber", reader)}


@pytest.mark.rule("PORT-12")
def test_a_reader_may_be_given_to_the_decorator(executor: Executor, wire: Wire) -> None:
    writer, reader = wire.writer(), wire.reader()
    seen: list[int] = []

    @taktora.on(reader)
    def receive() -> None:
        seen.extend(one.value.number for one in reader)

    executor.add(receive)
    with driven(executor):
        writer.send(Reading("x", 7))
        eventually(executor, lambda: seen == [7])


@pytest.mark.rule("PORT-12")
def test_an_item_that_takes_one_at_a_time_is_woken_until_all_are_taken(
    executor: Executor, wire: Wire
) -> None:
    writer, reader = wire.writer(), wire.reader()
    seen: list[int] = []
    executions = 0

    def receive() -> None:
        nonlocal executions
        executions += 1
        received = reader.try_recv()
        if received is not None:
            seen.append(received.sequence)

    for n in range(10):  # before it is added, and so all with one notification
        writer.send(Reading("x", n))
    executor.add(taktora.item(receive, triggers=lambda on: on.subscriber(reader)))
    with driven(executor):
        eventually(executor, lambda: len(seen) == 10)
        pass_time(executor, 0.05)
    assert seen == list(range(10))
    assert executions <= 11


@pytest.mark.rule("PORT-12")
def test_an_item_that_takes_nothing_is_not_woken_again(executor: Executor, wire: Wire) -> None:
    writer, reader = wire.writer(), wire.reader()
    executions: list[int] = []
    executor.add(
        taktora.item(lambda: executions.append(1), triggers=lambda on: on.subscriber(reader))
    )
    writer.send(Reading("x", 0))
    executor.run_for(0.1)
    assert len(executions) == 1
    assert list(reader) != []


@pytest.mark.rule("PORT-12", "PORT-10")
def test_damage_between_two_values_does_not_keep_the_second_from_waking(
    executor: Executor, wire: Wire
) -> None:
    writer, reader, noise = wire.writer(), wire.reader(), wire.plain().publisher()
    seen: list[int] = []

    def receive() -> None:
        received = reader.try_recv()
        if received is not None:
            seen.append(received.value.number)

    executor.add(taktora.item(receive, triggers=lambda on: on.subscriber(reader)))
    with driven(executor):
        writer.send(Reading("x", 1))
        noise.send_copy(b"noise")
        writer.send(Reading("x", 2))
        eventually(executor, lambda: sorted(seen) == [1, 2])
        eventually(executor, lambda: reader.stats().crc_errors == 1)


@pytest.mark.rule("PORT-12")
def test_a_deadline_on_a_reader_fires_in_silence_and_not_while_values_come(
    executor: Executor, wire: Wire
) -> None:
    writer, reader = wire.writer(), wire.reader()
    kinds: list[str] = []

    def guard(ctx: Context) -> None:
        kinds.extend(one.kind for one in ctx.triggers)
        list(reader)

    executor.add(taktora.item(guard, triggers=lambda on: on.deadline(reader, 0.2)))
    with driven(executor):
        writer.send(Reading("x", 0))
        eventually(executor, lambda: "subscriber" in kinds)
        assert kinds[0] == "subscriber"
        eventually(executor, lambda: "deadline_missed" in kinds)


@pytest.mark.rule("PORT-12")
def test_a_closed_reader_wakes_nobody_and_cannot_be_waited_for(
    executor: Executor, wire: Wire
) -> None:
    reader = wire.reader()
    reader.close()
    with pytest.raises(taktora.errors.PortClosed):
        executor.add(taktora.item(lambda: None, triggers=lambda on: on.subscriber(reader)))


@pytest.mark.rule("PORT-13")
def test_the_topology_shows_who_writes_what_and_whom_it_wakes(
    executor: Executor, wire: Wire
) -> None:
    writer, reader = wire.writer(suffix=".out"), wire.reader(suffix=".in")
    raw = wire.factory.create_raw_writer(wire.descriptor, suffix=".raw")

    class Bridge(taktora.Item):
        def __init__(self) -> None:
            self.sends_to = [raw]

        def declare_triggers(self, on: Any) -> None:
            on.deadline(reader, 0.5)

        def execute(self, ctx: Context) -> None:
            for one in reader:
                writer.send(one.value)

    @taktora.every(0.1)
    def ticks() -> None:
        writer.send(Reading("x", 0))

    executor.add(Bridge(), id="bridge")
    executor.add(ticks, id="ticks")
    topology = executor.topology()
    assert set(topology.channels) == {
        ChannelNode("motor.out", "channel", "Reading as tiny json"),
        ChannelNode("motor.in", "channel", "Reading as tiny json"),
        ChannelNode("motor.raw", "channel", "bytes"),
    }
    assert set(topology.edges) == {
        Edge("motor.in", "bridge", "wakes"),
        Edge("bridge", "motor.raw", "publishes"),
        Edge("bridge", "motor.out", "publishes"),
        Edge("ticks", "motor.out", "publishes"),
    }
    assert topology.triggers["bridge"] == (
        TriggerNode("deadline_missed", "motor.in", None, 500_000_000),
    )
