"""Who may read and write what, in which state, and which values."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument, WrongType
from taktora.segment.aborts import Abort, Refused
from taktora.segment.data_types import DataType, decode, encode, from_raw, to_raw
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import Access, Entry, array, var
from tests.segment.dictionaries import NUMBERS, ODD, SECRET, THINGS, one_of_everything
from tests.segment.sdo_client import client_of
from tests.segment.test_coe_transfers import abort_of


@pytest.mark.rule("COE-15")
@pytest.mark.parametrize("state", [2, 4, 8])
def test_access_is_as_the_entry_says_for_the_state(state: int):
    client = client_of(one_of_everything(), state=state)
    assert abort_of(client.write, THINGS, 5, bytes(4)) == Abort.READ_ONLY
    assert abort_of(client.read, SECRET, 0) == Abort.WRITE_ONLY
    client.write(SECRET, 0, bytes(4))
    assert client.read(THINGS, 7) == b"\1"
    if state == 2:
        client.write(THINGS, 7, b"\2")
        assert client.read(THINGS, 7) == b"\2"
    else:
        assert abort_of(client.write, THINGS, 7, b"\2") == Abort.DEVICE_STATE
        assert client.read(THINGS, 7) == b"\1"


@pytest.mark.rule("COE-15")
@pytest.mark.parametrize("state", [2, 4, 8])
def test_an_entry_that_is_readable_in_one_state_is_not_in_the_others(state: int):
    bit = {2: Access.READ_PRE_OP, 4: Access.READ_SAFE_OP, 8: Access.READ_OP}[state]
    objects = ObjectDictionary([var(0x2000, "x", DataType.UNSIGNED8, 9, access=bit)])
    for other in (1, 2, 3, 4, 8):
        client = client_of(objects, state=other)
        if other == state:
            assert client.read(0x2000, 0) == b"\x09"
        else:
            assert abort_of(client.read, 0x2000, 0) == Abort.DEVICE_STATE


@pytest.mark.rule("COE-16")
@pytest.mark.parametrize(
    ("subindex", "data", "code"),
    [
        (1, struct.pack("<h", 11), Abort.VALUE_TOO_GREAT),
        (1, struct.pack("<h", -11), Abort.VALUE_TOO_SMALL),
        (2, struct.pack("<f", 2.5), Abort.VALUE_TOO_GREAT),
        (2, struct.pack("<f", -0.5), Abort.VALUE_TOO_SMALL),
        (2, struct.pack("<f", math.nan), Abort.VALUE_RANGE),
        (8, b"\2", Abort.VALUE_TOO_GREAT),
        (9, b"\x08", Abort.VALUE_TOO_GREAT),
    ],
)
def test_a_value_out_of_its_range_is_refused(subindex: int, data: bytes, code: int):
    client = client_of(one_of_everything())
    before = client.read(THINGS, subindex)
    assert abort_of(client.write, THINGS, subindex, data) == code
    assert client.read(THINGS, subindex) == before


@pytest.mark.rule("COE-16")
def test_the_ends_of_a_range_are_in_it():
    client = client_of(one_of_everything())
    for value in (-10, 10):
        client.write(THINGS, 1, struct.pack("<h", value))
        assert client.mailbox.coe.objects.values[THINGS, 1] == value


@pytest.mark.rule("COE-18")
def test_a_hook_says_what_is_read_and_may_refuse_what_is_written():
    objects = one_of_everything()
    asked: list[Any] = []

    def refuse_odd(sub: int, value: Any) -> None:
        asked.append((sub, value))
        if value % 2:
            raise Refused(Abort.LOCAL_CONTROL)

    objects.on_write(NUMBERS, refuse_odd)
    objects.on_read(NUMBERS, lambda sub: 99 if sub == 2 else None)
    client = client_of(objects)
    assert client.read(NUMBERS, 2) == b"\x63\0"
    assert client.read(NUMBERS, 3) == b"\x03\0"
    client.write(NUMBERS, 3, b"\x08\0")
    assert abort_of(client.write, NUMBERS, 3, b"\x09\0") == Abort.LOCAL_CONTROL
    assert client.read(NUMBERS, 3) == b"\x08\0"
    assert asked == [(3, 8), (3, 9)]


@pytest.mark.rule("COE-18")
def test_from_inside_values_are_set_whatever_the_access_and_must_fit():
    objects = one_of_everything()
    objects.put(ODD, 1, 200)
    assert client_of(objects).read(ODD, 1) == b"\xc8"
    for value, error in (
        (256, InvalidArgument),
        (True, WrongType),
        ("a", WrongType),
        (1.0, WrongType),
    ):
        with pytest.raises(error, match="2008:01"):
            objects.put(ODD, 1, value)
    with pytest.raises(Refused):
        objects.put(ODD, 3, 1)
    assert objects.values[ODD, 1] == 200
    objects.reset()
    assert objects.values[ODD, 1] == 1


@pytest.mark.rule("COE-18")
def test_hooks_are_of_objects_that_there_are():
    objects = one_of_everything()
    with pytest.raises(Refused):
        objects.on_read(0x1FFF, lambda sub: sub)
    with pytest.raises(Refused):
        objects.on_write(0x1FFF, lambda sub, value: None)


numbers = [one for one in DataType if not one.is_text]


@pytest.mark.rule("COE-19")
@given(data=st.data(), kind=st.sampled_from(numbers))
def test_a_number_is_read_back_from_its_bytes_and_from_its_bits(
    data: st.DataObject, kind: DataType
):
    if kind is DataType.BOOLEAN:
        value: Any = data.draw(st.booleans())
    elif kind.is_real:
        value = data.draw(st.floats(width=kind.bits, allow_nan=False))  # type: ignore[arg-type]
    else:
        value = data.draw(st.integers(*kind.limits))
    encoded = encode(kind, value)
    assert len(encoded) == (kind.bits + 7) // 8
    assert decode(kind, kind.bits, encoded) == value
    assert type(decode(kind, kind.bits, encoded)) is type(value)
    raw = to_raw(kind, value)
    assert 0 <= raw < 1 << kind.bits
    assert from_raw(kind, raw) == value


@pytest.mark.rule("COE-19")
@pytest.mark.parametrize(
    ("kind", "value", "encoded"),
    [
        (DataType.BOOLEAN, True, "01"),
        (DataType.INTEGER8, -1, "ff"),
        (DataType.INTEGER16, -2, "feff"),
        (DataType.INTEGER32, -(2**31), "00000080"),
        (DataType.INTEGER64, 1, "0100000000000000"),
        (DataType.UNSIGNED32, 0x01020304, "04030201"),
        (DataType.REAL32, 1.0, "0000803f"),
        (DataType.REAL64, -2.0, "00000000000000c0"),
        (DataType.VISIBLE_STRING, "Aä", "41e4"),
        (DataType.OCTET_STRING, b"\0\1", "0001"),
        (DataType.BIT3, 5, "05"),
    ],
)
def test_values_are_little_endian(kind: DataType, value: Any, encoded: str):
    assert encode(kind, value).hex() == encoded


@pytest.mark.rule("COE-19")
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Entry("x", DataType.UNSIGNED8, 256), InvalidArgument),
        (lambda: Entry("x", DataType.UNSIGNED8, "1"), WrongType),
        (lambda: Entry("x", DataType.UNSIGNED8, True), WrongType),
        (lambda: Entry("x", DataType.BOOLEAN, 1), WrongType),
        (lambda: Entry("x", DataType.UNSIGNED8, 1, bits=16), InvalidArgument),
        (lambda: Entry("x", DataType.VISIBLE_STRING, "abc", bits=16), InvalidArgument),
        (lambda: Entry("x", DataType.VISIBLE_STRING, "\N{SNOWMAN}"), InvalidArgument),
        (lambda: Entry("x", DataType.REAL32, 1e300), InvalidArgument),
        (lambda: ObjectDictionary([array(1, "a", []), array(1, "b", [])]), InvalidArgument),
    ],
)
def test_definitions_that_cannot_be_are_refused(make: Any, error: type[Exception]):
    with pytest.raises(error):
        make()
