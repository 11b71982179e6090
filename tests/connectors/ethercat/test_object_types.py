"""Types of objects: what is written, what is shown, and what a SubDevice calls them."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.object_types import (
    BYTES,
    TYPES,
    ObjectType,
    decode,
    encode,
    in_words,
    type_of,
)
from taktora.errors import BusError, InvalidArgument

NUMBERS = [one for one in TYPES.values() if one.kind in ("bool", "unsigned", "signed")]


def limits(kind: ObjectType) -> tuple[int, int]:
    if kind.kind == "signed":
        return -(2 ** (kind.bits - 1)), 2 ** (kind.bits - 1) - 1
    return 0, 2**kind.bits - 1


@pytest.mark.rule("TOOL-26")
@given(st.data(), st.sampled_from(NUMBERS))
def test_a_number_in_its_range_comes_back_however_it_is_written(
    data: st.DataObject, kind: ObjectType
) -> None:
    number = data.draw(st.integers(*limits(kind)))
    written = data.draw(st.sampled_from([str, hex, bin, lambda n: f"{n:+05}"]))(number)
    found = encode(kind, written)
    assert len(found) == (kind.bits + 7) // 8
    assert decode(kind, found) == number
    assert int.from_bytes(found, "little") == number % 2 ** (8 * len(found))
    assert in_words(kind, found) == (
        f"{str(bool(number)).lower() if kind.kind == 'bool' else number} "
        f"(0x{int.from_bytes(found, 'little'):0{2 * len(found)}X})"
    )


@pytest.mark.rule("TOOL-26")
@given(st.data(), st.sampled_from(NUMBERS))
def test_a_number_out_of_its_range_is_refused_with_the_range(
    data: st.DataObject, kind: ObjectType
) -> None:
    least, most = limits(kind)
    number = data.draw(st.integers(max_value=least - 1) | st.integers(min_value=most + 1))
    with pytest.raises(
        InvalidArgument, match=f"is not in the range of an? {kind.name}, {least} to"
    ):
        encode(kind, str(number))


@pytest.mark.rule("TOOL-26")
@given(st.floats(width=32, allow_nan=False), st.floats(allow_nan=False))
def test_floats_come_back_with_all_their_digits(single: float, double: float) -> None:
    assert decode(TYPES["f32"], encode(TYPES["f32"], repr(single))) == single
    assert decode(TYPES["f64"], encode(TYPES["f64"], repr(double))) == double
    shown, _, digits = in_words(TYPES["f32"], struct.pack("<f", single)).partition(" ")
    assert struct.pack("<f", float(shown)) == struct.pack("<f", single)
    assert digits == f"(0x{struct.unpack('<I', struct.pack('<f', single))[0]:08X})"


@pytest.mark.rule("TOOL-26")
def test_floats_that_are_none_or_too_large_are_refused() -> None:
    assert math.isinf(decode(TYPES["f32"], encode(TYPES["f32"], "-inf")))
    for text, words in (("1e39", "too large for an f32"), ("x", "'x' is no number")):
        with pytest.raises(InvalidArgument, match=words):
            encode(TYPES["f32"], text)
    with pytest.raises(InvalidArgument, match="1e999 is too large for an f64"):
        encode(TYPES["f64"], "1e999")


@pytest.mark.rule("TOOL-26")
@given(st.text(st.characters(max_codepoint=255, min_codepoint=1)), st.binary())
def test_texts_and_bytes_come_back(text: str, data: bytes) -> None:
    assert decode(TYPES["string"], encode(TYPES["string"], text)) == text
    assert decode(TYPES["string"], encode(TYPES["string"], text) + bytes(3)) == text
    for written in (data.hex(" "), data.hex(), data.hex(":")):
        assert encode(BYTES, written) == data


@pytest.mark.rule("TOOL-26", "TOOL-22")
@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("u8", "1.5", "'1.5' is not a whole number, as a u8 has"),
        ("u8", "", "'' is not a whole number"),
        ("bool", "maybe", "'maybe' is not true, false, 1 or 0"),
        ("bool", "2", "2 is not in the range of a bool, 0 to 1"),
        ("bytes", "xy", "'xy' is no bytes, as in '12 34 ab'; for a number, say its --type"),
        ("string", "\u20ac", "characters that are not in Latin-1"),
    ],
)
def test_what_is_no_value_of_its_type_is_refused(kind: str, text: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        encode(TYPES[kind], text)
    assert words in str(caught.value)


@pytest.mark.rule("TOOL-21")
@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("bool", b"\1", "true (0x01)"),
        ("string", b"pump\0\0", "'pump'"),
        ("bytes", b"", "no bytes"),
        ("bytes", bytes.fromhex("3412"), "34 12 = 4660 (0x1234)"),
        ("bytes", bytes(9), "00 00 00 00 00 00 00 00 00"),
        ("u32", bytes.fromhex("3412"), "34 12 = 4660 (0x1234)"),
        ("f64", struct.pack("<d", 0.1), "0.1 (0x3FB999999999999A)"),
        ("f32", struct.pack("<f", 0.1), "0.100000001 (0x3DCCCCCD)"),
    ],
)
def test_values_are_shown_decimal_and_hexadecimal(kind: str, data: bytes, words: str) -> None:
    assert in_words(TYPES[kind], data) == words


@pytest.mark.rule("TOOL-21")
def test_bytes_that_are_too_few_are_no_value() -> None:
    with pytest.raises(BusError, match="the object has 2 bytes; an i32 has 4"):
        decode(TYPES["i32"], bytes(2))


@pytest.mark.rule("TOOL-27")
@pytest.mark.parametrize(
    ("number", "bits", "name"),
    [
        (0x0001, 1, "bool"),
        (0x0003, 16, "i16"),
        (0x0016, 24, "u24"),
        (0x0008, 32, "f32"),
        (0x0009, 8 * 17, "string"),
        (0x000A, 64, "bytes"),
        (0x0032, 3, "bit3"),
        (0x001E, 8, "u8"),
        (0x0001, 8, "u8"),  # a boolean that takes a whole byte
        (0x0805, 16, "u16"),  # an enumeration
        (0x0805, 3, "bit3"),
        (0x0805, 200, "bytes"),  # a structure
        (0x0021, 64, "bytes"),  # PDO mapping: a structure of the standard's
        (0x0000, 0, "bytes"),
    ],
)
def test_a_type_is_known_by_its_number_and_bits(number: int, bits: int, name: str) -> None:
    assert type_of(number, bits).name == name
