"""What stands in the registers that set up a SubDevice, to be written again after a power cycle. Pure.

SyncManagers: from 0x0800 on, 8 bytes each (ETG.1000.4, 6.7): start, length, control, status (read-only),
activate, PDI control (not ours). FMMUs: from 0x0600 on, 16 bytes each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from taktora.connectors.ethercat.spans import FMMU_REGISTERS

__all__ = ["SM_LENGTH", "SM_REGISTERS", "RegisterImage", "has_mailbox"]

SM_REGISTERS: Final = 0x0800
SM_LENGTH: Final = 8
_SM: Final = struct.Struct("<HHBBBB")
_MAILBOX: Final = 2  # SyncManagers 0 and 1 of a SubDevice with a mailbox
_MODE: Final = 0x03  # bits of the control byte
_MODE_MAILBOX: Final = 0x02
_MODE_BUFFERED: Final = 0x00
_DIRECTION: Final = 0x0C
_INPUTS: Final = 0x00  # the wire reads
_OUTPUTS: Final = 0x04  # the wire writes
_ENABLE: Final = 0x01


def has_mailbox(sync_managers: bytes) -> bool:
    """Whether SyncManager 0 is switched on, and in mailbox mode."""
    if len(sync_managers) < SM_LENGTH:
        return False
    _, length, control, _, activate, _ = _SM.unpack_from(sync_managers)
    return bool(length and activate & _ENABLE and control & _MODE == _MODE_MAILBOX)


@frozen
class RegisterImage:
    """As they were when the SubDevice had been mapped."""

    sync_managers: bytes
    fmmus: bytes

    @property
    def has_mailbox(self) -> bool:
        """Whether objects can be read and written."""
        return has_mailbox(self.sync_managers)

    @property
    def process_data_bytes(self) -> tuple[int, int]:
        """Outputs and inputs, by the SyncManagers that are on and in buffered mode."""
        sizes = {_OUTPUTS: 0, _INPUTS: 0}
        for _, length, control, _, activate, _ in _SM.iter_unpack(self.sync_managers):
            if activate & _ENABLE and control & _MODE == _MODE_BUFFERED:
                sizes[control & _DIRECTION] = sizes.get(control & _DIRECTION, 0) + length
        return sizes[_OUTPUTS], sizes[_INPUTS]

    def mailbox_writes(self) -> Iterator[tuple[int, bytes]]:
        """Register addresses and what to write there in INIT: all off, then the mailbox on."""
        yield FMMU_REGISTERS, bytes(len(self.fmmus))
        yield SM_REGISTERS, bytes(len(self.sync_managers))
        if self.has_mailbox:
            yield SM_REGISTERS, self._written(0, _MAILBOX)

    def process_data_writes(self) -> Iterator[tuple[int, bytes]]:
        """The same for PRE-OP, once PDOs are assigned."""
        first = _MAILBOX if self.has_mailbox else 0
        count = len(self.sync_managers) // SM_LENGTH
        if count > first:
            yield SM_REGISTERS + first * SM_LENGTH, self._written(first, count)
        yield FMMU_REGISTERS, self.fmmus

    def _written(self, first: int, end: int) -> bytes:
        """Without what is read-only, and without a request to repeat a mailbox."""
        return b"".join(
            _SM.pack(start, length, control, 0, activate & _ENABLE, 0)
            for start, length, control, _, activate, _ in _SM.iter_unpack(
                self.sync_managers[first * SM_LENGTH : end * SM_LENGTH]
            )
        )
