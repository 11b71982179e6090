"""The process data watchdog: outputs that are not written for its time are no longer to be trusted.

Registers (ESC data sheet, section II): divider 0x0400, time 0x0420, status 0x0440, expiry counter
0x0442. One tick is (divider + 2) * 40 ns, so 100 us with the default divider of 2498.
"""

from __future__ import annotations

from taktora.segment.registers import (
    WATCHDOG_COUNTER,
    WATCHDOG_DIVIDER,
    WATCHDOG_STATUS,
    WATCHDOG_TIME,
)
from taktora.time import Nanos

__all__ = ["Watchdog"]


class Watchdog:
    """It watches from the first write on, until it has expired. Not thread-safe."""

    __slots__ = ("_memory", "fed", "timeout")

    def __init__(self, memory: bytearray) -> None:
        self._memory = memory
        self.fed: Nanos | None = None
        """When the outputs were last written; ``None``: it does not watch, or has expired."""
        self.load()

    def load(self) -> None:
        """Divider or time were written."""
        memory = self._memory
        divider = memory[WATCHDOG_DIVIDER] | memory[WATCHDOG_DIVIDER + 1] << 8
        ticks = memory[WATCHDOG_TIME] | memory[WATCHDOG_TIME + 1] << 8
        self.timeout: Nanos = (divider + 2) * 40 * ticks
        """Nanoseconds; 0: switched off."""

    def refresh(self, now: Nanos) -> None:
        """Bring the status register up to date: bit 0 is set while it watches or is switched off."""
        alive = not self.timeout or (self.fed is not None and now - self.fed <= self.timeout)
        self._memory[WATCHDOG_STATUS] = alive

    def expires(self, now: Nanos) -> bool:
        """Whether it has expired since it was last fed; said once, and counted."""
        if not self.timeout or self.fed is None or now - self.fed <= self.timeout:
            return False
        self.fed = None
        self._memory[WATCHDOG_COUNTER] = min(255, self._memory[WATCHDOG_COUNTER] + 1)
        return True
