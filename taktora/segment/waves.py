"""Signals that change with time: what an analog input of a simulated terminal may see."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Literal

from attrs import field, frozen

from taktora.config import positive, within
from taktora.time import Nanos, to_nanos

__all__ = ["Wave"]


def _finite(_: Any, __: Any, value: float) -> None:
    within(-1e9, 1e9)(_, __, value)


@frozen
class Wave:
    """A periodic signal; a function of time and nothing else."""

    shape: Literal["sine", "square", "triangle", "sawtooth"] = "sine"
    amplitude: float = field(default=10_000.0, validator=_finite)
    """Digits, from the middle to the top."""
    offset: float = field(default=0.0, validator=_finite)
    """The middle, in digits."""
    period: timedelta = field(default=timedelta(seconds=1), validator=positive)
    phase: float = field(default=0.0, validator=within(0, 1))
    """Where in its period it begins at time 0."""

    def __call__(self, now: Nanos) -> int:
        """Digits at ``now``, rounded."""
        period = to_nanos(self.period)
        turn = (now % period / period + self.phase) % 1.0
        return round(self.offset + self.amplitude * _SHAPES[self.shape](turn))


_SHAPES: Final[dict[str, Callable[[float], float]]] = {
    "sine": lambda turn: math.sin(2 * math.pi * turn),
    "square": lambda turn: 1.0 if turn < 0.5 else -1.0,
    "triangle": lambda turn: 1 - 4 * abs((turn + 0.25) % 1.0 - 0.5),
    "sawtooth": lambda turn: 2 * turn - 1,
}
"""From -1 to 1, by the part of the period that is over."""
