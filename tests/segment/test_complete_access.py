"""SDO complete access: whole objects in one transfer."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.aborts import Abort
from taktora.segment.data_types import DataType
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import Access, Entry, record
from tests.segment.dictionaries import (
    LIST,
    MIXED,
    NUMBERS,
    ODD,
    SECRET,
    THINGS,
    one_of_everything,
)
from tests.segment.sdo_client import client_of
from tests.segment.test_coe_transfers import abort_of


@pytest.mark.rule("COE-20")
def test_subindex_0_takes_16_bits_and_the_others_follow():
    client = client_of(one_of_everything())
    assert client.read(NUMBERS, 0, complete=True) == struct.pack("<B x 5H", 5, 1, 2, 3, 4, 5)
    assert client.read(NUMBERS, 1, complete=True) == struct.pack("<5H", 1, 2, 3, 4, 5)


@pytest.mark.rule("COE-20")
def test_bits_are_packed_and_what_cannot_be_read_is_zero():
    client = client_of(one_of_everything())
    expected = struct.pack("<B x h f Q I I B B", 9, -3, 1.5, 0, 0xDEADBEEF, 0, 1, 0b1010)
    assert client.read(THINGS, 0, complete=True) == expected


@pytest.mark.rule("COE-20")
def test_an_object_that_says_how_many_count_is_read_so_far():
    client = client_of(one_of_everything())
    assert client.read(LIST, 0, complete=True) == b"\0\0"
    client.write(LIST, 0, struct.pack("<B x 2H", 2, 7, 8), complete=True)
    assert client.read(LIST, 0, complete=True) == struct.pack("<B x 2H", 2, 7, 8)
    assert client.read(LIST, 1, complete=True) == struct.pack("<2H", 7, 8)


@pytest.mark.rule("COE-21")
def test_what_may_not_be_written_is_passed_over():
    client = client_of(one_of_everything())
    image = struct.pack("<B x h f Q I I B B", 77, 3, 0.5, 6, 1, 2, 3, 0b0111)
    client.write(THINGS, 0, image, complete=True)
    values = client.mailbox.coe.objects.values
    assert [values[THINGS, sub] for sub in (0, 1, 2, 3, 5, 6, 7, 8, 9)] == [
        9, 3, 0.5, 6, 0xDEADBEEF, 2, 3, True, 3,
    ]  # fmt: skip
    assert abort_of(client.write, ODD, 0, bytes(4), complete=True) == Abort.READ_ONLY


@pytest.mark.rule("COE-21")
def test_a_refused_value_leaves_the_whole_object_as_it_was():
    client = client_of(one_of_everything())
    before = dict(client.mailbox.coe.objects.values)
    image = struct.pack("<B x h f Q I I B B", 9, 3, 9.5, 6, 1, 2, 3, 0b0111)
    assert abort_of(client.write, THINGS, 0, image, complete=True) == Abort.VALUE_TOO_GREAT
    assert client.mailbox.coe.objects.values == before


@pytest.mark.rule("COE-21")
@pytest.mark.parametrize(
    ("index", "start", "data", "code"),
    [
        (NUMBERS, 0, bytes(11), Abort.TOO_SHORT),
        (NUMBERS, 0, bytes(13), Abort.TOO_LONG),
        (NUMBERS, 1, bytes(9), Abort.TOO_SHORT),
        (LIST, 0, struct.pack("<B x H", 2, 1), Abort.TOO_SHORT),
        (LIST, 0, struct.pack("<B x 3H", 2, 1, 2, 3), Abort.TOO_LONG),
        (LIST, 0, struct.pack("<B x 8H 2x", 9, *range(8)), Abort.TOO_LONG),
        (LIST, 0, struct.pack("<B x 8H", 9, *range(8)), Abort.VALUE_TOO_GREAT),
        (LIST, 0, b"\0", Abort.TOO_SHORT),
    ],
)
def test_a_length_that_is_not_the_objects_is_refused(
    index: int, start: int, data: bytes, code: int
):
    client = client_of(one_of_everything())
    before = dict(client.mailbox.coe.objects.values)
    assert abort_of(client.write, index, start, data, complete=True) == code
    assert client.mailbox.coe.objects.values == before


@pytest.mark.rule("COE-21")
def test_an_object_that_says_how_many_count_may_come_with_all_the_room_that_it_has():
    client = client_of(one_of_everything())
    client.write(LIST, 0, struct.pack("<B x 8H", 2, 1, 2, *[9] * 6), complete=True)
    assert client.read(LIST, 0, complete=True) == struct.pack("<B x 2H", 2, 1, 2)
    client.write(LIST, 1, struct.pack("<3H", 4, 5, 6), complete=True)
    assert client.read(LIST, 0) == b"\2"
    assert client.read(LIST, 3) == b"\6\0"


@pytest.mark.rule("COE-22")
@pytest.mark.parametrize(("index", "start"), [(SECRET, 0), (NUMBERS, 2), (NUMBERS, 255)])
def test_single_values_and_other_beginnings_have_no_complete_access(index: int, start: int):
    client = client_of(one_of_everything())
    assert abort_of(client.read, index, start, complete=True) == Abort.UNSUPPORTED_ACCESS
    assert abort_of(client.write, index, start, b"\0", complete=True) == Abort.UNSUPPORTED_ACCESS
    assert abort_of(client.read, 0x1FFF, 0, complete=True) == Abort.NO_OBJECT


@pytest.mark.rule("COE-20")
def test_text_takes_up_its_room_and_comes_back_without_what_fills_it():
    client = client_of(one_of_everything())
    assert client.read(MIXED, 0, complete=True) == b"\2\0abc\0\0\0\0\0\1\2"
    client.write(MIXED, 0, b"\2\0wx\0\0\0\0\0\0\3\0", complete=True)
    assert client.read(MIXED, 1) == b"wx"
    assert client.read(MIXED, 2) == b"\3\0"


kinds = st.sampled_from([one for one in DataType if not one.is_text and not one.is_real])


@pytest.mark.rule("COE-20", "COE-21")
@given(st.lists(kinds, min_size=1, max_size=40), st.data(), st.sampled_from([0, 1]))
def test_a_record_of_any_entries_is_read_as_it_was_written(
    types: list[DataType], data: st.DataObject, start: int
):
    def objects() -> ObjectDictionary:
        entries = [
            Entry(f"E{n}", kind, kind is DataType.BOOLEAN or 0, Access.RW)
            for n, kind in enumerate(types)
        ]
        return ObjectDictionary([record(0x2000, "R", entries)])

    bits = sum(one.bits for one in types)
    drawn = data.draw(st.integers(0, (1 << bits) - 1)).to_bytes((bits + 7) // 8, "little")
    image = drawn if start else bytes([len(types), 0]) + drawn
    client = client_of(objects())
    client.write(0x2000, start, image, complete=True, normal=True)
    assert client.read(0x2000, start, complete=True) == image
    one_by_one = client_of(objects())
    for sub in range(1, len(types) + 1):
        one_by_one.write(0x2000, sub, client.read(0x2000, sub))
    assert one_by_one.read(0x2000, start, complete=True) == image


@pytest.mark.rule("COE-21")
def test_long_objects_come_in_segments_too():
    client = client_of(one_of_everything(), 32)
    image = struct.pack("<B x h f Q I I B B", 9, 3, 0.5, 6, 1, 2, 3, 0b0111)
    client.write(THINGS, 0, image, complete=True, segment=5)
    assert client.mailbox.coe.objects.values[THINGS, 9] == 3
    assert client.messages > 2
