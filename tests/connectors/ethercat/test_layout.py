"""Whether channels lead anywhere: overlaps, unknown SubDevices, fields outside, and what the bus says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ChannelDescriptor, NoRouting
from taktora.connectors.ethercat import (
    BringUp,
    Direction,
    EthercatOptions,
    EthercatRouting,
    MockBusDriver,
    MockSubDevice,
    PdoEntry,
    SubDeviceMap,
)
from taktora.connectors.ethercat.layout import Layout, expected_wkc, problems_of
from taktora.errors import BusError, InvalidDescriptor

RX, TX = Direction.RX, Direction.TX

OPTIONS = EthercatOptions(
    "eth1",
    subdevices=(
        SubDeviceMap(1, "valves"),
        SubDeviceMap(
            2,
            "axis",
            rx_pdos=(PdoEntry(0x1600, bit_length=48), PdoEntry(0x1601, bit_length=8)),
            tx_pdos=(PdoEntry(0x1A00),),
        ),
    ),
)


def bus(*subdevices: MockSubDevice) -> BringUp:
    *_, found = MockBusDriver(*subdevices).bring_up()
    assert isinstance(found, BringUp)
    return found


def told(*routings: Any) -> list[str]:
    channels = {n: ChannelDescriptor(f"c{n}", one) for n, one in enumerate(routings)}
    return [str(one) for one in problems_of(OPTIONS, channels)]


fields = st.builds(
    EthercatRouting,
    subdevice=st.sampled_from([1, "valves", 3]),
    direction=st.sampled_from(Direction),
    bit_offset=st.integers(0, 40),
    bit_length=st.integers(1, 12),
)


@pytest.mark.rule("ECAT-11", "ECAT-13")
@given(st.lists(fields, max_size=8))
def test_output_channels_never_share_a_bit(routings: list[EthercatRouting]):
    layout = Layout(OPTIONS)
    taken: set[tuple[int, int]] = set()
    refused: list[int] = []
    for number, one in enumerate(routings):
        position = 3 if one.subdevice == 3 else 1
        its = {(position, one.bit_offset + n) for n in range(one.bit_length)}
        if one.direction is RX and its & taken:
            refused.append(number)
            with pytest.raises(InvalidDescriptor, match=f"'c{number}': bit_offset .* overlap"):
                layout.add(f"c{number}", one)
            assert f"c{number}" not in layout.placed
        else:
            placed = layout.add(f"c{number}", one)
            assert placed is layout.placed[f"c{number}"]
            assert (placed.position, placed.is_output) == (position, one.direction is RX)
            taken |= its if one.direction is RX else set()
    problems = told(*routings)
    assert bool(problems) == bool(refused)
    assert all(".routing.bit_offset: " in one for one in problems)


@pytest.mark.rule("ECAT-11")
def test_an_overlap_is_told_with_both_channels_and_their_bits():
    assert told(
        EthercatRouting("valves", RX, 0, 4),
        EthercatRouting("valves", TX, 0, 4),
        EthercatRouting(1, RX, 3, 1),
        NoRouting(),
    ) == [
        (
            "channels[2].routing.bit_offset: is 3: bit 3 of the outputs of SubDevice 1 (valves) "
            "overlaps bits 0 to 3 of channel 'c0'; each output bit has one channel"
        )
    ]


@pytest.mark.rule("ECAT-12", "ECAT-13")
@pytest.mark.parametrize(
    ("routing", "text"),
    [
        (
            EthercatRouting("axiss", RX, 0, 8),
            'subdevice is "axiss", and no SubDevice is called that; did you mean "axis"?',
        ),
        (
            EthercatRouting("conveyor", RX, 0, 8),
            'subdevice is "conveyor", and no SubDevice is called that; there are "valves" and "axis"',
        ),
        (
            EthercatRouting("axis", RX, 48, 16),
            (
                "bit_length is 16: bits 48 to 63 are not all in the outputs of SubDevice 2 (axis), "
                "whose rx_pdos have 56 bits"
            ),
        ),
        (
            EthercatRouting(2, RX, 56, 1),
            (
                "bit_offset is 56: bit 56 is not in the outputs of SubDevice 2 (axis), whose rx_pdos "
                "have 56 bits"
            ),
        ),
    ],
)
def test_what_leads_nowhere_is_told_at_its_key_and_refused(routing: EthercatRouting, text: str):
    key, _, words = text.partition(" ")
    assert told(routing) == [f"channels[0].routing.{key}: {words}"]
    layout = Layout(OPTIONS)
    with pytest.raises(InvalidDescriptor) as caught:
        layout.add("c0", routing)
    assert str(caught.value) == f"channel 'c0': {text}"
    assert layout.placed == {}


@pytest.mark.rule("ECAT-12")
def test_what_only_the_bus_knows_is_no_mistake_before():
    assert told(
        EthercatRouting("axis", RX, 48, 8),
        EthercatRouting("axis", TX, 1000, 64),
        EthercatRouting(7, RX, 1000, 64),
    ) == []  # fmt: skip


@pytest.mark.rule("ECAT-13")
def test_a_channel_that_is_there_may_be_added_again_and_not_elsewhere():
    layout = Layout(OPTIONS)
    first = layout.add("a", EthercatRouting(1, RX, 0, 8))
    assert layout.add("a", EthercatRouting(1, RX, 0, 8)) is first
    with pytest.raises(InvalidDescriptor, match=r"'a': is there already, as .*bit_offset=0"):
        layout.add("a", EthercatRouting(1, RX, 8, 8))
    assert layout.placed == {"a": first}


@pytest.mark.rule("ECAT-14")
def test_a_bus_that_has_everything_is_taken():
    layout = Layout(OPTIONS)
    layout.add("a", EthercatRouting("axis", RX, 40, 16))
    layout.add("b", EthercatRouting(1, TX, 3, 1))
    layout.check(
        bus(MockSubDevice(input_bits=4), MockSubDevice(output_bits=64), MockSubDevice("another"))
    )


@pytest.mark.rule("ECAT-14")
@pytest.mark.parametrize(
    ("routing", "said"),
    [
        (
            EthercatRouting(3, RX, 0, 1),
            "channel 'c' leads to SubDevice 3, and 2 SubDevices were found",
        ),
        (
            EthercatRouting("valves", RX, 0, 5),
            (
                "channel 'c': bits 0 to 4 are not all in the outputs of SubDevice 1 (valves, EL2004), "
                "which have 4 bits"
            ),
        ),
        (
            EthercatRouting("valves", TX, 0, 1),
            (
                "channel 'c': bit 0 is not in the inputs of SubDevice 1 (valves, EL2004), which have "
                "0 bits"
            ),
        ),
    ],
)
def test_what_the_bus_has_no_room_for_is_told_with_channel_and_subdevice(
    routing: EthercatRouting, said: str
):
    layout = Layout(OPTIONS)
    layout.add("c", routing)
    valves = MockSubDevice("EL2004", output_bits=4, input_bits=0)
    with pytest.raises(BusError) as caught:
        layout.check(bus(valves, MockSubDevice(output_bits=56)))
    assert str(caught.value) == f"the bus is not as configured: {said}"


@pytest.mark.rule("ECAT-14")
def test_everything_that_the_bus_has_not_is_told_at_once():
    layout = Layout(
        EthercatOptions(
            "eth1",
            subdevices=(
                SubDeviceMap(1, "axis", vendor=2, product=0x10, rx_pdos=(PdoEntry(0x1600, 0, 32),)),
                SubDeviceMap(2, "valves"),
            ),
        )
    )
    for n in range(4):
        layout.add(f"c{n}", EthercatRouting("valves", RX, n, 1))
    with pytest.raises(BusError) as caught:
        layout.check(bus(MockSubDevice("drive", output_bits=16, vendor=3, product=0x10)))
    assert str(caught.value) == (
        "the bus is not as configured: "
        "SubDevice 1 (axis, drive) has vendor 0x00000003, and should have 0x00000002; are the "
        "SubDevices wired in this order?; "
        "SubDevice 1 (axis, drive) has 16 bits of outputs, and its rx_pdos have 32; "
        "SubDevice 2 (valves) is not there: one SubDevice was found; "
        "channel 'c0' leads to SubDevice 2 (valves), and one SubDevice was found; "
        "channel 'c1' leads to SubDevice 2 (valves), and one SubDevice was found; and 2 more"
    )


@pytest.mark.rule("ECAT-15")
def test_the_expected_counter_is_the_bus_s_own_unless_the_options_say_otherwise():
    found = bus(MockSubDevice(), MockSubDevice(output_bits=0), MockSubDevice(input_bits=0))
    assert (found.expected_wkc, expected_wkc(OPTIONS, found)) == (6, 6)
    for position, its, expected in ((1, 1, 4), (2, 0, 5), (3, 3, 7), (4, 3, 6)):
        options = EthercatOptions("eth1", subdevices=(SubDeviceMap(position, expected_wkc=its),))
        assert expected_wkc(options, found) == expected
