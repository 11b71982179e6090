"""What a slow reader loses can be seen in its numbers, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ChannelDescriptor
from taktora.connectors.service_factory import ServiceFactory
from taktora.inmemory import Fabric, InMemoryNode

from .conftest import Wire
from .values import Reading

pytestmark = pytest.mark.virtual


@pytest.mark.rule("PORT-07")
def test_a_slow_reader_loses_the_oldest_and_sees_how_many(make_wire: Callable[..., Wire]) -> None:
    wire = make_wire(buffer_size=4)
    writer, reader = wire.writer(), wire.reader()
    writer.send(Reading("x", 0))
    assert reader.try_recv().sequence == 0
    for n in range(1, 11):
        assert writer.send(Reading("x", n)).sent
    assert [one.value.number for one in reader] == [7, 8, 9, 10]
    assert (reader.stats().gaps, reader.stats().messages) == (6, 5)
    writer.send(Reading("x", 11))
    assert reader.try_recv().sequence == 11
    assert reader.stats().gaps == 6


@pytest.mark.rule("PORT-07")
def test_a_reader_that_never_reads_holds_nobody_up(make_wire: Callable[..., Wire]) -> None:
    """No clock is asked: each send is over, reaches both, and borrows no more than before."""
    wire = make_wire(buffer_size=4)
    writer, lazy, keen = wire.writer(), wire.reader(), wire.reader()
    for n in range(10_000):
        outcome = writer.send(Reading("x", n))
        assert (outcome.sent, outcome.subscribers_reached) == (True, 2)
        received = keen.try_recv()
        assert (received.sequence, received.value.number) == (n, n)
        assert keen.try_recv() is None
    assert keen.stats().gaps == 0
    assert writer.stats().messages == 10_000
    assert [one.sequence for one in lazy] == [9_996, 9_997, 9_998, 9_999]
    assert lazy.stats().gaps == 9_996


@pytest.mark.rule("PORT-07")
def test_numbers_missing_before_the_first_frame_count_as_well(
    make_wire: Callable[..., Wire],
) -> None:
    wire = make_wire(buffer_size=2)
    writer, reader = wire.writer(), wire.reader()
    for n in range(5):
        writer.send(Reading("x", n))
    assert [one.sequence for one in reader] == [3, 4]
    assert reader.stats().gaps == 3


@pytest.mark.rule("PORT-08")
def test_writers_of_one_channel_number_apart_and_their_gaps_are_counted_apart(
    make_wire: Callable[..., Wire],
) -> None:
    wire = make_wire(buffer_size=4)
    writers = [wire.writer() for _ in range(3)]
    reader = wire.reader()
    for round_ in range(4):
        for who, writer in enumerate(writers):
            writer.send(Reading(str(who), round_))
    seen: dict[str, list[tuple[int, int]]] = {"0": [], "1": [], "2": []}
    for one in reader:
        seen[one.value.name].append((one.sequence, one.value.number))
    assert set(map(tuple, seen.values())) == {((0, 0), (1, 1), (2, 2), (3, 3))}
    assert reader.stats().gaps == 0
    for n in range(4, 11):
        writers[1].send(Reading("1", n))
    assert [one.sequence for one in reader] == [7, 8, 9, 10]
    assert reader.stats().gaps == 3
    writers[0].send(Reading("0", 4))
    assert reader.try_recv().sequence == 4
    assert reader.stats().gaps == 3


@pytest.mark.rule("PORT-09")
def test_a_writer_that_takes_over_begins_at_0_and_is_counted_as_a_restart(wire: Wire) -> None:
    reader, other = wire.reader(suffix=".in"), wire.raw_reader(suffix=".in")
    for life in range(3):
        with wire.writer(suffix=".in") as writer:
            for n in range(life + 1):
                writer.send(Reading("x", n))
        assert [one.sequence for one in reader] == list(range(life + 1))
        assert [one.sequence for one in other] == list(range(life + 1))
        for port in (reader, other):
            assert (port.stats().restarts, port.stats().gaps) == (life, 0)


@pytest.mark.rule("PORT-09")
def test_two_writers_outward_are_no_restart(wire: Wire) -> None:
    reader, first, second = wire.reader(suffix=".out"), *(
        wire.writer(suffix=".out") for _ in range(2)
    )  # fmt: skip
    for _ in range(3):
        first.send(Reading("1", 0))
        second.send(Reading("2", 0))
    assert sum(1 for _ in reader) == 6
    assert reader.stats().restarts == 0


@pytest.mark.rule("PORT-09")
def test_a_writer_that_comes_back_after_another_one_is_not_taken_for_a_new_one(wire: Wire) -> None:
    reader, first, second = wire.reader(suffix=".in"), *(
        wire.writer(suffix=".in") for _ in range(2)
    )  # fmt: skip
    for writer in (first, second, first, second, first):
        writer.send(Reading("x", 0))
        reader.try_recv()
    assert (reader.stats().restarts, reader.stats().gaps) == (1, 0)


@pytest.mark.rule("PORT-08")
def test_of_very_many_writers_only_the_latest_are_remembered() -> None:
    with InMemoryNode(fabric=Fabric()) as node:
        factory, descriptor = ServiceFactory(node), ChannelDescriptor("many", max_payload=8)
        reader = factory.create_raw_reader(descriptor)
        lasting = factory.create_raw_writer(descriptor)
        for n in range(3_000):
            with factory.create_raw_writer(descriptor) as writer:
                writer.send(b"x")
            lasting.send(b"y")
            assert [one.sequence for one in reader] == [0, n]
        assert reader.stats().gaps == 0, "who sends is not forgotten"
        assert len(reader._others) <= 1025


@pytest.mark.rule("PORT-07", "PORT-08")
@given(
    st.integers(1, 6),
    st.lists(st.sampled_from(["send 0", "send 1", "send 2", "read", "read all"]), max_size=60),
)
def test_what_was_sent_came_or_is_counted_as_a_gap(size: int, steps: list[str]) -> None:
    with InMemoryNode(fabric=Fabric()) as node:
        factory = ServiceFactory(node, buffer_size=size)
        descriptor = ChannelDescriptor("many", max_payload=8)
        writers = [factory.create_raw_writer(descriptor) for _ in range(3)]
        reader = factory.create_raw_reader(descriptor)
        sent, came = [0, 0, 0], 0
        for step in steps:
            if step == "read":
                came += reader.try_recv() is not None
            elif step == "read all":
                came += sum(1 for _ in reader)
            else:
                which = int(step[-1])
                writers[which].send(b"x")
                sent[which] += 1
        for which, writer in enumerate(writers):  # so that what is missing shows
            writer.send(b"x")
            sent[which] += 1
        came += sum(1 for _ in reader)
        assert came + reader.stats().gaps == sum(sent)
        assert reader.stats().messages == came
