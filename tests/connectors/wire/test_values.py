"""What is sent arrives as it was, with its number, its time and its correlation id."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ChannelDescriptor, CodecError, PayloadOverflow
from taktora.connectors.envelope import HEADER_SIZE, Envelope, unseal
from taktora.connectors.service_factory import ServiceFactory
from taktora.errors import InvalidArgument, WrongType
from taktora.inmemory import Fabric, InMemoryNode

from .conftest import Wire
from .values import AsIs, InPlace, Reading, TinyJson

pytestmark = pytest.mark.virtual

ID = bytes(range(32))


@pytest.mark.rule("PORT-01")
def test_values_arrive_as_they_were_sent_numbered_from_0_by_1(wire: Wire) -> None:
    writer, reader = wire.writer(), wire.reader()
    sent = [Reading("left", n, n / 3, n % 2 == 0) for n in range(5)]
    for value in sent:
        outcome = writer.send(value)
        assert (outcome.sent, outcome.subscribers_reached) == (True, 1)
    received = list(reader)
    assert [one.value for one in received] == sent
    assert [one.sequence for one in received] == [0, 1, 2, 3, 4]
    assert reader.try_recv() is None


@pytest.mark.rule("PORT-01")
@given(
    st.lists(
        st.tuples(
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=12),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
                max_leaves=8,
            ),
            st.none() | st.binary(max_size=32),
            st.integers(0, 1),
        ),
        max_size=20,
    )
)
def test_whatever_is_accepted_arrives_and_whatever_is_refused_leaves_no_trace(
    sends: list[tuple[Any, bytes | None, int]],
) -> None:
    with InMemoryNode(fabric=Fabric()) as node:
        factory = ServiceFactory(node)
        descriptor: ChannelDescriptor[Any] = ChannelDescriptor("any", max_payload=40)
        writers = [
            factory.create_writer(descriptor, object, TinyJson(), checksum=checksum)  # type: ignore[arg-type]
            for checksum in ("auto", "header")
        ]
        reader = factory.create_reader(descriptor, object, TinyJson())
        expected: list[tuple[int, Any, bytes | None]] = []
        numbers = [0, 0]
        for value, correlation_id, which in sends:
            try:
                writers[which].send(value, correlation_id=correlation_id)
            except PayloadOverflow:
                assert len(TinyJson().dumps(value)) > 40
                continue
            wire_id = (correlation_id or b"").ljust(32, b"\0")
            expected.append((numbers[which], value, wire_id if any(wire_id) else None))
            numbers[which] += 1
        got = [(one.sequence, one.value, one.correlation_id) for one in reader]
        assert got == expected
        assert [writer.stats().messages for writer in writers] == numbers
        assert (reader.stats().gaps, reader.stats().crc_errors) == (0, 0)


@pytest.mark.rule("PORT-02")
def test_a_correlation_id_arrives_with_the_value_it_was_sent_with(wire: Wire) -> None:
    writer, reader = wire.writer(), wire.reader()
    for given_id in (None, ID, b"short", bytes(32), b""):
        writer.send(Reading("x", 0), correlation_id=given_id)
    assert [one.correlation_id for one in reader] == [
        None, ID, b"short".ljust(32, b"\0"), None, None,
    ]  # fmt: skip


@pytest.mark.rule("PORT-02")
@pytest.mark.parametrize("wrong", [bytes(33), "text", 7])
def test_a_correlation_id_that_has_no_room_is_refused(wire: Wire, wrong: Any) -> None:
    writer, reader = wire.writer(), wire.reader()
    with pytest.raises(InvalidArgument, match="32 bytes"):
        writer.send(Reading("x", 0), correlation_id=wrong)
    assert (reader.try_recv(), writer.stats().messages) == (None, 0)


@pytest.mark.rule("PORT-02")
def test_a_timestamp_is_the_clock_when_it_was_sent(make_wire: Any) -> None:
    ticks = iter([1_000, 5_000, 5_250])
    wire = make_wire(clock=lambda: next(ticks))
    writer, reader = wire.writer(), wire.reader()
    assert reader.stats().latency is None
    writer.send(Reading("x", 0))
    got = reader.try_recv()
    assert got.timestamp_ns == 1_000
    assert reader.stats().latency.maximum == 4_000
    assert writer.stats().latency is None


@pytest.mark.rule("PORT-02")
@pytest.mark.real("virtual time is no wall clock")
def test_timestamps_are_wall_clock_unless_told_otherwise(wire: Wire) -> None:
    writer, reader = wire.writer(), wire.reader()
    before = time.time_ns()
    writer.send(Reading("x", 0))
    assert before <= reader.try_recv().timestamp_ns <= time.time_ns()


@pytest.mark.rule("PORT-20")
def test_in_a_simulation_timestamps_are_virtual_time(make_executor: Any, runtime: Any) -> None:
    executor = make_executor()
    wire = Wire(executor)
    writer, reader = wire.writer(), wire.reader()
    if not runtime.virtual:
        assert not hasattr(executor, "now_ns"), "else the real executor's clock would be taken"
        return
    executor.advance(2.5)
    writer.send(Reading("x", 0))
    executor.advance(0.5)
    assert reader.try_recv().timestamp_ns == 2_500_000_000
    assert reader.stats().latency.maximum == 500_000_000


@pytest.mark.rule("PORT-19")
def test_latency_has_percentiles_and_clocks_that_disagree_count_as_nothing(make_wire: Any) -> None:
    now = 0

    def clock() -> int:
        return now

    wire = make_wire(clock=clock, buffer_size=128)
    writer, reader = wire.raw_writer(), wire.raw_reader()
    for n in range(1, 101):
        writer.send(b"x", timestamp_ns=10_000 - n * 100)
    now = 10_000
    assert sum(1 for _ in reader) == 100
    latency = reader.stats().latency
    assert (latency.count, latency.minimum, latency.maximum) == (100, 100, 10_000)
    assert latency.p50 == pytest.approx(5_000, rel=0.01)
    assert latency.p99 == pytest.approx(9_900, rel=0.01)
    writer.send(b"from the future", timestamp_ns=99_999)
    assert reader.try_recv() is not None
    assert reader.stats().latency.minimum == 0


@pytest.mark.rule("PORT-03")
def test_a_codec_that_gives_bytes_loans_exactly_as_much_as_they_need(wire: Wire) -> None:
    writer, plain = wire.writer(), wire.plain().subscriber()
    writer.send(Reading("x", 1))
    frame = plain.take().payload
    envelope = unseal(frame)
    assert isinstance(envelope, Envelope)
    assert envelope.payload_len == len(TinyJson().dumps(Reading("x", 1)))
    assert len(frame) == HEADER_SIZE + envelope.payload_len


@pytest.mark.rule("PORT-03")
@pytest.mark.parametrize("checksum", ["auto", "frame", "header"])
def test_any_other_codec_writes_into_the_loan_itself(wire: Wire, checksum: str) -> None:
    wire.codec, wire.type = InPlace(), bytes
    writer, reader = wire.writer(checksum=checksum), wire.reader()
    for value in (b"", b"abc", bytes(256)):
        writer.send(value, correlation_id=ID)
    with pytest.raises(PayloadOverflow) as caught:
        writer.send(bytes(257))
    assert (caught.value.actual, caught.value.maximum) == (257, 256)
    writer.send(b"last")
    assert [(one.sequence, one.value) for one in reader] == [
        (0, b""), (1, b"abc"), (2, bytes(256)), (3, b"last"),
    ]  # fmt: skip
    assert wire.codec.rooms == [256] * 5
    assert writer.stats().bytes == reader.stats().bytes == 3 + 256 + 4
    assert reader.stats().crc_errors == 0


@pytest.mark.rule("PORT-03")
@pytest.mark.parametrize("size", [0, 1, 959, 960, 961, 5_000, 1_000_000])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_size_and_kind_arrive_whole(wire: Wire, size: int, kind: Any) -> None:
    wire.descriptor = ChannelDescriptor("large", max_payload=1_000_000)
    wire.codec, wire.type = AsIs(), bytes
    value = bytes(n * 7 % 251 for n in range(size))
    writer, reader = wire.writer(), wire.reader()
    writer.send(kind(value))
    assert reader.try_recv().value == value


@pytest.mark.rule("PORT-03")
def test_a_view_of_anything_but_bytes_is_sent_as_its_bytes(wire: Wire) -> None:
    wire.codec, wire.type = AsIs(), bytes
    writer, reader = wire.writer(), wire.reader()
    words = memoryview(bytes(range(16))).cast("I")
    writer.send(words)
    writer.send(words[::2])
    writer.send(words.cast("B").cast("I", (2, 2)))
    assert [one.value for one in reader] == [
        bytes(range(16)), bytes([0, 1, 2, 3, 8, 9, 10, 11]), bytes(range(16)),
    ]  # fmt: skip


@pytest.mark.rule("PORT-14")
def test_raw_ports_carry_bytes_and_what_only_a_gateway_needs(wire: Wire) -> None:
    writer, reader = wire.raw_writer(suffix=".in"), wire.raw_reader(suffix=".in")
    writer.send(b"abc", correlation_id=ID, reserved=2**32 - 1, timestamp_ns=77)
    writer.send(b"", sequence=5)
    writer.send(bytearray(b"def"))
    first, second, third = reader
    assert first.payload == b"abc"
    assert first.payload.readonly
    assert (first.sequence, first.timestamp_ns, first.correlation_id, first.reserved) == (
        0, 77, ID, 2**32 - 1,
    )  # fmt: skip
    assert (bytes(second.payload), second.sequence, second.reserved) == (b"", 5, 0)
    assert (bytes(third.payload), third.sequence) == (b"def", 6)
    assert reader.stats().gaps == 4


@pytest.mark.rule("PORT-14")
def test_a_raw_writer_refuses_what_an_envelope_cannot_hold(wire: Wire) -> None:
    writer, reader = wire.raw_writer(), wire.raw_reader()
    for options in (
        {"reserved": 2**32}, {"reserved": -1}, {"sequence": -1}, {"sequence": 2**64},
        {"timestamp_ns": -1}, {"sequence": "1"}, {"correlation_id": bytes(33)},
    ):  # fmt: skip
        with pytest.raises(InvalidArgument):
            writer.send(b"x", **options)
    with pytest.raises(WrongType, match="bytes-like"):
        writer.send("text")
    with pytest.raises(PayloadOverflow):
        writer.send(bytes(257))
    assert (reader.try_recv(), writer.stats().messages) == (None, 0)
    writer.send(b"y")
    assert reader.try_recv().sequence == 0


@pytest.mark.rule("PORT-14")
def test_typed_and_raw_ports_understand_each_other(wire: Wire) -> None:
    typed, raw = wire.writer(), wire.raw_writer()
    reader, raw_reader = wire.reader(), wire.raw_reader()
    typed.send(Reading("a", 1))
    raw.send(TinyJson().dumps(Reading("b", 2)))
    both = [Reading("a", 1), Reading("b", 2)]  # which comes first, nobody promises
    assert sorted((one.value for one in reader), key=lambda one: one.name) == both
    assert sorted(bytes(one.payload) for one in raw_reader) == list(map(TinyJson().dumps, both))


@pytest.mark.rule("PORT-04")
def test_a_codec_that_gives_no_bytes_is_a_codec_error(wire: Wire) -> None:
    wire.codec = AsIs()
    writer = wire.writer()
    with pytest.raises(CodecError, match="str is not bytes-like"):
        writer.send("text")
    assert "CodecError" in writer.stats().last_error
