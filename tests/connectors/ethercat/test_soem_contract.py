"""The driver over SOEM keeps the contract of every driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taktora.connectors.ethercat.options import EthercatOptions
from taktora.testing.ethercat import simulated_segment

from .bus_contract import BusDriverContract

pytestmark = pytest.mark.segment


@pytest.mark.rule("ECAT-40", "ECAT-41", "ECAT-42", "ECAT-43", "ECAT-44", "ECAT-47")
class TestSoemBusDriver(BusDriverContract):
    """As every driver."""

    WRITABLE = (0x8002, 0, b"\x34\x12\x05")

    @pytest.fixture
    def driver(self) -> Iterator[Any]:
        from taktora.connectors.ethercat.soem import SoemBusDriver

        with (
            simulated_segment(3) as segment,
            SoemBusDriver(EthercatOptions(network_interface=segment.nic)) as driver,
        ):
            yield driver
