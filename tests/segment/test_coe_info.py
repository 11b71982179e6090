"""The SDO information service: a MainDevice browses what there is."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.aborts import Abort
from taktora.segment.axis import Axis
from taktora.segment.data_types import DataType
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import Access, var
from taktora.segment.terminals import Loopback
from tests.segment.dictionaries import LIST, MIXED, NUMBERS, TEXT, THINGS, one_of_everything
from tests.segment.sdo_client import SdoClient, client_of
from tests.segment.test_coe_transfers import abort_of


def listed(client: SdoClient, which: int) -> list[int]:
    data = client.info(1, struct.pack("<H", which))
    number, *indices = struct.unpack(f"<{len(data) // 2}H", data)
    assert number == which
    return indices


@pytest.mark.rule("COE-30")
def test_lists_are_all_objects_and_those_that_have_something():
    device = Axis()
    client = client_of(device.objects)
    everything = listed(client, 1)
    assert everything == sorted(one.index for one in device.objects)
    rx, tx, backup, setting = (listed(client, which) for which in (2, 3, 4, 5))
    assert {0x6040, 0x607A} <= set(rx)
    assert 0x6041 not in rx
    assert {0x6041, 0x6064} <= set(tx)
    assert 0x6040 not in tx
    assert 0x6083 in backup
    assert 0x6083 in setting
    assert listed(client, 0) == [len(one) for one in (everything, rx, tx, backup, setting)]
    assert abort_of(client.info, 1, b"\x06\0") == Abort.UNSUPPORTED_ACCESS


@pytest.mark.rule("COE-31")
@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (NUMBERS, struct.pack("<HHBB", NUMBERS, DataType.UNSIGNED16, 5, 8) + b"Numbers"),
        (THINGS, struct.pack("<HHBB", THINGS, 0, 9, 9) + b"Things"),
        (TEXT, struct.pack("<HHBB", TEXT, DataType.VISIBLE_STRING, 0, 7) + b"Text"),
        (LIST, struct.pack("<HHBB", LIST, DataType.UNSIGNED16, 8, 8) + b"List"),
    ],
)
def test_an_object_is_described(index: int, expected: bytes):
    assert client_of(one_of_everything()).info(3, struct.pack("<H", index)) == expected


@pytest.mark.rule("COE-32")
def test_an_entry_is_described_with_what_was_asked_for_and_is_known():
    client = client_of(one_of_everything())

    def described(subindex: int, wanted: int, index: int = THINGS) -> bytes:
        return client.info(5, struct.pack("<HBB", index, subindex, wanted))

    head = struct.pack("<HBBHHH", THINGS, 1, 0x07, DataType.INTEGER16, 16, 0x003F)
    assert described(1, 0x07) == head + b"Signed"
    head = struct.pack("<HBBHHH", THINGS, 1, 0x70, DataType.INTEGER16, 16, 0x003F)
    assert described(1, 0x78) == head + struct.pack("<hhh", -3, -10, 10) + b"Signed"
    head = struct.pack("<HBBHHH", THINGS, 2, 0x60, DataType.REAL32, 32, 0x003F)
    assert described(2, 0x60) == head + struct.pack("<ff", 0, 2) + b"Real"
    head = struct.pack("<HBBHHH", THINGS, 9, 0x1F, DataType.BIT3, 3, 0x013F)
    assert described(9, 0x7F) == head + struct.pack("<IB", 0x10000, 5) + b"Three"
    head = struct.pack("<HBBHHH", THINGS, 7, 0x00, DataType.UNSIGNED8, 8, 0x000F)
    assert described(7, 0) == head + b"Early"
    head = struct.pack("<HBBHHH", MIXED, 1, 0x07, DataType.VISIBLE_STRING, 64, 0x003F)
    assert described(1, 0x7F, MIXED) == head + b"Name"
    head = struct.pack("<HBBHHH", NUMBERS, 0, 0x07, DataType.UNSIGNED8, 8, 0x0007)
    assert described(0, 0x07, NUMBERS) == head + b"Number of entries"


@pytest.mark.rule("COE-33")
@given(count=st.integers(1, 400), size=st.sampled_from([32, 128, 1024]))
def test_a_list_of_any_length_comes_in_fragments_that_fit(count: int, size: int):
    objects = ObjectDictionary(
        var(0x2000 + n, f"V{n}", DataType.UNSIGNED8, access=Access.RO) for n in range(count)
    )
    client = client_of(objects, size)
    assert listed(client, 1) == [0x2000 + n for n in range(count)]
    assert client.messages == -(-(2 + 2 * count) // (size - 12))


@pytest.mark.rule("COE-34")
@pytest.mark.parametrize(
    ("opcode", "body", "code"),
    [
        (3, b"\xff\x1f", Abort.NO_OBJECT),
        (5, b"\xff\x1f\0\0", Abort.NO_OBJECT),
        (5, struct.pack("<HBB", NUMBERS, 77, 0), Abort.NO_SUBINDEX),
        (5, struct.pack("<HB", NUMBERS, 1), Abort.TOO_SHORT),
        (3, b"\0", Abort.TOO_SHORT),
        (1, b"", Abort.TOO_SHORT),
        (2, b"\0\0", Abort.COMMAND),
        (7, b"\0\0\0\0", Abort.COMMAND),
        (0x7E, b"\0\0", Abort.COMMAND),
    ],
)
def test_what_cannot_be_told_is_an_information_error(opcode: int, body: bytes, code: int):
    assert abort_of(client_of(one_of_everything()).info, opcode, body) == code


@pytest.mark.rule("COE-30", "COE-31", "COE-32")
def test_everything_that_a_device_has_can_be_browsed():
    device = Loopback(300)
    client = client_of(device.objects)
    for index in listed(client, 1):
        _, _, last, code = struct.unpack_from("<HHBB", client.info(3, struct.pack("<H", index)))
        entries = device.objects.object(index).entries
        assert (last, code) == (max(entries), device.objects.object(index).code)
        for sub in entries:
            told = client.info(5, struct.pack("<HBB", index, sub, 0x7F))
            assert told.endswith(entries[sub].name.encode())
