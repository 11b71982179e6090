"""How many cycles a second there are, from what a gateway reports about once a second. Pure."""

from __future__ import annotations

from taktora.connectors.ethercat.cycle_stats import BusStatistics
from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = ["CycleRate"]

_LEAST: Nanos = NANOS_PER_SECOND // 2


class CycleRate:
    """Follows reports; those that come soon after another, at a change of health, count with the next."""

    def __init__(self) -> None:
        self.per_second: float | None = None
        """``None``: it cannot be told yet."""
        self._cycles = 0
        self._when: Nanos | None = None

    def hear(self, report: BusStatistics, when: Nanos) -> None:
        """A report that was made at this time."""
        if self._when is None or report.cycles < self._cycles:  # the first, or another gateway's
            self.per_second = None
        elif when - self._when < _LEAST:
            return
        else:
            passed = (when - self._when) / NANOS_PER_SECOND
            self.per_second = (report.cycles - self._cycles) / passed
        self._cycles, self._when = report.cycles, when
