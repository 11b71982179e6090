"""Memory that SyncManagers rule: mailboxes, and buffers of process data that are always consistent.

ETG.1000.4, SyncManager: a buffer counts once its last byte was written; what is read in pieces stays
the same from its first byte to its last.
"""

from __future__ import annotations

from typing import Final

from taktora.segment.events import SM_EVENT, Events
from taktora.segment.registers import SIZE, SYNC_MANAGERS
from taktora.segment.sync_managers import SyncManager
from taktora.segment.watchdog import Watchdog
from taktora.time import Nanos

__all__ = ["ProcessMemory"]

_MAILBOXES: Final = 2


class ProcessMemory:
    """The memory of one controller from 0x0F00 on, and its SyncManagers. Not thread-safe.

    Args:
        memory: The address space.
        out: Number of the SyncManager for outputs.
        back: Number of the one for inputs.
    """

    __slots__ = (
        "_events", "_newer", "active", "back", "managers", "memory", "out", "outputs", "watchdog",
    )  # fmt: skip

    def __init__(self, memory: bytearray, events: Events, out: int, back: int) -> None:
        self.memory = memory
        self._events = events
        self.managers = [SyncManager(memory, number) for number in range(SYNC_MANAGERS)]
        self.active: list[SyncManager] = []
        self.out, self.back = self.managers[out], self.managers[back]
        self.watchdog = Watchdog(memory)
        self.outputs: bytes | bytearray | None = None
        """Outputs as last completely written; ``None``: not since this state began."""
        self._newer: bytes | None = None  # inputs that came while older ones are read in pieces

    def read(self, first: int, end: int) -> tuple[bytes | None, bool]:
        """What the wire reads, and whether process data was read to its end.

        ``None``: a SyncManager refuses, or there is no such memory.
        """
        touched = self._touched(first, end, writing=False)
        if touched is None:
            return None, False
        if self._newer is not None and self.back in touched and first <= self.back.start:
            self.memory[self.back.start : self.back.end] = self._newer
            self._newer = None
        data = bytes(self.memory[first:end])
        return data, self._complete(touched, end, self.back)

    def write(self, first: int, data: bytes, now: Nanos) -> tuple[bool, bool]:
        """Whether the wire may write that, and whether process data was written to its end."""
        end = first + len(data)
        touched = self._touched(first, end, writing=True)
        if touched is None:
            return False, False
        self.memory[first:end] = data
        if any(one.watched and end >= one.end for one in touched):
            self.watchdog.fed = now
        if not self._complete(touched, end, self.out):
            return True, False
        self.outputs = bytes(self.memory[self.out.start : self.out.end])
        return True, True

    def _touched(self, first: int, end: int, *, writing: bool) -> list[SyncManager] | None:
        if end > SIZE or first >= end:
            return None
        touched = [one for one in self.active if first < one.end and end > one.start]
        if all(one.admits(first, writing=writing) for one in touched):
            return touched
        return None

    def _complete(self, touched: list[SyncManager], end: int, wanted: SyncManager) -> bool:
        """Tell those that were touched; whether ``wanted`` is complete now."""
        found = False
        for manager in touched:
            if manager.accessed(end):
                found = found or manager is wanted
                if manager.is_mailbox:
                    self.show_mailboxes()
        return found

    def show_mailboxes(self) -> None:
        """Bits 4 and 5 of the events say which mailboxes are full."""
        for manager in self.managers[:_MAILBOXES]:
            if manager.is_mailbox:
                self._events.show(SM_EVENT << manager.number, on=manager.full)

    def put_inputs(self, inputs: bytes) -> None:
        """New inputs from the application, as long as the active SyncManager says."""
        if self.back.opened:
            self._newer = inputs
        elif self.back.active:
            self.memory[self.back.start : self.back.end] = inputs

    def load_managers(self, first: int, before: bytes) -> None:
        """SyncManager registers from ``first`` on were written, and held ``before``.

        While one is active its start, length and control cannot be written.
        """
        end = first + len(before)
        for manager in self.managers:
            at = manager.at
            if end <= at or first >= at + 8:
                continue
            low, high = max(first, at), min(end, at + 5)
            if manager.active and low < high:
                self.memory[low:high] = before[low - first : high - first]
            if not manager.active or not self.memory[at + 6] & 1:
                manager.load()
                if manager.number < _MAILBOXES:
                    self._events.show(SM_EVENT << manager.number, on=False)
                if manager is self.back:
                    self._newer = None
        self.active = [one for one in self.managers if one.active]

    @property
    def inputs(self) -> bytes:
        """What is read next."""
        area = bytes(self.memory[self.back.start : self.back.end]) if self.back.active else b""
        return area if self._newer is None else self._newer

    @property
    def has_outputs(self) -> bool:
        """Whether outputs are valid, or there are none to wait for."""
        return self.outputs is not None or not self.out.active

    def forget_outputs(self) -> None:
        """Outputs that were written before do not count any more."""
        self.outputs = None
        self.watchdog.fed = None
