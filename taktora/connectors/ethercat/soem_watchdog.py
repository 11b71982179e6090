"""Writing the SyncManager watchdog of a SubDevice, and making sure that it took it."""

from __future__ import annotations

from taktora.connectors.ethercat.sm_watchdog import SmWatchdog
from taktora.connectors.ethercat.soem_master import SoemMaster
from taktora.errors import BusError

__all__ = ["set_up_watchdog"]


def set_up_watchdog(master: SoemMaster, position: int, watchdog: SmWatchdog) -> None:
    """Write the registers and read them back: some SubDevices have a watchdog that is fixed.

    Raises:
        BusError: it did not answer, or did not take what was written.
    """
    for address, data in watchdog.registers():
        master.write_register(position, address, data)
        found = master.read_register(position, address, len(data))
        if found != data:
            raise BusError(
                f"SubDevice {position} did not take its watchdog of {watchdog}: register "
                f"0x{address:04X} reads {int.from_bytes(found, 'little')} and not "
                f"{int.from_bytes(data, 'little')}; leave out its sm_watchdog"
            )
