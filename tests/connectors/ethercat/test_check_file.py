"""``taktora check`` of an EtherCAT bus: what can be known without one is told at its path."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from taktora.config import Problem
from taktora.connectors import codec
from taktora.connectors.ethercat import EthercatOptions, EthercatRouting
from taktora.connectors.ethercat.layout import problems_of
from taktora.connectors.resolving import load_connectors
from taktora.errors import InvalidConfig

FILE = """
[[connectors]]
name = "bus"
type = "ethercat"
codec = "raw"
[connectors.options]
network_interface = "eth1"
[[connectors.options.subdevices]]
subdevice = 2
name = "axis"
rx_pdos = [{ index = 0x1600, bit_length = 16 }]
[[connectors.channels]]
name = "axis/control"
routing = { subdevice = "axis", direction = "rx", bit_offset = 0, bit_length = 16 }
[[connectors.channels]]
name = "axis/status"
direction = "in"
routing = { subdevice = "axis", direction = "tx", bit_offset = 0, bit_length = 16 }
[[connectors.channels]]
name = "axis/enable"
routing = { subdevice = 2, direction = "rx", bit_offset = 3, bit_length = 1 }
[[connectors.channels]]
name = "axis/target"
routing = { subdevice = "axis", direction = "rx", bit_offset = 16, bit_length = 32, signed = true }
[[connectors.channels]]
name = "valve"
direction = "in"
routing = { subdevice = "axiss", direction = "rx", bit_offset = 0, bit_length = 1 }
"""


class Ethercat:
    """Of the connector, only what a check asks for."""

    Options = EthercatOptions
    Routing = EthercatRouting

    @classmethod
    def check_channels(cls, options: EthercatOptions, channels: Any) -> Iterable[Problem]:
        return problems_of(options, channels)


class Lookup:
    def connector(self, name: str) -> type:
        return Ethercat

    def codec(self, name: str) -> Any:
        return codec(name)


def problems(text: str, folder: Path) -> list[str]:
    path = folder / "bus.toml"
    path.write_text(text)
    try:
        load_connectors(path, lookup=Lookup())
    except InvalidConfig as error:
        return list(error.problems)
    return []


@pytest.mark.rule("ECAT-11", "ECAT-12", "ECAT-13")
def test_overlaps_unknown_names_and_fields_outside_are_told_without_a_bus(tmp_path: Path):
    assert problems(FILE, tmp_path) == [
        ("connectors[0].channels[2].routing.bit_offset: is 3: bit 3 of the outputs of SubDevice 2 "
        "(axis) overlaps bits 0 to 15 of channel 'axis/control'; each output bit has one channel"),
        ("connectors[0].channels[3].routing.bit_offset: is 16: bits 16 to 47 are not all in the "
        "outputs of SubDevice 2 (axis), whose rx_pdos have 16 bits"),
        'connectors[0].channels[4].direction: is "in", and the routing leads the other way only',
    ]  # fmt: skip
    assert problems(FILE.replace('direction = "in"\n', ""), tmp_path)[2:] == [
        (
            'connectors[0].channels[4].routing.subdevice: is "axiss", and no SubDevice is called that; '
            'did you mean "axis"?'
        )
    ]


@pytest.mark.rule("ECAT-13")
def test_a_file_that_leads_somewhere_has_no_mistakes(tmp_path: Path):
    good = (
        FILE.replace("bit_offset = 3", "bit_offset = 16")
        .replace("bit_offset = 16, bit_length = 32", "bit_offset = 17, bit_length = 32")
        .replace("bit_length = 16 }]", "bit_length = 64 }]")
        .replace('direction = "in"\nrouting = { subdevice = "axiss"', "routing = { subdevice = 1")
    )  # fmt: skip
    assert problems(good, tmp_path) == []
