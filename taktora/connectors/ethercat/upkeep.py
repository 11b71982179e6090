"""What a bus needs besides its cycle: looking after SubDevices, one bounded step between two cycles."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from taktora.errors import BusError

if TYPE_CHECKING:
    from taktora.connectors.ethercat.bus import BusDriver, SubDeviceState
    from taktora.connectors.ethercat.bus_health import BusHealth
    from taktora.connectors.ethercat.cycle_stats import CycleStats
    from taktora.connectors.ethercat.emergency import Emergency
    from taktora.time import Nanos

__all__ = ["Upkeep"]

logger = logging.getLogger("taktora.connectors")

_SOON: Final = 20_000_000
"""Nanoseconds from a step of recovery to the sweep that shows what it came to."""


class Upkeep:
    """State sweeps at their own slow rate, sooner when a counter was short, and recovery of SubDevices
    that are not in OP, one step of one of them at a time. Emergencies are counted, and said in the log.
    One thread.

    Args:
        name: of the connector, for the log.
        driver: of a bus that is up.
        health: says which SubDevices are to be recovered, and is told what sweeps find.
        stats: counts.
        period: from one sweep to the next, in nanoseconds.
    """

    def __init__(
        self,
        name: str,
        driver: BusDriver,
        health: BusHealth,
        stats: CycleStats,
        *,
        period: Nanos,
    ) -> None:
        self.states: tuple[SubDeviceState, ...] = ()
        """What the last sweep found."""
        self._name = name
        self._driver = driver
        self._health = health
        self._stats = stats
        self._period = period
        self._next: Nanos = 0
        self._waiting: deque[int] = deque()
        self._said: dict[int, str] = {}
        self._told: dict[int, Emergency] = {}

    def step(self, now: Nanos) -> bool:
        """Do what is due, if anything is; whether it was. After a cycle that came back.

        Raises:
            BusError: the driver cannot sweep.
        """
        if now >= self._next or self._health.wants_sweep:
            self._sweep(now)
        elif self._waiting:
            self._recover(self._waiting.popleft())
            if not self._waiting:
                self._next = min(self._next, now + _SOON)
        else:
            return False
        return True

    def _sweep(self, now: Nanos) -> None:
        self.states = self._driver.states()
        self._stats.sweeps += 1
        self._next = now + self._period
        self._health.swept(self.states)
        self._waiting = deque(self._health.to_recover)
        for one in self._driver.emergencies():
            self._stats.emergencies += 1
            if self._told.get(one.position) != one:  # some send the same for hours
                self._told[one.position] = one
                level = logging.WARNING if one.code else logging.INFO
                logger.log(level, "connector %r: %s", self._name, one)

    def _recover(self, position: int) -> None:
        self._stats.recoveries += 1
        try:
            said = self._driver.recover(position)
        except BusError as error:  # of this one; the others keep running
            said = str(error)
        if self._said.get(position) != said:  # it may be the same for hours
            self._said[position] = said
            logger.info("connector %r: recovery of SubDevice %d: %s", self._name, position, said)
