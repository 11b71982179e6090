"""SyncManagers: who may touch a part of memory, and when what is in it is complete.

Registers 0x0800 + 8n (ETG.1000.4, SyncManager attributes): start, length, control, status, activate,
PDI control. A mailbox is written and read in turns; a buffer can always be written or read.
"""

from __future__ import annotations

from typing import Final

from taktora.segment.registers import SYNC_MANAGER

__all__ = ["MAILBOX_FULL", "SyncManager"]

MAILBOX_FULL: Final = 0x08
"""Bit 3 of a SyncManager's status, 0x0805 + 8n."""

REPEAT: Final = 0x02
"""Bit 1 of activate (0x0806 + 8n): toggled, it asks for the last message again; and of 0x0807 + 8n:
set alike once that is there."""


class SyncManager:
    """One of them, on the memory of its controller. Not thread-safe."""

    __slots__ = (
        "_memory", "active", "at", "end", "full", "is_mailbox", "length", "number", "opened",
        "start", "watched", "writes",
    )  # fmt: skip

    def __init__(self, memory: bytearray, number: int) -> None:
        self._memory = memory
        self.number = number
        self.at = SYNC_MANAGER + 8 * number
        self.load()

    def load(self) -> None:
        """Take over what the registers say; what was half written or waiting is dropped."""
        at, memory = self.at, self._memory
        self.start = memory[at] | memory[at + 1] << 8
        self.length = memory[at + 2] | memory[at + 3] << 8
        self.end = self.start + self.length
        control = memory[at + 4]
        self.is_mailbox = control & 0x03 == 0x02
        self.writes = control & 0x0C == 0x04
        """Whether the wire writes and the device reads, or the other way round."""
        self.watched = control & 0x40 != 0
        self.active = memory[at + 6] & 0x01 != 0 and self.length > 0
        self.opened = False
        self.full = False
        memory[at + 5] = 0

    def admits(self, first: int, *, writing: bool) -> bool:
        """Whether the wire may access from ``first`` on, somewhere in the area, now.

        Only in its direction, and only beginning with its first byte; a mailbox takes a message only
        when it is empty and gives one only when it is full.
        """
        if writing is not self.writes or not (self.opened or first <= self.start):
            return False
        return not self.is_mailbox or self.full is not writing

    def accessed(self, end: int) -> bool:
        """The wire has accessed up to ``end``: whether that completes the area."""
        self.opened = end < self.end
        if self.opened:
            return False
        if self.is_mailbox:
            self.fill(full=self.writes)
        return True

    def fill(self, *, full: bool) -> None:
        """The mailbox became full or empty; status 0x0805 + 8n says so."""
        self.full = full
        status = self._memory[self.at + 5] & ~MAILBOX_FULL
        self._memory[self.at + 5] = status | MAILBOX_FULL if full else status

    @property
    def asks_to_repeat(self) -> bool:
        """Whether the repeat request was toggled and not been answered yet."""
        return (self._memory[self.at + 6] ^ self._memory[self.at + 7]) & REPEAT != 0

    def repeated(self) -> None:
        """The request to repeat was done: acknowledge it."""
        self._memory[self.at + 7] ^= REPEAT
