"""What every ``BusDriver`` promises, as tests for any of them: a subclass says which bus it is.

The bus has two SubDevices or more, each with as many bytes of outputs as of inputs (2 or more), and
gives outputs back as inputs, at the latest one exchange later.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

import pytest

from taktora.connectors.ethercat.bus import AlState, BringUp, BusDriver, Mapped
from taktora.errors import BusError, SdoAbort


def bring_up(driver: BusDriver) -> tuple[list[str], BringUp]:
    """The names of its steps, and what it found."""
    *steps, found = driver.bring_up()
    assert isinstance(found, BringUp)
    mapped = [one for one in steps if isinstance(one, Mapped)]
    assert all(one.subdevices == found.subdevices for one in mapped)
    assert len(mapped) <= 1
    assert all(isinstance(one, str | Mapped) for one in steps)
    return [one for one in steps if isinstance(one, str)], found


class BusDriverContract:
    """To be subclassed with a fixture ``driver`` (not brought up yet)."""

    IDENTITY: ClassVar[tuple[int, int]] = (0x1018, 1)
    """An object that SubDevice 1 has: its vendor id, 4 bytes."""
    WRITABLE: ClassVar[tuple[int, int, bytes]]
    """An object that may be written to SubDevice 1 while in OP, and a value for it."""
    CYCLE: ClassVar[float] = 0.0
    """Seconds between exchanges that are repeated."""

    @pytest.fixture
    def driver(self) -> Any:
        raise NotImplementedError

    def cycle(self, driver: BusDriver, times: int = 1) -> int:
        """So many exchanges; what the last one returned."""
        wkc = 0
        for _ in range(times):
            wkc = driver.exchange()
            time.sleep(self.CYCLE)
        return wkc

    @pytest.mark.rule("ECAT-40", "ECAT-42")
    def test_bring_up_names_its_steps_and_ends_with_every_subdevice_in_op(self, driver: BusDriver):
        steps, found = bring_up(driver)
        assert steps
        assert all(steps)
        assert [one.position for one in found.subdevices] == list(
            range(1, len(found.subdevices) + 1)
        )
        assert self.cycle(driver, 3) == found.expected_wkc
        states = driver.states()
        assert [one.position for one in states] == [one.position for one in found.subdevices]
        assert all(one.is_op and one.state is AlState.OP for one in states)

    @pytest.mark.rule("ECAT-41")
    def test_images_are_as_long_as_the_process_data(self, driver: BusDriver):
        _, found = bring_up(driver)
        for one in found.subdevices:
            assert len(driver.outputs(one.position)) == (one.output_bits + 7) // 8
            assert len(driver.inputs(one.position)) == (one.input_bits + 7) // 8
            assert driver.outputs(one.position).format == "B"
            assert driver.inputs(one.position).format == "B"

    @pytest.mark.rule("ECAT-41")
    def test_outputs_reach_their_subdevice_alone(self, driver: BusDriver):
        _, found = bring_up(driver)
        self.cycle(driver, 3)
        last = len(found.subdevices)
        for position in (1, last):
            driver.outputs(position)[0] = 0x80 + position
            self.cycle(driver, 3)
            for other in range(1, last + 1):
                first = 0x80 + other if other in (1, last) and other <= position else 0
                assert bytes(driver.inputs(other)[:2]) == bytes((first, 0)), (position, other)

    @pytest.mark.rule("ECAT-41")
    def test_an_image_stays_at_its_place_until_the_bus_is_closed(self, driver: BusDriver):
        bring_up(driver)
        outputs, inputs = driver.outputs(1), driver.inputs(1)
        self.cycle(driver, 3)
        outputs[1] = 0x5A
        self.cycle(driver, 3)
        assert inputs[1] == driver.inputs(1)[1] == 0x5A
        assert driver.outputs(1)[1] == 0x5A

    @pytest.mark.rule("ECAT-40")
    def test_it_can_be_closed_twice_and_brought_up_again(self, driver: BusDriver):
        _, first = bring_up(driver)
        driver.outputs(1)[0] = 1
        self.cycle(driver, 3)
        driver.close()
        driver.close()
        _, second = bring_up(driver)
        assert second == first
        assert self.cycle(driver, 3) == second.expected_wkc
        assert bytes(driver.outputs(1)) == bytes(len(driver.outputs(1)))

    @pytest.mark.rule("ECAT-40")
    @pytest.mark.parametrize("done", [1, 2, 3, 4])
    def test_it_can_be_closed_in_the_middle_of_bring_up(self, driver: BusDriver, done: int):
        steps = driver.bring_up()
        for _ in range(done):
            next(steps)
        driver.close()
        _, found = bring_up(driver)
        assert self.cycle(driver, 3) == found.expected_wkc

    @pytest.mark.rule("ECAT-47")
    def test_what_is_written_once_it_is_mapped_is_there_in_op(self, driver: BusDriver):
        tells = False
        for step in driver.bring_up():
            if isinstance(step, Mapped):
                tells = True
                for one in step.subdevices:
                    driver.outputs(one.position)[1] = 0x40 + one.position
        if not tells:
            pytest.skip("this driver does not say when the process data is mapped")
        assert isinstance(step, BringUp)
        self.cycle(driver, 3)
        for one in step.subdevices:
            assert driver.inputs(one.position)[1] == 0x40 + one.position

    @pytest.mark.rule("ECAT-43")
    def test_objects_are_read_and_written(self, driver: BusDriver):
        _, found = bring_up(driver)
        vendor = driver.read_sdo(1, *self.IDENTITY)
        assert vendor == found.subdevices[0].vendor.to_bytes(4, "little")
        index, subindex, value = self.WRITABLE
        driver.write_sdo(1, index, subindex, value)
        assert driver.read_sdo(1, index, subindex) == value

    @pytest.mark.rule("ECAT-43")
    def test_an_object_that_is_not_there_is_an_abort_with_its_code(self, driver: BusDriver):
        bring_up(driver)
        with pytest.raises(SdoAbort, match="0x5FFF:00") as caught:
            driver.read_sdo(1, 0x5FFF, 0)
        assert (caught.value.position, caught.value.index) == (1, 0x5FFF)
        assert caught.value.code == 0x06020000
        with pytest.raises(SdoAbort) as caught:
            driver.write_sdo(1, 0x5FFF, 3, b"\0")
        assert (caught.value.subindex, caught.value.code) == (3, 0x06020000)

    @pytest.mark.rule("ECAT-44")
    def test_what_cannot_be_is_told_in_words(self, driver: BusDriver):
        for early in (driver.exchange, lambda: driver.outputs(1), lambda: driver.inputs(1)):
            with pytest.raises(BusError, match="not up"):
                early()
        _, found = bring_up(driver)
        with pytest.raises(BusError, match="up already"):
            list(driver.bring_up())
        for position in (0, -1, len(found.subdevices) + 1):
            for access in (
                driver.outputs,
                driver.inputs,
                driver.recover,
                lambda position: driver.read_sdo(position, *self.IDENTITY),
            ):
                with pytest.raises(BusError, match=f"no SubDevice {position}"):
                    access(position)
        assert self.cycle(driver) == found.expected_wkc
        driver.close()
        with pytest.raises(BusError, match="not up"):
            driver.exchange()
