"""How an item's interval ticks keep to their grid: lateness and jitter.

*Lateness* is how long after its slot a tick's execution began. *Jitter* is how far the time between
two successive starts is from the period times the number of slots between them. On a grid that
second quantity is a multiple of the period by construction, so the jitter is the difference of the
two latenesses, and neither period nor number of slots need be known.

``MissedTick.DELAY`` lays the grid anew at every tick, one period from when the driver saw it. There
the period must be known, and two starts compare only if no slot between them was skipped.
"""

from __future__ import annotations

from taktora.core.triggers import Fired
from taktora.observe.histogram import Histogram
from taktora.time import Nanos

__all__ = ["Pace"]


class Pace:
    """Measures the ticks of one item, each declaration against its own slots.

    Written by the thread that executes the item; read by any.
    """

    __slots__ = ("_last", "_periods", "jitter", "lateness")

    lateness: Histogram | None
    """``None`` until the first tick: an interval that never fires costs nothing here."""
    jitter: Histogram

    def __init__(self) -> None:
        self.lateness = None
        self._periods: dict[int, Nanos] | None = None

    def delays(self, slot: int, period: Nanos) -> None:
        """The interval declared at position ``slot`` has the policy ``MissedTick.DELAY``."""
        self._periods = {**(self._periods or {}), slot: period}

    def note(self, fired: tuple[Fired, ...], began: Nanos) -> None:
        """Measure the interval ticks among what woke an execution that began at ``began``."""
        lateness = self.lateness
        if lateness is None:
            self.jitter = Histogram()
            self._last: dict[int, Nanos] = {}
            self.lateness = lateness = Histogram()  # last: who reads finds all or nothing
        last = self._last
        for tick in fired:
            scheduled = tick.scheduled_ns
            if tick.kind != "interval" or scheduled is None:
                continue
            late = began - scheduled
            if late < 0:
                late = 0
            lateness.record(late)
            slot = tick.slot
            if self._periods is not None and slot in self._periods:
                self._note_delayed(slot, scheduled, began)
                continue
            before = last.get(slot)
            if before is not None:
                self.jitter.record(late - before if late > before else before - late)
            last[slot] = late

    def _note_delayed(self, slot: int, scheduled: Nanos, began: Nanos) -> None:
        assert self._periods is not None
        period = self._periods[slot]
        before = self._last.get(slot)
        # The slot was laid when the one before it was seen. If that was after the last start, then
        # the one before it had no start: it was skipped, or belongs to an earlier run.
        if before is not None and scheduled - period <= before:
            self.jitter.record(abs(began - before - period))
        self._last[slot] = began
