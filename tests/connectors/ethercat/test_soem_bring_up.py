"""Real frames: from nothing to OP, and what is said when that cannot be."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from taktora.connectors.ethercat.bus import AlState, BringUp, Mapped
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.soem import SoemBusDriver
from taktora.connectors.ethercat.subdevice_map import PdoEntry, StartupSdo, SubDeviceMap
from taktora.errors import BusError, SdoAbort
from taktora.testing.ethercat import simulated_segment

from .conftest import Bus, brought_up

pytestmark = pytest.mark.segment

MakeBus = Callable[..., Bus]


@pytest.mark.rule("SOEM-40")
@pytest.mark.parametrize("count", [1, 3, 40])
def test_subdevices_reach_op_and_give_back_what_each_was_sent(
    make_bus: MakeBus, count: int
) -> None:
    bus = make_bus(count)
    assert bus.found.expected_wkc == 3 * count
    assert [one.position for one in bus.found.subdevices] == [*range(1, count + 1)]
    assert {one.state for one in bus.segment.states()} == {AlState.OP}
    assert all(one.is_op for one in bus.driver.states())
    chance = random.Random(count)
    for _ in range(20):
        sent = [chance.randbytes(4) for _ in range(count)]
        for position, data in enumerate(sent, 1):
            bus.driver.outputs(position)[:] = data
        assert bus.cycle(2) == 3 * count
        assert [bytes(bus.driver.inputs(n)) for n in range(1, count + 1)] == sent
    assert [bus.segment.outputs(n) for n in range(1, count + 1)] == sent


@pytest.mark.rule("SOEM-40")
def test_steps_have_names_and_images_are_there_before_anybody_is_in_op() -> None:
    with simulated_segment(2) as segment, driver_of(segment.nic) as driver:
        steps: list[Any] = []
        for step in driver.bring_up():
            steps.append(step)
            if isinstance(step, Mapped):
                driver.outputs(2)[:] = b"safe"
                assert all(one.state < AlState.OP for one in segment.states())
        names = [one for one in steps if isinstance(one, str)]
        assert names[0] == "open ecat0"
        assert "to SAFE-OP" in names
        assert isinstance(steps[-1], BringUp)
        assert steps[-1].subdevices == next(s for s in steps if isinstance(s, Mapped)).subdevices
        assert segment.outputs(2) == b"safe"


@pytest.mark.rule("SOEM-04", "SOEM-40")
@pytest.mark.parametrize("sizes", [[4, 2, 4], [4, 2, 5, 8, 7, 7, 3, 16], [1] * 9, [12, 4]])
def test_digital_terminals_share_bytes_and_each_has_its_own_bits(
    make_bus: MakeBus, sizes: list[int]
) -> None:
    kinds = ["digital-out", "digital-in"]
    bus = make_bus([{"type": kind, "channels": bits} for bits in sizes for kind in kinds])
    chance = random.Random(7)
    for _ in range(5):
        sent = [chance.getrandbits(bits) for bits in sizes]
        seen = [chance.getrandbits(bits) for bits in sizes]
        for number, (out, in_, bits) in enumerate(zip(sent, seen, sizes, strict=True)):
            size = (bits + 7) // 8
            bus.driver.outputs(2 * number + 1)[:] = out.to_bytes(size, "little")
            bus.segment.call(2 * number + 2, "inputs.load", in_.to_bytes(size, "little"))
        assert bus.cycle(3) == bus.found.expected_wkc == 3 * len(sizes)
        for number, (out, in_, bits) in enumerate(zip(sent, seen, sizes, strict=True)):
            assert int.from_bytes(bus.driver.inputs(2 * number + 2), "little") == in_
            held = bus.segment.call(2 * number + 1, "outputs")
            assert held == [bool(out >> bit & 1) for bit in range(bits)]


@pytest.mark.rule("SOEM-40")
def test_images_that_fill_several_frames_are_exchanged(make_bus: MakeBus) -> None:
    bus = make_bus([{"type": "loopback", "bytes": 500, "count": 4}])
    for position in range(1, 5):
        bus.driver.outputs(position)[:] = bytes([position]) * 500
    assert bus.cycle(3) == bus.found.expected_wkc
    assert [bytes(bus.driver.inputs(n)) for n in range(1, 5)] == [
        bytes([n]) * 500 for n in range(1, 5)
    ]


@pytest.mark.rule("SOEM-41")
def test_more_process_data_than_soem_has_room_for_is_refused() -> None:
    large = [{"type": "loopback", "bytes": 1024, "count": 3}]
    with (
        simulated_segment(large) as segment,
        driver_of(segment.nic) as driver,
        pytest.raises(BusError, match=r"6144 bytes.*4096"),
    ):
        brought_up(driver)


@pytest.mark.rule("SOEM-01", "SOEM-02", "SOEM-03")
def test_objects_pdos_and_watchdogs_are_written_and_are_there(make_bus: MakeBus) -> None:
    its = SubDeviceMap(
        subdevice=2,
        rx_pdos=(PdoEntry(0x1601),),
        tx_pdos=(PdoEntry(0x1A01), PdoEntry(0x1A00)),
        startup_sdos=(StartupSdo(0x8000, 5, value=42, size=1),),
        sm_watchdog=0.05,
    )
    bus = make_bus([{"type": "loopback", "bytes": 6, "pdo_bytes": 2, "count": 2}], subdevices=[its])
    assert [one.output_bits for one in bus.found.subdevices] == [48, 16]
    assert [one.input_bits for one in bus.found.subdevices] == [48, 32]
    assert bus.driver.read_sdo(2, 0x8000, 5) == b"\x2a"
    assert bus.driver.read_sdo(2, 0x1C13, 1) == b"\x01\x1a"
    assert bus.segment.register(2, 0x0420) == 500
    assert bus.segment.register(1, 0x0420) == 50_000


@pytest.mark.rule("SOEM-42")
@pytest.mark.parametrize(
    ("its", "said"),
    [
        (SubDeviceMap(5), "SubDevice 5 is configured, and there are 2"),
        (
            SubDeviceMap(2, name="axis", vendor=0x1234),
            r"SubDevice 2 \(axis\) has vendor 0x\w+ where 0x1234",
        ),
        (SubDeviceMap(1, product=7), "SubDevice 1 has product 0x[0-9A-F]+ where 0x7 is configured"),
    ],
)
def test_who_is_not_as_configured_is_told_before_anything_is_written(
    its: SubDeviceMap, said: str
) -> None:
    wrote = StartupSdo(0x8000, 5, value=42, size=1)
    its = SubDeviceMap(
        its.subdevice, its.name, vendor=its.vendor, product=its.product, startup_sdos=(wrote,)
    )
    with simulated_segment(2) as segment, driver_of(segment.nic, subdevices=[its]) as driver:
        with pytest.raises(BusError, match=said) as caught:
            brought_up(driver)
        assert "On ecat0 there are: 1 loopback" in str(caught.value)
        assert segment.call(1, "objects.current", 0x8000, 5) != b"\x2a"


@pytest.mark.rule("SOEM-41")
def test_without_an_answer_or_a_link_it_says_what_to_look_at() -> None:
    with simulated_segment(1) as segment, driver_of(segment.nic) as driver:
        segment.kill()
        with pytest.raises(BusError, match="no SubDevice answers on ecat0"):
            brought_up(driver)
        driver.close()
        segment.unplug()
        with pytest.raises(BusError, match="ecat0 has no link: is the cable in"):
            brought_up(driver)


@pytest.mark.rule("SOEM-41")
def test_who_refuses_a_state_is_told_with_the_reason(make_bus: MakeBus) -> None:
    """A PDO that is not there is refused; sizes that do not fit are refused on the way to SAFE-OP."""
    its = SubDeviceMap(1, name="drive", rx_pdos=(PdoEntry(0x1677),))
    with simulated_segment(1) as segment, driver_of(segment.nic, subdevices=[its]) as driver:
        with pytest.raises(SdoAbort, match="no PDO 0x1677 of its rx_pdos") as caught:
            brought_up(driver)
        assert (caught.value.index, caught.value.subindex) == (0x1C12, 1)


@pytest.mark.rule("SOEM-41")
def test_the_list_of_pdos_that_a_refused_one_left_empty_is_told_as_such() -> None:
    its = SubDeviceMap(1, name="drive", rx_pdos=(PdoEntry(0x1677),))
    with simulated_segment(1) as segment:
        with driver_of(segment.nic, subdevices=[its]) as driver, pytest.raises(SdoAbort):
            brought_up(driver)
        with driver_of(segment.nic) as driver:
            said = r"0 of them are mapped: its list of PDOs \(0x1C12\) may be empty.* say rx_pdos"
            with pytest.raises(BusError, match=said):
                brought_up(driver)
            driver.close()
            segment.power_cycle(1)
            brought_up(driver)


@pytest.mark.rule("SOEM-41")
def test_a_subdevice_without_a_mailbox_cannot_be_written_objects() -> None:
    its = SubDeviceMap(1, startup_sdos=(StartupSdo(0x8000, 5, value=42, size=1),))
    segment_of = [{"type": "digital-out"}]
    with (
        simulated_segment(segment_of) as segment,
        driver_of(segment.nic, subdevices=[its]) as driver,
        pytest.raises(
            BusError,
            match="SubDevice 1 has no mailbox, and so no objects; so say the startup_sdos of Sub",
        ),
    ):
        brought_up(driver)


@pytest.mark.rule("SOEM-41", "SOEM-48")
def test_it_is_closed_and_brought_up_again_also_after_an_abandoned_bring_up(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(2)
    driver = bus.driver
    with pytest.raises(BusError, match="up already"):
        next(driver.bring_up())
    for _ in range(2):
        driver.close()
        driver.close()
        assert {one.state for one in bus.segment.states()} == {AlState.INIT}
        for use in (driver.exchange, driver.states, lambda: driver.outputs(1)):
            with pytest.raises(BusError, match="not up"):
                use()
        steps = driver.bring_up()
        assert len([next(steps) for _ in range(3)]) == 3
        steps.close()
        driver.close()
        assert brought_up(driver) == bus.found
        assert bus.cycle() == 6


@pytest.mark.rule("SOEM-10")
def test_a_second_driver_of_the_interface_is_refused_and_the_first_goes_on(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(1)
    with (
        driver_of(bus.segment.nic) as second,
        pytest.raises(BusError, match="ecat0 is driven by this very process already"),
    ):
        brought_up(second)
    assert bus.cycle() == 3
    assert bus.driver.states()[0].is_op
    bus.driver.close()
    with driver_of(bus.segment.nic) as second:
        assert brought_up(second).expected_wkc == 3


def driver_of(nic: str, **options: Any) -> SoemBusDriver:
    return SoemBusDriver(EthercatOptions(network_interface=nic, **options))
