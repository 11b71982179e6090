"""The register space of an EtherCAT SubDevice controller: addresses, and what the wire may write.

Numbers are those of ETG.1000.4 and of the ESC data sheets (section II, register description). All
multi-byte registers are little-endian. From ``MEMORY`` on it is memory, ruled by SyncManagers.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SIZE", "WRITABLE", "factory_registers", "masked"]

SIZE: Final = 0x10000
"""Bytes in the address space of one controller."""

TYPE: Final = 0x0000
FMMU_COUNT: Final = 0x0004
SM_COUNT: Final = 0x0005
RAM_SIZE: Final = 0x0006
PORT_DESCRIPTOR: Final = 0x0007
FEATURES: Final = 0x0008
STATION_ADDRESS: Final = 0x0010
STATION_ALIAS: Final = 0x0012
DL_CONTROL: Final = 0x0100
DL_ALIAS_ENABLE: Final = 0x0103
DL_STATUS: Final = 0x0110
AL_CONTROL: Final = 0x0120
AL_STATUS: Final = 0x0130
AL_STATUS_CODE: Final = 0x0134
PDI_CONTROL: Final = 0x0140
EVENT_MASK: Final = 0x0200
EVENT_REQUEST: Final = 0x0210
RX_ERRORS: Final = 0x0300
LOST_LINK: Final = 0x0310
WATCHDOG_DIVIDER: Final = 0x0400
WATCHDOG_PDI: Final = 0x0410
WATCHDOG_TIME: Final = 0x0420
WATCHDOG_STATUS: Final = 0x0440
WATCHDOG_COUNTER: Final = 0x0442
SII_CONFIG: Final = 0x0500
SII_CONTROL: Final = 0x0502
SII_ADDRESS: Final = 0x0504
SII_DATA: Final = 0x0508
FMMU: Final = 0x0600
SYNC_MANAGER: Final = 0x0800
DC_RECEIVE: Final = 0x0900
DC_SYSTEM_TIME: Final = 0x0910
DC_RECEIVE_UNIT: Final = 0x0918
DC_OFFSET: Final = 0x0920
DC_DELAY: Final = 0x0928
DC_DIFFERENCE: Final = 0x092C
DC_SPEED_START: Final = 0x0930
MEMORY: Final = 0x0F00
"""Digital output registers and user memory (0x0F80), then process data memory from 0x1000."""

FMMUS: Final = 8
SYNC_MANAGERS: Final = 8

_WRITABLE: Final = (
    (STATION_ADDRESS, 2),
    (DL_CONTROL, 4),
    (AL_CONTROL, 2),
    (EVENT_MASK, 2),
    (RX_ERRORS, 20),
    (WATCHDOG_DIVIDER, 2),
    (WATCHDOG_PDI, 2),
    (WATCHDOG_TIME, 2),
    (WATCHDOG_COUNTER, 2),
    (SII_CONFIG, 1),
    (SII_CONTROL, 14),
    *((FMMU + 16 * number, 13) for number in range(FMMUS)),
    *((SYNC_MANAGER + 8 * number, 5) for number in range(SYNC_MANAGERS)),
    *((SYNC_MANAGER + 8 * number + 6, 1) for number in range(SYNC_MANAGERS)),
    (DC_RECEIVE, 4),
    (DC_SYSTEM_TIME, 8),
    (DC_OFFSET, 12),
    (DC_SPEED_START, 6),
    (0x0980, 2),
    (0x0982, 2),
    (0x0990, 8),
    (0x09A0, 8),
    (0x09A8, 2),
)
"""Address and length of what may be written over EtherCAT; everything else there is read-only."""


def _mask() -> bytes:
    mask = bytearray(MEMORY)
    for address, length in _WRITABLE:
        mask[address : address + length] = b"\xff" * length
    return bytes(mask)


WRITABLE: Final = _mask()
"""One byte for each register byte: 255 where the wire may write, else 0."""


def masked(first: int, data: bytes, old: bytes) -> bytes | None:
    """What registers from ``first`` on hold after a write of ``data``; ``None``: nothing may be written.

    Read-only bytes inside a longer write stay as they are.
    """
    mask = WRITABLE[first : first + len(data)]
    if 0 not in mask:
        return data
    if 255 not in mask:
        return None
    return bytes(new if may else before for new, before, may in zip(data, old, mask, strict=True))


def factory_registers() -> bytearray:
    """The address space after power-on, before the SII was loaded: an IP core with two MII ports."""
    space = bytearray(SIZE)
    space[TYPE : TYPE + 2] = b"\x04\x02"
    space[FMMU_COUNT] = FMMUS
    space[SM_COUNT] = SYNC_MANAGERS
    space[RAM_SIZE] = 60  # KiB: to the end of the address space
    space[PORT_DESCRIPTOR] = 0b0000_1111  # ports 0 and 1: MII; 2 and 3: not implemented
    space[FEATURES] = 0b0000_1100  # distributed clocks, 64 bits of them; FMMUs map single bits
    space[DL_CONTROL] = 0x01  # frames that are not EtherCAT are forwarded
    space[DL_CONTROL + 2] = 0x07
    space[AL_STATUS] = 0x01
    space[AL_CONTROL] = 0x01
    space[WATCHDOG_DIVIDER : WATCHDOG_DIVIDER + 2] = (2498).to_bytes(2, "little")
    space[WATCHDOG_PDI : WATCHDOG_PDI + 2] = (1000).to_bytes(2, "little")
    space[WATCHDOG_TIME : WATCHDOG_TIME + 2] = (1000).to_bytes(2, "little")
    space[DC_SPEED_START : DC_SPEED_START + 2] = (0x1000).to_bytes(2, "little")
    space[DC_SPEED_START + 4 : DC_SPEED_START + 6] = b"\x04\x0c"
    return space
