"""Distributed clocks: one controller's own clock, and how it is steered to the reference's.

ETG.1000.4, registers 0x0900 to 0x0935: receive times, system time, offset, delay, difference. Times
are in nanoseconds; each controller's clock runs a little too fast or too slow.
"""

from __future__ import annotations

from typing import Final

from taktora.segment.registers import (
    DC_DELAY,
    DC_DIFFERENCE,
    DC_OFFSET,
    DC_RECEIVE,
    DC_RECEIVE_UNIT,
    DC_SYSTEM_TIME,
)
from taktora.time import Nanos

__all__ = ["DcClock"]

_U64: Final = (1 << 64) - 1
_U32: Final = (1 << 32) - 1
_BILLION: Final = 1_000_000_000
_MOST_STEP: Final = 1000
"""Nanoseconds that one comparison moves the clock at most."""
_MOST_RATE: Final = 500_000
"""Parts per billion that steering changes the clock's speed at most."""
_NEAR: Final = 10_000
"""Nanoseconds within which the speed is steered too."""


class DcClock:
    """The clock of one controller. Not thread-safe.

    Args:
        memory: The controller's address space.
        drift: Parts per billion that its quartz is too fast.
    """

    __slots__ = ("_anchor", "_local", "_memory", "_rate", "_steering", "arrival", "way_back")

    def __init__(self, memory: bytearray, drift: int, now: Nanos) -> None:
        self._memory = memory
        self._anchor = now
        self._local = 0
        self._rate = drift
        self._steering = 0
        self.arrival: Nanos = 0
        """How much later than at the first SubDevice a frame arrives here."""
        self.way_back: Nanos | None = None
        """After what time it comes back from those behind; ``None``: there are none."""

    def local(self, now: Nanos) -> Nanos:
        """Nanoseconds that this clock has counted since it was switched on."""
        passed = now - self._anchor
        return self._local + passed + passed * (self._rate + self._steering) // _BILLION

    def latch(self, now: Nanos) -> None:
        """A write to 0x0900: note when this frame passed each port, in local time."""
        memory = self._memory
        arrived = self.local(now + self.arrival)
        memory[DC_RECEIVE : DC_RECEIVE + 4] = (arrived & _U32).to_bytes(4, "little")
        memory[DC_RECEIVE_UNIT : DC_RECEIVE_UNIT + 8] = (arrived & _U64).to_bytes(8, "little")
        if self.way_back is not None:
            back = self.local(now + self.arrival + self.way_back)
            memory[DC_RECEIVE + 4 : DC_RECEIVE + 8] = (back & _U32).to_bytes(4, "little")

    def system(self, now: Nanos) -> Nanos:
        """Local time plus offset (0x0920), when a frame sent at ``now`` is here."""
        offset = int.from_bytes(self._memory[DC_OFFSET : DC_OFFSET + 8], "little")
        return (self.local(now + self.arrival) + offset) & _U64

    def refresh(self, now: Nanos) -> None:
        """Bring the system time register (0x0910) up to date."""
        self._memory[DC_SYSTEM_TIME : DC_SYSTEM_TIME + 8] = self.system(now).to_bytes(8, "little")

    def steer(self, received: bytes, now: Nanos) -> None:
        """The reference's system time came by: compare, note the difference, and follow a little."""
        wide = len(received) >= 8
        span = _U64 if wide else _U32
        reference = int.from_bytes(received[: 8 if wide else 4], "little")
        delay = int.from_bytes(self._memory[DC_DELAY : DC_DELAY + 4], "little")
        ahead = (self.system(now) - reference - delay) & span
        behind = ahead > span >> 1
        difference = span + 1 - ahead if behind else ahead
        sign = 0x8000_0000 if behind else 0
        self._memory[DC_DIFFERENCE : DC_DIFFERENCE + 4] = (
            min(difference, 0x7FFF_FFFF) | sign
        ).to_bytes(4, "little")
        self._follow(-difference if behind else difference, now)

    def _follow(self, ahead: Nanos, now: Nanos) -> None:
        """A step for an eighth of the difference; once near, the speed as well."""
        local = self.local(now)
        step = max(-_MOST_STEP, min(_MOST_STEP, ahead // 8 if ahead >= 0 else -(-ahead // 8)))
        self._anchor, self._local = now, local - step
        if abs(ahead) <= _NEAR:
            self._steering = max(-_MOST_RATE, min(_MOST_RATE, self._steering - 4 * ahead))
