"""The SyncManager watchdog of a SubDevice in its registers. Pure.

A SubDevice leaves OP by itself (AL Status Code 0x001B) when nobody has written its outputs for the
watchdog time. ETG.1000.4, 6.8: the divider (register 0x0400) makes ticks of ``divider + 2`` periods of
25 MHz (40 ns); the time (register 0x0420) is a number of such ticks.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from taktora.errors import InvalidArgument
from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = [
    "DEFAULT_DIVIDER",
    "WATCHDOG_DIVIDER",
    "WATCHDOG_TIME",
    "SmWatchdog",
    "tick_length",
    "watchdog_for",
]

WATCHDOG_DIVIDER: Final = 0x0400
"""Register, 16 bits: length of a tick."""
WATCHDOG_TIME: Final = 0x0420
"""Register, 16 bits: ticks of the SyncManager watchdog; 0 switches it off."""

DEFAULT_DIVIDER: Final = 2498
"""Ticks of 100 us."""

_PERIOD: Final[Nanos] = 40
_MOST_TICKS: Final = 0xFFFF


def tick_length(divider: int) -> Nanos:
    """How long one tick is under ``divider``."""
    return _PERIOD * (divider + 2)


@frozen
class SmWatchdog:
    """What stands in the two registers."""

    divider: int
    ticks: int

    @property
    def time(self) -> Nanos:
        """How long the SubDevice waits; 0: for ever."""
        return self.ticks * tick_length(self.divider)

    def registers(self) -> tuple[tuple[int, bytes], ...]:
        """Register addresses and what to write there, in this order."""
        return (
            (WATCHDOG_DIVIDER, self.divider.to_bytes(2, "little")),
            (WATCHDOG_TIME, self.ticks.to_bytes(2, "little")),
        )

    def __str__(self) -> str:
        if not self.ticks:
            return "switched off"
        return (
            f"{self.time / 1e6:g} ms ({self.ticks} ticks of {tick_length(self.divider) / 1e3:g} us)"
        )


def watchdog_for(time: Nanos, divider: int = DEFAULT_DIVIDER) -> SmWatchdog:
    """The shortest watchdog that waits at least ``time``: never less than one tick; 0: none at all.

    Raises:
        InvalidArgument: longer than 65535 ticks, or negative.
    """
    if time < 0:
        raise InvalidArgument(
            f"a SyncManager watchdog cannot wait for {time / NANOS_PER_SECOND:g} s"
        )
    tick = tick_length(divider)
    ticks = -(-time // tick)
    if ticks > _MOST_TICKS:
        raise InvalidArgument(
            f"a SyncManager watchdog waits for at most {_MOST_TICKS * tick / NANOS_PER_SECOND:g} s "
            f"with ticks of {tick / 1e3:g} us, not {time / NANOS_PER_SECOND:g} s"
        )
    return SmWatchdog(divider, ticks)
