"""What is refused is refused at once, by name, and nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taktora.connectors import (
    BackPressure,
    ChannelDescriptor,
    CodecError,
    ConnectorDown,
    PayloadOverflow,
)
from taktora.connectors.service_factory import ServiceFactory
from taktora.errors import InvalidArgument, LimitsMismatch, PortClosed, PortLimitReached, WrongType

from .conftest import Wire
from .values import AsIs, InPlace, Reading, TinyJson

pytestmark = pytest.mark.virtual


class Gate:
    """Open, or shut with a reason."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.asked = 0

    def __call__(self) -> None:
        self.asked += 1
        if self.reason is not None:
            raise ConnectorDown(self.reason)


@pytest.mark.rule("PORT-04")
def test_a_payload_over_the_maximum_is_refused_with_both_numbers(wire: Wire) -> None:
    wire.codec = AsIs()
    writer, reader = wire.writer(), wire.reader()
    writer.send(bytes(256))
    with pytest.raises(PayloadOverflow) as caught:
        writer.send(bytes(257))
    assert (caught.value.actual, caught.value.maximum) == (257, 256)
    writer.send(b"after")
    assert [one.sequence for one in reader] == [0, 1], "what was refused used up no number"
    assert (writer.stats().messages, writer.stats().bytes) == (2, 261)


@pytest.mark.rule("PORT-04")
def test_what_the_codec_cannot_encode_is_refused_and_remembered(wire: Wire) -> None:
    writer, reader = wire.writer(), wire.reader()
    assert writer.stats().last_error is None
    with pytest.raises(CodecError):
        writer.send({1, 2})
    assert writer.stats().last_error.startswith("CodecError: tiny json:")
    writer.send(Reading("x", 0))
    assert [one.sequence for one in reader] == [0]


@pytest.mark.rule("PORT-04")
def test_a_shut_gate_refuses_before_anything_is_encoded(wire: Wire) -> None:
    gate = Gate()
    writer, reader = wire.writer(gate=gate), wire.reader()
    gate.reason = "the link is cut"
    with pytest.raises(ConnectorDown, match="the link is cut"):
        writer.send({1, 2})
    gate.reason = None
    writer.send(Reading("x", 0))
    assert (reader.try_recv().sequence, writer.stats().messages) == (0, 1)
    writer.close()
    with pytest.raises(PortClosed):
        writer.send(Reading("x", 0))
    assert gate.asked == 2, "a closed writer does not ask"


@pytest.mark.rule("PORT-05")
@pytest.mark.parametrize("codec", [AsIs(), InPlace()])
def test_without_overflow_a_full_buffer_is_back_pressure_until_somebody_reads(
    make_wire: Callable[..., Wire], codec: Any
) -> None:
    wire = make_wire(buffer_size=4)
    wire.codec = codec
    writer, reader = wire.writer(overflow=False), wire.reader(overflow=False)
    for n in range(4):
        writer.send(bytes([n]))
    for _ in range(3):
        with pytest.raises(BackPressure, match="motor"):
            writer.send(b"too many")
    assert writer.stats().messages == 4
    assert reader.try_recv().value == b"\0"
    writer.send(bytes([4]))
    assert [(one.sequence, one.value) for one in reader] == [(n, bytes([n])) for n in (1, 2, 3, 4)]
    assert reader.stats().gaps == 0


@pytest.mark.rule("PORT-05")
def test_without_overflow_and_without_readers_there_is_no_back_pressure(
    make_wire: Callable[..., Wire],
) -> None:
    writer = make_wire(buffer_size=4).writer(overflow=False)
    for n in range(20):
        assert writer.send(Reading("x", n)).sent


@pytest.mark.rule("PORT-06")
@pytest.mark.parametrize("overflow", [True, False])
@pytest.mark.parametrize("raw", [True, False])
def test_a_writer_that_must_reach_somebody_is_down_while_nobody_reads(
    wire: Wire, overflow: bool, raw: bool
) -> None:
    make = wire.raw_writer if raw else wire.writer
    writer: Any = make(must_reach=True, overflow=overflow)
    value: Any = b"x" if raw else Reading("x", 0)
    with pytest.raises(ConnectorDown, match="no gateway reads"):
        writer.send(value)
    reader = wire.raw_reader(overflow=overflow)
    assert writer.send(value).sent
    assert reader.try_recv().sequence == 0, "what reached nobody used up no number"
    reader.close()
    with pytest.raises(ConnectorDown):
        writer.send(value)
    assert writer.stats().messages == 1


@pytest.mark.rule("PORT-18")
@pytest.mark.parametrize("end", ["port", "executor"])
@pytest.mark.parametrize("raw", [True, False])
def test_after_the_end_ports_refuse_and_closing_twice_is_fine(
    wire: Wire, end: str, raw: bool
) -> None:
    writer: Any = wire.raw_writer() if raw else wire.writer()
    reader: Any = wire.raw_reader() if raw else wire.reader()
    value: Any = b"x" if raw else Reading("x", 0)
    writer.send(value)
    assert not writer.closed
    assert not reader.closed
    if end == "executor":
        wire.source.close()
    for port in (writer, reader):
        port.close()
        port.close()
        assert port.closed
        assert repr(port).endswith("closed>")
    with pytest.raises(PortClosed, match=r"motor|node"):
        writer.send(value)
    with pytest.raises(PortClosed, match=r"motor|node"):
        reader.try_recv()
    with pytest.raises(PortClosed):
        list(reader)
    assert writer.stats().messages == 1, "numbers outlive their port"
    assert "PortClosed" in (writer.stats().last_error or "")


@pytest.mark.rule("PORT-18")
def test_a_closed_port_frees_its_place(make_wire: Callable[..., Wire]) -> None:
    wire = make_wire(max_writers=1, max_readers=1)
    with wire.writer(), wire.reader():
        with pytest.raises(PortLimitReached):
            wire.writer()
        with pytest.raises(PortLimitReached):
            wire.reader()
    with wire.writer() as writer, wire.reader() as reader:
        writer.send(Reading("x", 0))
        assert reader.try_recv() is not None


@pytest.mark.rule("PORT-04")
def test_both_ends_must_agree(wire: Wire) -> None:
    writer = wire.writer(overflow=False)
    with pytest.raises(LimitsMismatch, match="overflow"):
        wire.reader()
    wire.descriptor = ChannelDescriptor("motor", max_payload=257)
    with pytest.raises(LimitsMismatch, match="max_bytes=321"):
        wire.reader(overflow=False)
    assert not writer.closed


@pytest.mark.rule("PORT-04")
def test_a_factory_says_what_it_cannot_work_with(wire: Wire) -> None:
    with pytest.raises(WrongType, match="executor or a node"):
        ServiceFactory(object())
    with pytest.raises(InvalidArgument, match="checksum"):
        ServiceFactory(wire.source, checksum="none")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="checksum"):
        wire.writer(checksum="")


@pytest.mark.rule("PORT-04")
@pytest.mark.parametrize("wrong", [-1, 257])
def test_a_codec_that_miscounts_is_a_codec_error(wire: Wire, wrong: int) -> None:
    class Miscounts(InPlace):
        def encode(self, value: bytes, buffer: memoryview) -> int:
            return wrong

    wire.codec, wire.type = Miscounts(), bytes
    writer, reader = wire.writer(), wire.reader()
    with pytest.raises(CodecError, match="encode"):
        writer.send(b"x")
    assert (reader.try_recv(), writer.stats().messages) == (None, 0)


@pytest.mark.rule("PORT-04")
def test_a_codec_that_raises_leaves_nothing_on_loan(wire: Wire) -> None:
    class Fails(InPlace):
        def encode(self, value: bytes, buffer: memoryview) -> int:
            if value == b"bad":
                raise CodecError("fails", "as told")
            return super().encode(value, buffer)

    wire.codec, wire.type = Fails(), bytes
    writer, reader = wire.writer(), wire.reader()
    for _ in range(20):
        with pytest.raises(CodecError):
            writer.send(b"bad")
    writer.send(b"good")
    assert (reader.try_recv().value, writer.stats().messages) == (b"good", 1)


@pytest.mark.rule("PORT-01")
def test_ports_say_what_they_are(wire: Wire) -> None:
    writer, reader = wire.writer(suffix=".out"), wire.reader(suffix=".out")
    assert repr(writer) == "<ChannelWriter of 'motor.out', 0 sent>"
    assert repr(reader) == "<ChannelReader of 'motor.out', 0 received>"
    assert writer.name == reader.name == "motor.out"
    assert writer.node is reader.node
    assert TinyJson().format_name in str(wire.source.topology().channels)
