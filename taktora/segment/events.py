"""Events of one controller: what has happened (0x0210), and what of it goes into frames (0x0200).

ETG.1000.4, ECAT event registers: bit 2 the links, bit 3 AL Status, bits 4 and up the SyncManagers.
"""

from __future__ import annotations

from typing import Final

from taktora.segment.notice import Notice
from taktora.segment.registers import AL_STATUS, DL_STATUS, EVENT_MASK, EVENT_REQUEST

__all__ = ["AL_EVENT", "DL_EVENT", "SM_EVENT", "Events"]

DL_EVENT: Final = 0x04
AL_EVENT: Final = 0x08
SM_EVENT: Final = 0x10
"""Of SyncManager 0; those of the others are the next bits."""


class Events:
    """The events in one controller's memory. Not thread-safe."""

    __slots__ = ("_memory", "_notice")

    def __init__(self, memory: bytearray, notice: Notice) -> None:
        self._memory = memory
        self._notice = notice

    def show(self, bit: int, *, on: bool) -> None:
        """Whether that has happened."""
        low = self._memory[EVENT_REQUEST]
        self._memory[EVENT_REQUEST] = low | bit if on else low & ~bit
        self._notice.events = True

    def seen(self, first: int, end: int) -> None:
        """Registers were read: reading AL Status or DL Status ends its event."""
        if first <= AL_STATUS < end:
            self.show(AL_EVENT, on=False)
        if first <= DL_STATUS < end:
            self.show(DL_EVENT, on=False)

    @property
    def interrupt(self) -> int:
        """What is ORed into the interrupt field of each datagram that passes."""
        memory = self._memory
        return (
            memory[EVENT_REQUEST] & memory[EVENT_MASK]
            | (memory[EVENT_REQUEST + 1] & memory[EVENT_MASK + 1]) << 8
        )
