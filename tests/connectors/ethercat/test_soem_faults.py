"""What a driver sees of faults on the wire, and that it gets over each."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from taktora.connectors.ethercat.bus import LOST, AlState
from taktora.connectors.ethercat.subdevice_map import StartupSdo, SubDeviceMap
from taktora.errors import BusError

from .conftest import Bus, brought_up

pytestmark = pytest.mark.segment

MakeBus = Callable[..., Bus]

MS = 1_000_000


@pytest.mark.rule("SOEM-44")
def test_a_lost_frame_is_lost_and_the_next_one_is_not(make_bus: MakeBus) -> None:
    bus = make_bus(3)
    bus.driver.outputs(3)[:] = b"seen"
    bus.cycle(2)
    bus.segment.lose(2)  # one before anybody has seen it, one on its way back
    bus.driver.outputs(3)[:] = b"lost"
    assert [bus.cycle() for _ in range(2)] == [LOST, LOST]
    assert bytes(bus.driver.inputs(3)) == b"seen"
    assert bus.cycle(2) == 9
    assert bytes(bus.driver.inputs(3)) == b"lost"


@pytest.mark.rule("SOEM-45")
def test_a_sweep_whose_frames_are_lost_is_done_again(make_bus: MakeBus) -> None:
    bus = make_bus(2, frame_timeout=0.02)
    bus.segment.lose(4)  # all that one sweep sends
    assert all(one.is_op for one in bus.driver.states())


@pytest.mark.rule("SOEM-46")
def test_a_step_of_recovery_survives_a_lost_frame(make_bus: MakeBus) -> None:
    bus = make_bus(2, frame_timeout=0.02)
    bus.segment.fault("al-error", subdevice=2)
    bus.segment.lose(2)
    assert bus.driver.recover(2).endswith("acknowledged")


@pytest.mark.rule("SOEM-44", "SOEM-45")
@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_with_frames_lost_at_random_all_others_are_good_and_everybody_stays_in_op(
    make_bus: MakeBus, rate: float
) -> None:
    bus = make_bus(3, frame_timeout=0.03)
    bus.segment.fault("frame-loss", rate=rate)
    counted = [bus.driver.exchange() for _ in range(500)]
    assert set(counted) == {9, LOST}
    assert 0 < counted.count(LOST) < 500 * rate * 3
    for _ in range(30):
        assert all(one.is_op for one in bus.driver.states())
    bus.segment.heal()
    assert bus.cycle(20) == 9


@pytest.mark.rule("SOEM-50")
def test_objects_are_read_while_frames_are_lost(make_bus: MakeBus) -> None:
    bus = make_bus(1, frame_timeout=0.03)
    bus.driver.write_sdo(1, 0x8002, 0, data := bytes(range(200)))
    bus.segment.fault("frame-loss", rate=0.05)
    for _ in range(60):
        assert bus.driver.read_sdo(1, 0x8002, 0) == data


@pytest.mark.rule("SOEM-41")
def test_a_bus_is_brought_up_while_frames_are_lost(make_bus: MakeBus) -> None:
    bus = make_bus(3, frame_timeout=0.03)
    bus.segment.fault("frame-loss", rate=0.02)
    for _ in range(20):  # as the link does
        bus.driver.close()
        try:
            assert brought_up(bus.driver) == bus.found
        except BusError:
            continue
        return
    raise AssertionError("never")


@pytest.mark.rule("SOEM-45", "SOEM-46")
def test_a_cable_that_is_out_shortens_the_counter_and_those_behind_it_come_back(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(3)
    bus.segment.fault("cable-out", subdevice=3)
    assert bus.cycle() == 6
    assert [one.state for one in bus.driver.states()] == [AlState.OP, AlState.OP, AlState.NONE]
    bus.segment.heal()
    assert bus.cycle() == 9
    assert all(one.is_op for one in bus.driver.states())


@pytest.mark.rule("SOEM-20", "SOEM-46")
def test_a_cable_that_was_out_for_longer_than_the_watchdog_leaves_an_error_to_recover_from(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(3, subdevices=[SubDeviceMap(3, sm_watchdog=0.02)])
    bus.segment.fault("cable-out", subdevice=3)
    bus.until(lambda: bus.segment.states()[2].error)
    bus.segment.heal()
    assert bus.cycle() == 9  # a full counter does not mean that everybody is in OP
    found = bus.driver.states()[2]
    assert (found.state, found.al_status) == (AlState.SAFE_OP, 0x1B)
    bus.recover(3)
    assert bus.driver.states()[0].is_op


@pytest.mark.rule("SOEM-47")
def test_with_the_first_cable_out_every_frame_is_lost_until_it_is_in_again(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(2)
    bus.segment.fault("cable-out", subdevice=1)
    assert {bus.cycle() for _ in range(5)} == {LOST}
    assert {one.state for one in bus.driver.states()} == {AlState.NONE}
    with pytest.raises(BusError, match="SubDevice 1, while reading object"):
        bus.driver.read_sdo(1, 0x8000, 5)
    bus.segment.heal()
    bus.until(lambda: bus.driver.exchange() == 6)


@pytest.mark.rule("SOEM-44")
def test_frames_that_are_late_are_good_as_long_as_they_are_in_time(make_bus: MakeBus) -> None:
    bus = make_bus(1, frame_timeout=0.05)
    bus.segment.fault("delay", by="5 ms")
    began = time.monotonic_ns()
    assert bus.cycle(10) == 3
    assert time.monotonic_ns() - began >= 10 * 5 * MS
    bus.segment.heal()
    bus.segment.fault("delay", by="200 ms")
    assert bus.cycle(3) == LOST
    bus.segment.heal()
    bus.driver.outputs(1)[:] = b"new!"
    bus.until(lambda: bytes(bus.driver.inputs(1)) == b"new!")
    assert bus.cycle(20) == 3


@pytest.mark.rule("SOEM-60")
def test_soems_socket_is_found_and_whoever_accesses_objects_rings_there(make_bus: MakeBus) -> None:
    bus = make_bus(1)
    frames = bus.driver._master._frames
    assert frames is not None
    bus.cycle(2)
    assert frames.wait(0) == []
    bus.driver.read_sdo(1, 0x1018, 1)
    assert len(frames.wait(0)) == 1
    assert bus.cycle() == 3  # takes the bell back
    assert frames.wait(0) == []


@pytest.mark.rule("SOEM-44")
def test_a_frame_that_is_late_is_lost_and_never_taken_for_the_answer_to_another(
    make_bus: MakeBus,
) -> None:
    bus = make_bus(1, frame_timeout=0.0005)
    bus.segment.fault("delay", by="1.7 ms", jitter="1 ms")
    counted, before = [], b""
    for number in range(200):
        bus.driver.outputs(1)[:] = sent = number.to_bytes(4, "little")
        counted.append(bus.driver.exchange())
        if counted[-1] != LOST and before:
            assert bytes(bus.driver.inputs(1)) == before  # looped back by the frame before
        before = sent
    assert counted.count(LOST) > 100
    bus.segment.heal()
    bus.until(lambda: bus.driver.exchange() == 3)


@pytest.mark.rule("SOEM-44")
def test_a_subdevice_that_counts_wrongly_shows_in_the_counter(make_bus: MakeBus) -> None:
    bus = make_bus(3)
    bus.segment.fault("wrong-working-counter", subdevice=2, by=-1)
    assert bus.cycle() == 8
    bus.segment.heal()
    assert bus.cycle() == 9


@pytest.mark.rule("SOEM-22")
def test_a_subdevice_is_recovered_while_frames_are_lost(make_bus: MakeBus) -> None:
    bus = make_bus(2, frame_timeout=0.03)
    bus.segment.fault("frame-loss", rate=0.05)
    bus.segment.power_cycle(2)
    bus.recover(2)
    bus.segment.heal()
    assert bus.cycle(2) == 6


@pytest.mark.rule("SOEM-46")
def test_no_step_of_recovery_waits_for_a_mailbox_that_does_not_answer(make_bus: MakeBus) -> None:
    its = (
        SubDeviceMap(1, sm_watchdog=1.5),
        SubDeviceMap(2, startup_sdos=(StartupSdo(0x8000, 5, value=42, size=1),)),
    )
    bus = make_bus(2, subdevices=its, sdo_timeout=3.0)
    bus.segment.power_cycle(2)
    bus.segment.fault("stuck-mailbox", subdevice=2)
    done: list[str] = []
    bus.until(lambda: done.append(bus.driver.recover(2)) or "did not answer in time" in done[-1])
    for _ in range(3):
        assert bus.cycle() == 3
        assert bus.driver.states()[0].is_op  # its watchdog would have seen to that
        bus.driver.recover(2)
    bus.segment.heal()
    bus.recover(2)
    assert bus.cycle(2) == 6
    assert bus.driver.read_sdo(2, 0x8000, 5) == b"\x2a"
