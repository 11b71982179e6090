"""SubDevices that leave OP, or the wire, and come back while the others stay in OP."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from taktora.connectors.ethercat.bus import LOST, AlState
from taktora.connectors.ethercat.subdevice_map import PdoEntry, StartupSdo, SubDeviceMap
from taktora.errors import BusError

from .conftest import Bus

pytestmark = pytest.mark.segment

MakeBus = Callable[..., Bus]

MS = 1_000_000


@pytest.mark.rule("SOEM-20", "SOEM-45")
def test_an_al_error_keeps_the_working_counter_full_is_seen_in_a_sweep_and_recovers(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(3)
    bus.segment.fault("al-error", subdevice=2, code=0x1B)
    assert bus.cycle() == 9
    first, second, third = bus.driver.states()
    assert first.is_op
    assert third.is_op
    assert (second.state, second.error, second.al_status) == (AlState.SAFE_OP, True, 0x1B)
    assert "watchdog" in second.text
    done = bus.recover(2)
    assert done[0].startswith("in SAFE-OP with an error: ")
    assert done[0].endswith("acknowledged")
    assert done[1] == "in SAFE-OP: OP requested"
    bus.driver.outputs(2)[:] = b"back"
    bus.cycle(2)
    assert bytes(bus.driver.inputs(2)) == b"back"


@pytest.mark.rule("SOEM-02", "SOEM-21", "SOEM-46")
def test_one_that_was_switched_off_and_on_is_set_up_anew_and_nobody_else_leaves_op(
    make_bus: MakeBus,
) -> None:
    its = SubDeviceMap(
        2,
        rx_pdos=(PdoEntry(0x1601),),
        tx_pdos=(PdoEntry(0x1A01),),
        startup_sdos=(StartupSdo(0x8000, 5, value=42, size=1),),
        sm_watchdog=0.05,
    )
    bus = make_bus([{"type": "loopback", "pdo_bytes": 2, "count": 3}], subdevices=[its])
    bus.segment.power_cycle(2)
    assert bus.cycle() == 6
    assert [one.state for one in bus.driver.states()] == [AlState.OP, AlState.NONE, AlState.OP]
    done = bus.recover(2)
    assert done[0] == "it was restarted: its address is restored"
    assert "object 0x8000:05 written" in done
    assert all(one.is_op for one in bus.driver.states())
    assert {one.state for one in bus.segment.states()} == {AlState.OP}
    assert bus.segment.register(2, 0x0420) == 500
    assert bus.driver.read_sdo(2, 0x8000, 5) == b"\x2a"
    bus.driver.outputs(2)[:] = b"on"
    assert bus.cycle(2) == 9
    assert bytes(bus.driver.inputs(2)) == b"on"


@pytest.mark.rule("SOEM-21")
def test_all_can_be_switched_off_and_on_at_once(make_bus: MakeBus) -> None:
    bus = make_bus([{"type": "coupler"}, {"type": "digital-out"}, {"type": "loopback"}])
    for position in (1, 2, 3):
        bus.segment.power_cycle(position)
    for position in (1, 2, 3):
        bus.recover(position)
    assert all(one.is_op for one in bus.driver.states())
    assert bus.cycle() == bus.found.expected_wkc


@pytest.mark.rule("SOEM-22")
def test_one_that_is_switched_off_in_the_middle_of_its_way_begins_anew(make_bus: MakeBus) -> None:
    its = SubDeviceMap(
        1,
        startup_sdos=(
            StartupSdo(0x8000, 5, value=42, size=1),
            StartupSdo(0x8000, 7, value=7, size=4),
        ),
    )
    bus = make_bus(2, subdevices=[its])
    bus.segment.power_cycle(1)
    done = [""]
    bus.until(lambda: done.append(bus.driver.recover(1)) or "object 0x8000:05" in done[-1])
    bus.segment.power_cycle(1)
    bus.recover(1)
    assert bus.cycle() == 6
    assert bus.driver.read_sdo(1, 0x8000, 5) == b"\x2a"
    assert bus.driver.read_sdo(1, 0x8000, 7) == b"\x07\0\0\0"


@pytest.mark.rule("SOEM-20")
def test_outputs_that_were_not_sent_for_too_long_make_the_watchdog_bite_and_that_is_recovered(
    make_bus: MakeBus,
) -> None:
    its = [SubDeviceMap(n, sm_watchdog=0.005) for n in (1, 2)]
    bus = make_bus(2, subdevices=its)
    deadline = time.monotonic_ns() + 30_000 * MS
    while any(one.is_op for one in bus.driver.states()):  # sweeps feed no watchdog
        assert time.monotonic_ns() < deadline
    assert {one.al_status for one in bus.driver.states()} == {0x1B}
    for position in (1, 2):
        bus.recover(position)
    assert bus.cycle() == 6


@pytest.mark.rule("SOEM-44")
def test_while_nobody_answers_frames_are_lost_in_time_and_inputs_stay(make_bus: MakeBus) -> None:
    bus = make_bus(2, frame_timeout=0.02)
    bus.driver.outputs(1)[:] = b"stay"
    bus.cycle(2)
    bus.segment.kill()
    bus.driver.outputs(1)[:] = b"gone"
    began = time.monotonic_ns()
    assert bus.cycle(10) == LOST
    assert time.monotonic_ns() - began >= 10 * 20 * MS
    assert bytes(bus.driver.inputs(1)) == b"stay"
    assert {one.state for one in bus.driver.states()} == {AlState.NONE}
    assert bus.driver.recover(1) == "it does not answer"


@pytest.mark.rule("SOEM-44")
def test_inputs_of_one_that_does_not_take_part_stay_as_they_were(make_bus: MakeBus) -> None:
    bus = make_bus(3)
    for position in (1, 2, 3):
        bus.driver.outputs(position)[:] = b"old" + bytes([position])
    assert bus.cycle(2) == 9
    bus.segment.power_cycle(2)
    for position in (1, 2, 3):
        bus.driver.outputs(position)[:] = b"new" + bytes([position])
    assert bus.cycle(2) == 6
    assert [bytes(bus.driver.inputs(n)) for n in (1, 2, 3)] == [b"new\1", b"old\2", b"new\3"]


@pytest.mark.rule("SOEM-47")
def test_a_link_that_is_down_loses_frames_until_it_is_up_again(make_bus: MakeBus) -> None:
    bus = make_bus(2)
    bus.segment.unplug()
    assert bus.cycle(3) == LOST
    bus.segment.plug()
    bus.until(lambda: bus.driver.exchange() == 6)
    for position in (1, 2):
        bus.recover(position)
    assert bus.cycle() == 6


@pytest.mark.rule("SOEM-47")
def test_an_interface_that_is_gone_is_said_to_be(make_bus: MakeBus) -> None:
    bus = make_bus(1)
    bus.segment.remove()
    with pytest.raises(BusError, match="the network interface ecat0 is gone"):
        bus.cycle(2)
    bus.driver.close()


@pytest.mark.rule("SOEM-43")
def test_an_image_takes_exactly_its_bytes_and_stays_at_its_place(make_bus: MakeBus) -> None:
    bus = make_bus(2)
    outputs = bus.driver.outputs(1)
    for wrong in (b"", b"abc", b"abcde"):
        with pytest.raises(ValueError, match="different structures"):
            outputs[:] = wrong
    with pytest.raises(TypeError):
        bus.driver.inputs(1)[0] = 1
    with pytest.raises(BusError, match="no SubDevice 3; there are 2"):
        bus.driver.outputs(3)
    with pytest.raises(BusError, match="no SubDevice 0"):
        bus.driver.inputs(0)
    outputs[:] = b"same"
    bus.cycle(2)
    assert bus.driver.outputs(1) is outputs
    assert bytes(bus.driver.inputs(1)) == b"same"
    assert bytes(bus.driver.inputs(2)) == bytes(4)
