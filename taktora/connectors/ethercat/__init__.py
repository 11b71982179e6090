"""EtherCAT: process data as channels, over a master that is a driver (extra ``ethercat``: pysoem).

``SubDevice`` and ``MainDevice`` are ETG's words. Nothing here needs a bus, or pysoem, to be imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from taktora.connectors.ethercat.bus import (
    LOST,
    AlState,
    BringUp,
    BusDriver,
    Mapped,
    SubDeviceInfo,
    SubDeviceState,
)
from taktora.connectors.ethercat.cycle_stats import BusStatistics, Spread, SubDeviceStatus
from taktora.connectors.ethercat.field_codec import FieldCodec
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.pdi import read_bits, write_bits
from taktora.connectors.ethercat.routing import Direction, EthercatRouting
from taktora.connectors.ethercat.subdevice_map import PdoEntry, StartupSdo, SubDeviceMap
from taktora.errors import BusError, SdoAbort

if TYPE_CHECKING:
    from taktora.connectors.ethercat.connector import EthercatConnector, EthercatRemote
    from taktora.connectors.ethercat.soem import SoemBusDriver

__all__ = [
    "LOST",
    "AlState",
    "BringUp",
    "BusDriver",
    "BusError",
    "BusStatistics",
    "Direction",
    "EthercatConnector",
    "EthercatOptions",
    "EthercatRemote",
    "EthercatRouting",
    "FieldCodec",
    "Mapped",
    "MockBusDriver",
    "MockSubDevice",
    "PdoEntry",
    "SdoAbort",
    "SoemBusDriver",
    "Spread",
    "StartupSdo",
    "SubDeviceInfo",
    "SubDeviceMap",
    "SubDeviceState",
    "SubDeviceStatus",
    "read_bits",
    "write_bits",
]

_ON_DEMAND: Final = {
    "EthercatConnector": "taktora.connectors.ethercat.connector",
    "EthercatRemote": "taktora.connectors.ethercat.connector",
    "SoemBusDriver": "taktora.connectors.ethercat.soem",
}
"""Names that bring more along, of which pysoem may not be installed, and where they are."""


def __getattr__(name: str) -> Any:
    """Import what brings more along when it is first asked for."""
    module = _ON_DEMAND.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(module), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
