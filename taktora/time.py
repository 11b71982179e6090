"""Time is an integer number of nanoseconds; durations come in as ``timedelta`` or seconds."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Final, Protocol

from taktora.errors import InvalidArgument, WrongType

__all__ = ["NANOS_PER_SECOND", "Clock", "Duration", "Nanos", "SystemClock", "to_nanos"]

Nanos = int
"""A duration or a monotonic instant in nanoseconds."""

Duration = timedelta | int | float
"""What users may pass as a duration: a ``timedelta``, or a number of seconds."""

NANOS_PER_SECOND: Final = 1_000_000_000

_LONGEST: Final = 2**62  # ns, about 146 years: fits timerfd's signed 64-bit fields with room to add


class Clock(Protocol):
    """Says what time it is; the only source of ``now`` at the edge."""

    def now(self) -> Nanos:
        """Nanoseconds on a clock that never goes back."""
        ...


class SystemClock:
    """``CLOCK_MONOTONIC``, the clock that the timer file descriptors use too."""

    __slots__ = ()

    def now(self) -> Nanos:
        """Nanoseconds since some point in the past; never goes back."""
        return time.monotonic_ns()


def to_nanos(value: Duration, *, what: str = "duration", zero: bool = False) -> Nanos:
    """Convert ``value`` (``timedelta``, or seconds as ``int``/``float``) to nanoseconds.

    ``what`` names the argument in the error message; ``zero=True`` lets 0 pass.

    Raises:
        WrongType: ``value`` is neither a ``timedelta`` nor a number (``bool`` is not one).
        InvalidArgument: negative, zero (unless allowed), NaN, infinite, or beyond 146 years.
    """
    if isinstance(value, timedelta):
        nanos = (value.days * 86_400 + value.seconds) * NANOS_PER_SECOND + value.microseconds * 1000
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType(
            f"{what} must be a datetime.timedelta or a number of seconds, not {value!r} "
            f"({type(value).__name__})"
        )
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidArgument(f"{what} must be finite, not {value!r}")
        if value >= _LONGEST / NANOS_PER_SECOND:
            raise InvalidArgument(f"{what} must be less than 146 years, not {value!r}")
        nanos = round(value * NANOS_PER_SECOND)
        if value > 0 and nanos == 0:
            nanos = 1
    else:
        nanos = value * NANOS_PER_SECOND
    if nanos < 0 or (nanos == 0 and not zero):
        least = "zero or more" if zero else "more than zero"
        raise InvalidArgument(f"{what} must be {least}, not {value!r}")
    if nanos > _LONGEST:
        raise InvalidArgument(f"{what} must be less than 146 years, not {value!r}")
    return nanos
