"""Durations as people write them: ``"100 ms"``, ``"2 s"``, or a number of seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any, Final

from taktora.config.problems import close_to, listed, show
from taktora.errors import InvalidArgument, WrongType
from taktora.time import NANOS_PER_SECOND, Nanos, to_nanos

__all__ = ["EXAMPLE", "UNITS", "as_duration", "duration_text", "nanos_of"]

UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "\N{MICRO SIGN}s": 1_000,
    "\N{GREEK SMALL LETTER MU}s": 1_000,
    "ms": 1_000_000,
    "s": NANOS_PER_SECOND,
    "min": 60 * NANOS_PER_SECOND,
    "h": 3600 * NANOS_PER_SECOND,
}
"""Nanoseconds of each unit."""

EXAMPLE: Final = 'a duration such as "100 ms", or a number of seconds'
"""What is wanted, in an error."""

_TEXT: Final = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*([^\W\d_]*)\s*")
_TYPED: Final = ("ns", "us", "ms", "s", "min", "h")
_WORDS: Final = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "millis": "ms",
    "milliseconds": "ms", "usec": "us", "microseconds": "us", "minute": "min", "minutes": "min",
    "m": "min", "mins": "min", "hour": "h", "hours": "h", "nanoseconds": "ns", "hr": "h",
}  # fmt: skip
_LONGEST: Final = 2**62  # ns: what taktora.time takes


def nanos_of(value: Any) -> Nanos:
    """Nanoseconds, 0 or more.

    Raises:
        WrongType: neither a number nor text.
        InvalidArgument: negative, not finite, beyond 146 years, or text that is no duration.
    """
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType(f"is {show(value)}, and must be {EXAMPLE}")
    if value < 0:
        raise InvalidArgument(f"is {show(value)}, and must not be negative")
    if not value < _LONGEST / NANOS_PER_SECOND:
        raise InvalidArgument(f"is {show(value)}, and must be less than 146 years, in seconds")
    return to_nanos(value, zero=True)


def as_duration(value: Any) -> timedelta:
    """The same as a ``timedelta``, rounded to its microseconds; what is not zero stays so.

    Raises:
        WrongType: neither a number nor text.
        InvalidArgument: not a duration of 1 microsecond or more, or 0.
    """
    nanos = nanos_of(value)
    if 0 < nanos < 1000:
        raise InvalidArgument(f"is {show(value)}, and the shortest that can be told is 1 us")
    return timedelta(microseconds=round(nanos / 1000))


def duration_text(value: timedelta) -> str:
    """``value`` as it could be written in a file, in the largest unit that fits."""
    nanos = to_nanos(value, zero=True)
    unit = max((one for one in _TYPED if UNITS[one] <= nanos), key=UNITS.__getitem__, default="s")
    return f"{nanos / UNITS[unit]:.6g} {unit}"


def _of_text(text: str) -> Nanos:
    found = _TEXT.fullmatch(text)
    if found is None:
        raise InvalidArgument(f"is {show(text)}, and must be {EXAMPLE}")
    number, unit = found.groups()
    if not unit:
        raise InvalidArgument(
            f"is {show(text)}, which has no unit: write {show(f'{number} ms')} or "
            f"{show(f'{number} s')}"
        )
    if unit not in UNITS:
        meant = _WORDS.get(unit.casefold()) or next(iter(close_to(unit, _TYPED)), None)
        hint = f"; did you mean {show(f'{number} {meant}')}?" if meant else ""
        raise InvalidArgument(
            f"is {show(text)}, and {show(unit)} is no unit; units are {listed(_TYPED, 'and')}{hint}"
        )
    exact = Fraction(number) * UNITS[unit]
    if exact >= _LONGEST:
        raise InvalidArgument(f"is {show(text)}, and must be less than 146 years")
    return round(exact) or int(exact > 0)
