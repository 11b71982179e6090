"""PDO assignment and mapping, as a MainDevice writes them; and process data that follow."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument
from taktora.segment.aborts import Abort
from taktora.segment.analog import AnalogIn
from taktora.segment.axis import Axis
from taktora.segment.coe_device import CoeDevice
from taktora.segment.data_types import DataType
from taktora.segment.device import Identity
from taktora.segment.objects import Access, Entry, record, var
from taktora.segment.pdo import Mapped, Pdo, Side
from taktora.segment.terminals import Loopback
from tests.segment.sdo_client import SdoClient
from tests.segment.test_coe_transfers import abort_of


def in_pre_op(device: CoeDevice) -> SdoClient:
    device.power_on()
    device.entered(2, 0)
    return SdoClient(device.mailbox)


def assign(client: SdoClient, index: int, pdos: list[int]) -> None:
    client.write(index, 0, b"\0")
    for number, pdo in enumerate(pdos, 1):
        client.write(index, number, struct.pack("<H", pdo))
    client.write(index, 0, bytes([len(pdos)]))


def remap(client: SdoClient, index: int, words: list[int]) -> None:
    client.write(index, 0, b"\0")
    for number, word in enumerate(words, 1):
        client.write(index, number, struct.pack("<I", word))
    client.write(index, 0, bytes([len(words)]))


@pytest.mark.rule("COE-40", "COE-42")
@given(st.lists(st.sampled_from([0x1600, 0x1601, 0x1602, 0x1603]), unique=True, max_size=4))
def test_process_data_are_as_long_as_what_is_assigned_whichever_way_it_was_written(pdos: list[int]):
    one_by_one, at_once = Loopback(7, pdo_bytes=2), Loopback(7, pdo_bytes=2)
    assign(in_pre_op(one_by_one), 0x1C12, pdos)
    in_pre_op(at_once).write(
        0x1C12, 0, struct.pack(f"<B x {len(pdos)}H", len(pdos), *pdos), complete=True
    )
    bits = sum(8 if pdo == 0x1603 else 16 for pdo in pdos)
    assert (one_by_one.output_bits, at_once.output_bits) == (bits, bits)
    assert (one_by_one.input_bits, at_once.input_bits) == (56, 56)
    assert in_pre_op(Loopback(7, pdo_bytes=2)).read(0x1C12, 0) == b"\4"


@pytest.mark.rule("COE-40")
def test_assignment_is_written_in_pre_op_alone():
    device = Loopback(4, pdo_bytes=2)
    client = in_pre_op(device)
    for state in (4, 8):
        device.entered(state, 0)
        assert abort_of(client.write, 0x1C12, 0, b"\0") == Abort.DEVICE_STATE
        assert abort_of(client.write, 0x1C12, 0, b"\0\0", complete=True) == Abort.DEVICE_STATE
        assert client.read(0x1C12, 0) == b"\2"
    assert device.output_bits == 32


@pytest.mark.rule("COE-40")
def test_entries_are_written_while_subindex_0_is_0():
    device = Loopback(4, pdo_bytes=2)
    client = in_pre_op(device)
    assert abort_of(client.write, 0x1C12, 1, b"\0\x16") == Abort.SUBINDEX_0_FIRST
    client.write(0x1C12, 0, b"\0")
    assert device.output_bits == 0
    client.write(0x1C12, 1, b"\1\x16")
    client.write(0x1C12, 0, b"\1")
    assert device.output_bits == 16
    assert abort_of(client.write, 0x1C12, 0, b"\3") == Abort.VALUE_TOO_GREAT
    assert device.output_bits == 16


@pytest.mark.rule("COE-40")
def test_only_pdos_of_that_side_are_assigned_each_once():
    device = Loopback(4, pdo_bytes=2)
    client = in_pre_op(device)
    client.write(0x1C12, 0, b"\0")
    for wrong in (0x1A00, 0x1602, 0x6000, 0):
        code = abort_of(client.write, 0x1C12, 1, struct.pack("<H", wrong))
        assert code == Abort.VALUE_RANGE, hex(wrong)
    client.write(0x1C12, 1, b"\0\x16")
    client.write(0x1C12, 2, b"\0\x16")
    assert abort_of(client.write, 0x1C12, 0, b"\2") == Abort.INCOMPATIBLE
    assert device.output_bits == 0
    twice = struct.pack("<B x 2H", 2, 0x1A01, 0x1A01)
    assert abort_of(client.write, 0x1C13, 0, twice, complete=True) == Abort.INCOMPATIBLE
    assert device.input_bits == 32


@pytest.mark.rule("COE-40")
def test_pdos_that_exclude_each_other_are_not_assigned_together():
    device = AnalogIn(2)
    client = in_pre_op(device)
    assert device.input_bits == 64
    both = struct.pack("<B x 2H", 2, 0x1A00, 0x1A01)
    assert abort_of(client.write, 0x1C13, 0, both, complete=True) == Abort.INCOMPATIBLE
    assign(client, 0x1C13, [0x1A01, 0x1A03])
    assert device.input_bits == 32


@pytest.mark.rule("COE-41", "COE-42")
def test_a_pdo_is_mapped_anew_where_the_device_allows_it():
    device = Axis()
    client = in_pre_op(device)
    remap(client, 0x1602, [0x60400010, 0x00000008, 0x60600008, 0x60FF0020])
    assert device.output_bits == 64
    remap(client, 0x1A02, [0x60410010])
    assert device.input_bits == 16
    at_once = struct.pack("<B x 2I", 2, 0x60410010, 0x60640020)
    client.write(0x1A02, 0, at_once, complete=True)
    assert device.input_bits == 48
    fixed = AnalogIn(1)
    assert abort_of(in_pre_op(fixed).write, 0x1A00, 0, b"\0") == Abort.READ_ONLY


@pytest.mark.rule("COE-41")
@pytest.mark.parametrize(
    ("pdo", "word", "code"),
    [
        (0x1602, 0x12340010, Abort.NO_OBJECT),
        (0x1602, 0x60400110, Abort.NO_SUBINDEX),
        (0x1602, 0x60410010, Abort.NOT_MAPPABLE),
        (0x1602, 0x10180120, Abort.NOT_MAPPABLE),
        (0x1A02, 0x60400010, Abort.NOT_MAPPABLE),
        (0x1602, 0x60400008, Abort.WRONG_LENGTH),
        (0x1602, 0x00000108, Abort.NOT_MAPPABLE),
    ],
)
def test_what_cannot_be_mapped_is_refused(pdo: int, word: int, code: int):
    device = Axis()
    client = in_pre_op(device)
    client.write(pdo, 0, b"\0")
    assert abort_of(client.write, pdo, 1, struct.pack("<I", word)) == code


@pytest.mark.rule("COE-41")
def test_a_mapping_counts_only_entries_that_were_written_and_changes_in_pre_op_alone():
    device = Axis()
    client = in_pre_op(device)
    assert abort_of(client.write, 0x1602, 0, b"\x10") == Abort.INCOMPATIBLE
    assert abort_of(client.write, 0x1602, 1, bytes(4)) == Abort.SUBINDEX_0_FIRST
    device.entered(4, 0)
    assert abort_of(client.write, 0x1602, 0, b"\0") == Abort.DEVICE_STATE
    assert device.output_bits == 96


@pytest.mark.rule("COE-41")
def test_process_data_that_are_too_long_are_refused():
    def device() -> CoeDevice:
        flags = [Mapped(0x7000, 1, 32), Mapped(0x7000, 2, 32)]
        entry = [
            Entry(f"V{n}", DataType.UNSIGNED32, access=Access.RW | Access.RX_PDO) for n in (1, 2)
        ]
        pdos = tuple(Pdo(0x1600 + n, f"P{n}", (flag,), fixed=False) for n, flag in enumerate(flags))
        return CoeDevice(
            Identity(1, 2), [record(0x7000, "V", entry)], Side(pdos, (0x1600,), most_bits=40)
        )

    made = device()
    client = in_pre_op(made)
    both = struct.pack("<B x 2H", 2, 0x1600, 0x1601)
    assert abort_of(client.write, 0x1C12, 0, both, complete=True) == Abort.PDO_TOO_LONG
    longer = struct.pack("<B x 2I", 2, 0x70000120, 0x70000220)
    assert abort_of(client.write, 0x1600, 0, longer, complete=True) == Abort.PDO_TOO_LONG
    assert made.output_bits == 32


@pytest.mark.rule("COE-43")
def test_what_was_configured_survives_init_and_ends_with_the_power():
    device = Loopback(4, pdo_bytes=2)
    client = in_pre_op(device)
    assign(client, 0x1C12, [0x1601])
    remap(client, 0x1A00, [0x60000108])
    client.write(0x8001, 0, b"mine")
    for state in (1, 2, 4, 8, 4, 2, 1, 2):
        device.entered(state, 0)
    assert (device.output_bits, device.input_bits) == (16, 24)
    device.power_on()
    assert (device.output_bits, device.input_bits) == (32, 32)
    device.entered(2, 0)
    assert SdoClient(device.mailbox).read(0x8001, 0) == b""
    assert device.pdos()[0] == ((0x1600, ((0x7000, 1, 8), (0x7000, 2, 8))),
                                (0x1601, ((0x7000, 3, 8), (0x7000, 4, 8))))  # fmt: skip


class Everything(CoeDevice):
    """One object of each type, mapped one after another in both directions."""

    def __init__(self, kinds: list[DataType], gaps: list[int]) -> None:
        def entries(access: Access) -> list[Entry]:
            return [
                Entry(f"E{n}", kind, _zero(kind), access, bits=24 if kind.is_text else 0)
                for n, kind in enumerate(kinds)
            ]

        layout = []
        for sub, (kind, gap) in enumerate(zip(kinds, gaps, strict=True), 1):
            layout.append((sub, 24 if kind.is_text else kind.bits))
            layout += [(0, gap)] * bool(gap)
        super().__init__(
            Identity(1, 2),
            [
                record(0x7000, "Out", entries(Access.RO | Access.RX_PDO)),
                record(0x6000, "In", entries(Access.RO | Access.TX_PDO)),
            ],
            Side((Pdo(0x1600, "Out", tuple(_mapped(0x7000, *one) for one in layout)),)),
            Side((Pdo(0x1A00, "In", tuple(_mapped(0x6000, *one) for one in layout)),)),
        )
        self.count = len(kinds)
        self.bits = layout

    def update(self, valid: bool, now: int) -> None:
        for sub in range(1, self.count + 1):
            self.objects.values[0x6000, sub] = self.objects.values[0x7000, sub]


def _zero(kind: DataType) -> Any:
    return {DataType.BOOLEAN: False, DataType.VISIBLE_STRING: "", DataType.OCTET_STRING: b""}.get(
        kind, 0
    )


def _mapped(index: int, sub: int, bits: int) -> Mapped:
    return Mapped(index if sub else 0, sub, bits)


@pytest.mark.rule("COE-44")
@given(st.data(), st.lists(st.sampled_from(list(DataType)), min_size=1, max_size=25))
def test_process_data_are_the_values_of_objects_bit_by_bit(
    data: st.DataObject, kinds: list[DataType]
):
    gaps = data.draw(st.lists(st.integers(0, 9), min_size=len(kinds), max_size=len(kinds)))
    device = Everything(kinds, gaps)
    expected, at = 0, 0
    for sub, bits in device.bits:
        raw = data.draw(st.integers(0, (1 << bits) - 1))
        kind = kinds[sub - 1] if sub else None
        if kind is not None and kind.is_real:
            raw &= ~(0x7F << bits - 8)  # no NaN, whose bits need not survive
        if sub:
            expected |= raw << at
        at += bits
    image = expected.to_bytes((at + 7) // 8, "little")
    noise = image  # what is in gaps is nobody's
    assert device.output_bits == device.input_bits == at
    device.entered(8, 0)
    assert device.exchange(noise, 0) == image


@pytest.mark.rule("COE-44")
@pytest.mark.parametrize(
    ("kind", "image", "value"),
    [
        (DataType.BOOLEAN, "01", True),
        (DataType.INTEGER8, "7f", 127),
        (DataType.INTEGER8, "80", -128),
        (DataType.INTEGER16, "feff", -2),
        (DataType.UNSIGNED16, "feff", 0xFFFE),
        (DataType.BIT3, "07", 7),
        (DataType.REAL32, "0000c03f", 1.5),
        (DataType.REAL64, "00000000000000c0", -2.0),
        (DataType.VISIBLE_STRING, "416200", "Ab"),
        (DataType.OCTET_STRING, "416200", b"Ab\0"),
    ],
)
def test_outputs_become_values_of_their_type(kind: DataType, image: str, value: Any):
    device = Everything([kind], [0])
    assert device.exchange(bytes.fromhex(image), 0).hex() == image
    found = device.objects.values[0x7000, 1]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.rule("COE-44")
def test_gaps_are_not_read_and_come_as_zeros():
    device = Everything([DataType.UNSIGNED8, DataType.BOOLEAN], [3, 4])
    device.entered(8, 0)
    assert device.exchange(b"\xff\xff", 0) == b"\xff\x08"
    assert device.objects.values[0x7000, 1] == 0xFF
    assert device.exchange(None, 0) == b"\xff\x08"


@pytest.mark.rule("COE-45")
def test_what_every_coe_device_has():
    device = Axis(identity=Identity(0x11, 0x22, 0x33, 0x44, "drive"))
    client = in_pre_op(device)
    assert client.read(0x1000, 0) == struct.pack("<I", 0x00020192)
    assert client.read(0x1001, 0) == b"\0"
    assert client.read(0x1008, 0) == b"drive"
    assert client.read(0x1018, 0, complete=True) == struct.pack(
        "<B x 4I", 4, 0x11, 0x22, 0x33, 0x44
    )
    assert client.read(0x1C00, 0, complete=True) == bytes([4, 0, 1, 2, 3, 4])
    for index in (0x1009, 0x100A):
        assert client.read(index, 0)
    assert client.read(0x10F1, 0) == b"\2"


@pytest.mark.rule("COE-45")
def test_pdos_that_cannot_be_are_refused():
    with pytest.raises(InvalidArgument, match="0x1601 is assigned"):
        Side((Pdo(0x1600, "P", ()),), (0x1601,))
    with pytest.raises(InvalidArgument, match="0x1C12 is there twice"):
        CoeDevice(Identity(1, 2), [var(0x1C12, "mine", DataType.UNSIGNED8)])
