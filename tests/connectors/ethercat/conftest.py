"""Buses by SOEM against the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from taktora.connectors.ethercat.bus import BringUp
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.testing.ethercat import SimulatedSegment, simulated_segment


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

        def make(devices: Any, **options: Any) -> Bus:
            segment = stack.enter_context(simulated_segment(devices))
            driver = stack.enter_context(
                SoemBusDriver(EthercatOptions(network_interface=segment.nic, **options))
            )
            return Bus(segment, driver, brought_up(driver))

        yield make
