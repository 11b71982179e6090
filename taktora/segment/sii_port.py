"""How the SII is read and written over registers 0x0500 to 0x050F (ETG.1000.4, SII interface)."""

from __future__ import annotations

from typing import Final

from taktora.segment.registers import SII_ADDRESS, SII_CONFIG, SII_CONTROL, SII_DATA
from taktora.segment.sii import checksum
from taktora.time import Nanos

__all__ = ["SiiPort"]

_READ: Final = 1
_WRITE: Final = 2
_RELOAD: Final = 4
_READS_8_BYTES: Final = 0x40
_TWO_ADDRESS_BYTES: Final = 0x80
_CHECKSUM_ERROR: Final = 0x08  # bits 11, 13, 14 and 15 of 0x0502, in its second byte
_COMMAND_ERROR: Final = 0x20
_WRITE_ENABLE_ERROR: Final = 0x40
_BUSY: Final = 0x80


class SiiPort:
    """One EEPROM behind its registers. The content survives a power cycle. Not thread-safe."""

    __slots__ = ("_memory", "_ready", "busy", "content")

    def __init__(self, memory: bytearray, content: bytearray, busy: Nanos = 0) -> None:
        self._memory = memory
        self.content = content
        """Bytes of the EEPROM, an even number of them."""
        self.busy = busy
        """Nanoseconds that a command takes."""
        self._ready: Nanos = 0
        self.reload()

    @property
    def alias(self) -> int:
        """The configured station alias, word 0x0004; 0 when the checksum is wrong."""
        return 0 if self._is_spoilt else int.from_bytes(self.content[8:10], "little")

    @property
    def _is_spoilt(self) -> bool:
        return self.content[14] != checksum(self.content)

    def reload(self) -> None:
        """As after power-on: load the configuration area, and say when its checksum is wrong."""
        self._memory[SII_CONTROL] = _READS_8_BYTES | _TWO_ADDRESS_BYTES
        self._memory[SII_CONTROL + 1] = _CHECKSUM_ERROR if self._is_spoilt else 0

    def refresh(self, now: Nanos) -> None:
        """Bring the busy bit (15 of 0x0502) up to date."""
        if now < self._ready:
            self._memory[SII_CONTROL + 1] |= _BUSY
        else:
            self._memory[SII_CONTROL + 1] &= ~_BUSY & 0xFF

    def controlled(self, before: bytes, now: Nanos) -> bool:
        """Control (0x0502) was written, together with address and data perhaps: do the command.

        ``before`` is what registers 0x0500 to 0x050F held. Returns whether the content was loaded
        anew. Ignored while the device owns the EEPROM (0x0500 bit 0) or a command is under way.
        """
        memory = self._memory
        fixed, errors = before[2], before[3] & 0x78
        low, command = memory[SII_CONTROL], memory[SII_CONTROL + 1] & 0x07
        memory[SII_CONTROL], memory[SII_CONTROL + 1] = fixed, errors
        if memory[SII_CONFIG] & 1 or now < self._ready:
            memory[SII_ADDRESS : SII_ADDRESS + 12] = before[4:16]
            return False
        at = 2 * int.from_bytes(memory[SII_ADDRESS : SII_ADDRESS + 4], "little")
        errors &= _CHECKSUM_ERROR
        if command == _READ and at < len(self.content):
            memory[SII_DATA : SII_DATA + 8] = self.content[at : at + 8].ljust(8, b"\xff")
        elif command == _WRITE and not low & 1:
            errors |= _WRITE_ENABLE_ERROR
        elif command == _WRITE and at < len(self.content):
            self.content[at : at + 2] = memory[SII_DATA : SII_DATA + 2]
        elif command == _RELOAD:
            errors = _CHECKSUM_ERROR if self._is_spoilt else 0
        elif command:
            errors |= _COMMAND_ERROR
        memory[SII_CONTROL + 1] = errors
        if command:
            self._ready = now + self.busy
        return command == _RELOAD
