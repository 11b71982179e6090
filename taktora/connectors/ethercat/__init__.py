"""EtherCAT: process data as channels, over a master that is a driver (extra ``ethercat``: pysoem).

``SubDevice`` and ``MainDevice`` are ETG's words. Nothing here needs a bus, or pysoem, to be imported.
"""

from __future__ import annotations

from taktora.connectors.ethercat.bus import (
    LOST,
    AlState,
    BringUp,
    BusDriver,
    SubDeviceInfo,
    SubDeviceState,
)
from taktora.connectors.ethercat.field_codec import FieldCodec
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.pdi import read_bits, write_bits
from taktora.connectors.ethercat.routing import Direction, EthercatRouting
from taktora.connectors.ethercat.subdevice_map import PdoEntry, StartupSdo, SubDeviceMap
from taktora.errors import BusError, SdoAbort

__all__ = [
    "LOST",
    "AlState",
    "BringUp",
    "BusDriver",
    "BusError",
    "Direction",
    "EthercatOptions",
    "EthercatRouting",
    "FieldCodec",
    "MockBusDriver",
    "MockSubDevice",
    "PdoEntry",
    "SdoAbort",
    "StartupSdo",
    "SubDeviceInfo",
    "SubDeviceMap",
    "SubDeviceState",
    "read_bits",
    "write_bits",
]
