"""Which objects are written to choose a SubDevice's process data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.found import object_writes
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.pdo_assignment import SdoWrite, pdo_assignment
from taktora.connectors.ethercat.subdevice_map import PdoEntry, StartupSdo, SubDeviceMap
from taktora.errors import InvalidArgument

pytestmark = [pytest.mark.rule("SOEM-01", "SOEM-02")]

pdos = st.lists(st.integers(1, 0xFFFF), unique=True, max_size=254)


def test_outputs_come_first_and_each_list_is_unlocked_filled_and_counted() -> None:
    assert pdo_assignment([0x1601, 0x1600], [0x1A00]) == (
        SdoWrite(0x1C12, 0, b"\x00"),
        SdoWrite(0x1C12, 1, b"\x01\x16"),
        SdoWrite(0x1C12, 2, b"\x00\x16"),
        SdoWrite(0x1C12, 0, b"\x02"),
        SdoWrite(0x1C13, 0, b"\x00"),
        SdoWrite(0x1C13, 1, b"\x00\x1a"),
        SdoWrite(0x1C13, 0, b"\x01"),
    )


@given(pdos, pdos)
def test_a_device_that_obeys_the_writes_has_the_lists_that_were_asked_for(
    rx: list[int], tx: list[int]
) -> None:
    has = {0x1C12: [0xAAAA], 0x1C13: [0xBBBB]}
    counted = {0x1C12: 1, 0x1C13: 1}
    for one in pdo_assignment(rx, tx):
        if one.subindex == 0:
            counted[one.index] = one.data[0]
            has[one.index] = has[one.index][: one.data[0]]
            assert len(has[one.index]) == one.data[0]
        else:
            assert counted[one.index] == 0, "written while the list is valid"
            assert one.subindex == len(has[one.index]) + 1
            has[one.index].append(int.from_bytes(one.data, "little"))
    assert has[0x1C12] == (rx or [0xAAAA])
    assert has[0x1C13] == (tx or [0xBBBB])
    assert counted == {index: len(its) for index, its in has.items()}


@pytest.mark.parametrize(
    ("rx", "said"),
    [([0x1600, 0x1600], "twice"), ([0], "0x0"), ([0x10000], "0x10000"), (range(1, 256), "254")],
)
def test_what_no_list_can_hold_is_refused(rx: list[int], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        pdo_assignment(rx)


def test_start_up_objects_come_before_the_assignment_in_their_order() -> None:
    its = SubDeviceMap(
        subdevice=1,
        rx_pdos=(PdoEntry(0x1600),),
        startup_sdos=(
            StartupSdo(0x8010, 3, value=-2, size=2),
            StartupSdo(0x8000, 0, data=b"ab", complete=True),
        ),
    )
    writes = object_writes(EthercatOptions("eth1", subdevices=(its,)).map_of(1))
    assert writes[:2] == (
        SdoWrite(0x8010, 3, b"\xfe\xff"),
        SdoWrite(0x8000, 0, b"ab", complete=True),
    )
    assert writes[2:] == pdo_assignment([0x1600])
    assert object_writes(None) == ()
