"""The time grid: ticks are ``epoch + k * period``, never ``now + period``.

All intervals of an executor share one epoch, so harmonic periods coincide: every second tick of
a 10 ms interval is a tick of a 20 ms interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from taktora.core.triggers import MissedTick
from taktora.time import Nanos

__all__ = ["Tick", "first_tick", "tick"]

_SKIP: Final = MissedTick.SKIP
_DELAY: Final = MissedTick.DELAY


class Tick(NamedTuple):
    """What a due interval amounts to."""

    scheduled: Sequence[Nanos]
    """The slots to run for, oldest first: one, or several under ``BURST``."""
    skipped: int
    """Slots that passed without a run."""
    next_due: Nanos
    """When to look again."""


def first_tick(epoch: Nanos, period: Nanos, now: Nanos) -> Nanos:
    """The first slot of the grid that lies after ``now`` (the epoch itself is not a tick)."""
    if now < epoch:
        return epoch + period
    return epoch + ((now - epoch) // period + 1) * period


def tick(due: Nanos, period: Nanos, now: Nanos, missed: MissedTick) -> Tick:
    """Decide a tick that was due at ``due`` and is seen at ``now >= due``."""
    late = (now - due) // period
    latest = due + late * period
    if missed is _SKIP:
        return Tick((latest,), late, latest + period)
    if missed is _DELAY:
        return Tick((due,), 0, now + period)
    return Tick(range(due, latest + 1, period), 0, latest + period)
