"""The bus that exists in memory only: the contract of every driver, and what a test may tell it."""

from __future__ import annotations

from typing import Any

import pytest

from taktora.connectors.ethercat import (
    LOST,
    AlState,
    BringUp,
    MockBusDriver,
    MockSubDevice,
    SdoAbort,
)
from taktora.connectors.ethercat.bus import Mapped
from taktora.errors import BusError
from tests.connectors.ethercat.bus_contract import BusDriverContract, bring_up


@pytest.mark.rule("ECAT-40", "ECAT-41", "ECAT-42", "ECAT-43", "ECAT-44", "ECAT-47")
class TestMockBusDriver(BusDriverContract):
    """As every driver."""

    WRITABLE = (0x8010, 1, b"\x34\x12")

    @pytest.fixture
    def driver(self) -> MockBusDriver:
        objects = {(0x1018, 1): b"\x02\x00\x00\x00", (0x8010, 1): b"\0\0"}
        return MockBusDriver(
            MockSubDevice(vendor=2, objects=objects),
            MockSubDevice(output_bits=24, input_bits=24),
            MockSubDevice(),
            loopback=True,
        )


def brought_up(*subdevices: MockSubDevice, **options: Any) -> MockBusDriver:
    driver = MockBusDriver(*subdevices, **options)
    list(driver.bring_up())
    return driver


@pytest.mark.rule("ECAT-45")
@pytest.mark.parametrize(
    ("outputs", "inputs", "share"), [(16, 16, 3), (1, 0, 2), (0, 9, 1), (0, 0, 0)]
)
def test_a_subdevice_counts_by_what_it_has(outputs: int, inputs: int, share: int):
    driver = brought_up(MockSubDevice(output_bits=outputs, input_bits=inputs), MockSubDevice())
    assert driver.exchange() == 3 + share


@pytest.mark.rule("ECAT-45")
@pytest.mark.parametrize(
    ("state", "counted", "outputs", "inputs"),
    [
        (AlState.OP, 6, b"\x07\x00", b"\x09\x00"),
        (AlState.SAFE_OP, 6, b"\x00\x00", b"\x09\x00"),
        (AlState.PRE_OP, 3, b"\x00\x00", b"\x00\x00"),
        (AlState.NONE, 3, b"\x00\x00", b"\x00\x00"),
    ],
)
def test_who_counts_and_whose_images_go_follows_from_states(
    state: AlState, counted: int, outputs: bytes, inputs: bytes
):
    driver = brought_up(MockSubDevice(), MockSubDevice("axis"))
    driver.subdevice(2).fall(state)
    driver.set_inputs(2, b"\x09\x00")
    driver.outputs(2)[0] = 7
    assert driver.exchange() == counted
    assert driver.snapshot_outputs(2) == outputs
    assert bytes(driver.inputs(2)) == inputs
    assert driver.snapshot_inputs(2) == b"\x09\x00"
    assert driver.states()[1].state is state


@pytest.mark.rule("ECAT-45")
def test_play_has_the_last_word_on_the_counter():
    driver = brought_up(loopback=True)
    driver.outputs(1)[0] = 1
    driver.play(LOST, 2, 3)
    assert driver.exchange() == LOST
    assert bytes(driver.inputs(1)) == driver.snapshot_outputs(1) == b"\0\0"  # it came to nothing
    assert driver.exchange() == 2
    assert bytes(driver.inputs(1)) == b"\x01\0"
    assert [driver.exchange(), driver.exchange()] == [3, 3]
    assert driver.exchanges == 4


@pytest.mark.rule("ECAT-46")
def test_a_cut_cable_loses_everything_and_is_mended():
    driver = brought_up(loopback=True)
    driver.cut = True
    driver.outputs(1)[0] = 5
    assert driver.exchange() == LOST
    assert driver.states()[0].state is AlState.NONE
    assert driver.recover(1) == "it does not answer"
    with pytest.raises(BusError, match="does not answer over its mailbox"):
        driver.read_sdo(1, 0x1018, 1)
    driver.close()
    with pytest.raises(BusError, match="SubDevice 1 does not answer; is it on"):
        list(driver.bring_up())
    driver.cut = False
    list(driver.bring_up())
    assert driver.exchange() == 3


@pytest.mark.rule("ECAT-46")
def test_bring_up_fails_as_often_as_it_is_told_to():
    driver = MockBusDriver()
    driver.fail_bring_up("SubDevice 1 stays in PRE-OP", times=2)
    for _ in range(2):
        with pytest.raises(BusError, match="SubDevice 1 stays in PRE-OP"):
            list(driver.bring_up())
        driver.close()
    _, found = bring_up(driver)
    assert isinstance(found, BringUp)
    assert (driver.bring_ups, driver.closes) == (3, 2)


@pytest.mark.rule("ECAT-47")
def test_what_a_subdevice_acts_on_first_is_what_was_written_once_it_was_mapped():
    driver = MockBusDriver()
    for step in driver.bring_up():
        if isinstance(step, Mapped):
            driver.outputs(1)[0] = 7
    assert driver.snapshot_outputs(1) == b"\x07\0"
    assert driver.exchanges == 0


@pytest.mark.rule("ECAT-46")
def test_a_subdevice_falls_and_recovers_as_it_is_told_to():
    driver = brought_up(MockSubDevice(), MockSubDevice("axis"))
    axis = driver.subdevice(2)
    axis.fall()
    state = driver.states()[1]
    assert (state.state, state.error, state.al_status) == (AlState.SAFE_OP, True, 0x1B)
    assert state.text == "SyncManager watchdog: no outputs came in time"
    assert not state.is_op
    axis.recovery.extend(["error acknowledged", BusError("its mailbox is stuck"), AlState.SAFE_OP])
    assert driver.recover(2) == "error acknowledged"
    with pytest.raises(BusError, match="its mailbox is stuck"):
        driver.recover(2)
    assert driver.recover(2) == "taken to SAFE-OP"
    assert not driver.states()[1].is_op
    assert driver.recover(2) == "taken to OP"
    assert driver.states()[1].is_op
    assert (driver.recoveries, driver.sweeps) == (4, 3)


@pytest.mark.rule("ECAT-46")
def test_a_subdevice_does_what_its_behaviour_says_in_op():
    def double(outputs: memoryview, inputs: memoryview) -> None:
        inputs[0] = 2 * outputs[0]

    driver = brought_up(MockSubDevice(behaviour=double))
    driver.outputs(1)[0] = 21
    driver.exchange()
    assert driver.inputs(1)[0] == 42
    driver.subdevice(1).fall()
    driver.outputs(1)[0] = 1
    driver.exchange()
    assert driver.inputs(1)[0] == 42


@pytest.mark.rule("ECAT-46")
def test_inputs_are_read_only_and_as_long_as_they_are():
    driver = brought_up()
    with pytest.raises(TypeError, match="read-only"):
        driver.inputs(1)[0] = 1
    with pytest.raises(BusError, match="SubDevice 1 has 2 bytes of inputs, not 3"):
        driver.set_inputs(1, b"abc")


@pytest.mark.rule("ECAT-43")
def test_objects_are_also_read_and_written_whole():
    objects = {(0x8000, 0): b"\x02", (0x8000, 1): b"\x01\x00", (0x8000, 2): b"\x07"}
    driver = brought_up(MockSubDevice(objects=dict(objects)), MockSubDevice("coupler"))
    assert driver.read_sdo(1, 0x8000, 0, complete=True) == b"\x02\x01\x00\x07"
    assert driver.read_sdo(1, 0x8000, 1, complete=True) == b"\x01\x00\x07"
    driver.write_sdo(1, 0x8000, 1, b"\x05\x00\x06", complete=True)
    assert driver.subdevice(1).objects == objects | {(0x8000, 1): b"\x05\x00", (0x8000, 2): b"\x06"}
    assert driver.sdo_writes == [(1, 0x8000, 1, b"\x05\x00\x06")]
    with pytest.raises(SdoAbort, match="no such subindex") as caught:
        driver.read_sdo(1, 0x8000, 3)
    assert caught.value.code == 0x06090011
    with pytest.raises(SdoAbort, match="length is 2 bytes, not 1") as caught:
        driver.write_sdo(1, 0x8000, 1, b"\x05")
    assert caught.value.code == 0x06070010
    with pytest.raises(BusError, match=r"SubDevice 2 \(coupler\) has no mailbox"):
        driver.read_sdo(2, 0x1018, 1)
