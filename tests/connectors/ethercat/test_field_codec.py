"""Values of Python in fields of bits: what was given is what is read, or it is refused."""

from __future__ import annotations

import enum
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taktora.connectors import CodecError, PayloadCodec, PayloadOverflow
from taktora.connectors.ethercat import Direction, EthercatRouting, FieldCodec
from taktora.connectors.ethercat.pdi import read_bits
from taktora.errors import WrongType


def codec(bit_length: int = 16, **more: Any) -> FieldCodec:
    return FieldCodec(EthercatRouting(1, Direction.TX, 0, bit_length, **more))


def back(its: FieldCodec, value: Any, type: Any) -> Any:
    return its.decode(memoryview(its.dumps(value)), type)


class Mode(enum.IntEnum):
    OFF = 0
    POSITION = 8
    TORQUE = 10


class Status(enum.IntFlag):
    READY = 1
    FAULT = 8


class Light(enum.Enum):
    RED = 1
    GREEN = 2


@st.composite
def whole_numbers(draw: st.DrawFn) -> tuple[FieldCodec, int]:
    length = draw(st.integers(1, 64))
    signed = length > 1 and draw(st.booleans())
    big = length % 8 == 0 and draw(st.booleans())
    least, most = (-(1 << length - 1), (1 << length - 1) - 1) if signed else (0, (1 << length) - 1)
    value = draw(st.sampled_from([least, most, 0]) | st.integers(least, most))
    return codec(length, signed=signed, byte_order="big" if big else "little"), value


@pytest.mark.rule("ECAT-05")
@given(whole_numbers())
def test_a_whole_number_arrives_as_it_was(what: tuple[FieldCodec, int]):
    its, value = what
    data = its.dumps(value)
    routing = its.routing
    assert back(its, value, int) == value
    assert type(back(its, value, int)) is int
    little = data if routing.byte_order == "little" else data[::-1]
    assert read_bits(little, 0, routing.bit_length, signed=routing.signed) == value
    assert len(data) == (routing.bit_length + 7) // 8


@pytest.mark.rule("ECAT-05")
@given(st.floats(), st.sampled_from(["little", "big"]))
def test_a_float_arrives_as_it_was_or_rounded_to_its_bits(value: float, order: Any):
    assert str(back(codec(64, kind="float", byte_order=order), value, float)) == str(value)
    assume(abs(value) <= 3e38 or not math.isfinite(value))
    short = back(codec(32, kind="float", byte_order=order), value, float)
    assert str(short) == str(float(np.float32(value)))


@pytest.mark.rule("ECAT-05")
@given(st.integers(1, 200), st.data())
def test_bytes_arrive_as_they_were_in_every_kind_of_field(length: int, data: st.DataObject):
    value = data.draw(st.integers(0, (1 << length) - 1)).to_bytes((length + 7) // 8, "little")
    fields = [codec(length, kind="bytes")]
    if length <= 64:
        fields.append(codec(length))
    if length in (32, 64):
        fields.append(codec(length, kind="float", byte_order="big"))
    for its in fields:
        for kind in (bytes, bytearray, memoryview):
            found = back(its, kind(value), kind)
            assert (type(found), bytes(found)) == (kind, value)


@pytest.mark.rule("ECAT-05")
def test_enumerations_arrive_as_their_members():
    assert back(codec(8), Mode.TORQUE, Mode) is Mode.TORQUE
    assert back(codec(16), Status.READY | Status.FAULT, Status) == Status.READY | Status.FAULT
    assert back(codec(2), Light.GREEN, Light) is Light.GREEN
    assert back(codec(1), Light.RED, Light) is Light.RED


@pytest.mark.rule("ECAT-05")
def test_numbers_of_numpy_are_numbers():
    assert back(codec(16, signed=True), np.int16(-3), int) == -3
    assert back(codec(32, kind="float"), np.float32(0.1), float) == float(np.float32(0.1))


@pytest.mark.rule("ECAT-07")
@pytest.mark.parametrize("type", [object, Any])
def test_read_as_anything_a_field_gives_what_is_natural_to_it(type: Any):
    assert back(codec(1), 1, type) is True
    assert back(codec(2), 1, type) == 1
    assert back(codec(64, kind="float"), 1, type) == 1.0
    assert back(codec(24, kind="bytes"), b"abc", type) == b"abc"


@pytest.mark.rule("ECAT-06")
@pytest.mark.parametrize(
    ("its", "value", "said"),
    [
        (codec(8), 256, "256 does not fit in 8 bits, unsigned: 0 to 255"),
        (codec(8), -1, "-1 does not fit in 8 bits, unsigned"),
        (codec(8, signed=True), 128, "128 does not fit in 8 bits, signed: -128 to 127"),
        (codec(1), 2, "2 does not fit in 1 bit, unsigned: 0 to 1"),
        (codec(8), True, "True goes into a field of 1 bit; this one has 8, send 1"),
        (codec(8), 1.0, "takes an int, not 1.0"),
        (codec(8), "1", "takes an int, not '1'"),
        (codec(8), None, "takes an int, not None"),
        (codec(32, kind="float"), 1e39, "1e.39 does not fit in a float of 32 bits"),
        (codec(64, kind="float"), 10**320, "1000.* does not fit in a float of 64 bits"),
        (codec(32, kind="float"), "1", "takes a number, not '1'"),
        (codec(32, kind="float"), True, "takes a number, not True"),
        (codec(32, kind="float"), 1j, "takes a number, not 1j"),
        (codec(24, kind="bytes"), 5, "a field of bytes takes bytes, not 5"),
        (codec(24, kind="bytes"), b"ab", "a field of 24 bits is 3 bytes, not 2"),
        (codec(12), b"\x00\x10", "00 10 has a 1 above the 12 bits of the field"),
        (codec(8), Light, "takes an int, not <enum 'Light'>"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(its: FieldCodec, value: Any, said: str):
    with pytest.raises(CodecError, match=said) as caught:
        its.dumps(value)
    assert caught.value.format == "field"


@pytest.mark.rule("ECAT-06")
@pytest.mark.parametrize("more", [{}, {"kind": "float", "bit_length": 64}])
def test_a_number_too_long_to_be_written_out_is_refused_like_any_other(more: dict[str, Any]):
    with pytest.raises(CodecError, match="thousands of digits does not fit in "):
        codec(**more).dumps(-(10**5000))


@pytest.mark.rule("ECAT-06")
@pytest.mark.parametrize(
    ("its", "data", "type", "said"),
    [
        (codec(8), b"\x01\x00", int, "a field of 8 bits is 1 byte, not 2"),
        (codec(8), b"", int, "a field of 8 bits is 1 byte, not 0"),
        (codec(4), b"\x10", int, "10 has a 1 above the 4 bits"),
        (codec(8), b"\x01", bool, "8 bits, int, is read as int, not as bool"),
        (codec(1), b"\x01", float, "1 bit, int, is read as bool or int, not as float"),
        (codec(8), b"\x01", str, "is read as int, not as str"),
        (codec(32, kind="float"), bytes(4), int, "32 bits, float, is read as float, not as int"),
        (codec(8), b"\x03", Mode, "3 is not a valid Mode"),
        (codec(24, kind="bytes"), bytes(3), Light, "is read as bytes, not as "),
        (codec(8), b"\x01", list[int], "is read as int, not as list"),
    ],
)
def test_data_that_is_nothing_of_the_kind_is_refused(
    its: FieldCodec, data: bytes, type: Any, said: str
):
    with pytest.raises(CodecError, match=said):
        its.decode(memoryview(data), type)


@pytest.mark.rule("ECAT-06")
@given(st.binary(max_size=10), st.sampled_from([int, float, bool, bytes, Mode, Light, object]))
def test_whatever_the_data_is_it_is_read_as_the_type_or_refused(data: bytes, type: Any):
    for its in (codec(1), codec(12, signed=True), codec(32, kind="float"), codec(40, kind="bytes")):
        try:
            found = its.decode(memoryview(data), type)
        except CodecError:
            continue
        assert isinstance(found, type)
        assert len(data) == (its.routing.bit_length + 7) // 8


@pytest.mark.rule("ECAT-05")
def test_a_field_codec_is_a_codec():
    its = codec(16)
    assert isinstance(its, PayloadCodec)
    buffer = bytearray(b"####")
    assert its.encode(0x1234, memoryview(buffer)) == 2
    assert buffer == b"\x34\x12##"
    with pytest.raises(PayloadOverflow, match="a field value needs 2 bytes"):
        its.encode(1, memoryview(bytearray(1)))
    data = bytearray(struct.pack("<H", 7))
    found = its.decode(memoryview(data).toreadonly(), memoryview)
    data[0] = 8  # it keeps nothing of it
    assert bytes(found) == b"\x07\x00"
    with pytest.raises(WrongType, match="must be an EthercatRouting, not 3"):
        FieldCodec(3)  # type: ignore[arg-type]
