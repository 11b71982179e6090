"""Buses by SOEM against the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from attrs import evolve

from taktora.connectors.ethercat.bus import BringUp
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.subdevice_map import SubDeviceMap
from taktora.testing.ethercat import SimulatedSegment, simulated_segment

PATIENT = 5.0
PATIENT_FRAMES = 0.1
"""Seconds: a machine that does other things may make the simulator wait."""


class Bus:
    """A driver that is up, and the segment that it drives."""

    def __init__(self, segment: SimulatedSegment, driver: Any, found: BringUp) -> None:
        self.segment = segment
        self.driver = driver
        self.found = found

    def cycle(self, times: int = 1) -> int:
        """So many exchanges; the last working counter."""
        counted = -2
        for _ in range(times):
            counted = self.driver.exchange()
        return counted

    def until(self, condition: Callable[[], object], *, cycles: int = 20_000) -> None:
        """Exchange until ``condition``, looked at after each cycle."""
        for _ in range(cycles):
            self.driver.exchange()
            if condition():
                return
        raise AssertionError(f"not within {cycles} cycles: {self.driver.states()}")

    def recover(self, position: int, *, steps: int = 2000) -> list[str]:
        """Recover it as the link does, with an exchange between two steps; what was done."""
        done: list[str] = []
        for _ in range(steps):
            self.driver.exchange()
            if self.driver.states()[position - 1].is_op:
                return done
            done.append(self.driver.recover(position))
        raise AssertionError(f"not in OP after {done}")


def brought_up(driver: Any) -> BringUp:
    *_, found = driver.bring_up()
    assert isinstance(found, BringUp)
    return found


@pytest.fixture
def make_bus() -> Iterator[Callable[..., Bus]]:
    """Makes segments, each with a driver that is up; everything is closed at the end."""
    from taktora.connectors.ethercat.soem import SoemBusDriver

    with ExitStack() as stack:

        def make(devices: Any, *, subdevices: Sequence[SubDeviceMap] = (), **options: Any) -> Bus:
            segment = stack.enter_context(simulated_segment(devices))
            maps = patient(count_of(devices), subdevices)
            options.setdefault("frame_timeout", PATIENT_FRAMES)
            made = EthercatOptions(network_interface=segment.nic, subdevices=maps, **options)
            driver = stack.enter_context(SoemBusDriver(made))
            return Bus(segment, driver, brought_up(driver))

        yield make


def count_of(devices: int | Sequence[Any]) -> int:
    if isinstance(devices, int):
        return devices
    return sum(one.get("count", 1) for one in devices)


def patient(count: int, given: Sequence[SubDeviceMap]) -> tuple[SubDeviceMap, ...]:
    """Watchdogs that do not bite when the machine is busy, but where a test says otherwise."""
    maps = {one.subdevice: one for one in given}
    all_of_them = (maps.get(n, SubDeviceMap(n)) for n in range(1, count + 1))
    return tuple(
        evolve(one, sm_watchdog=PATIENT) if one.sm_watchdog is None else one for one in all_of_them
    )
