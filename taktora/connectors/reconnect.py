"""When to try again: a pure policy that is asked for the next delay."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from typing import Any, Protocol

from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration, to_nanos

__all__ = ["ExponentialBackoff", "ReconnectPolicy"]


class ReconnectPolicy(Protocol):
    """Says how long to wait before the next attempt. Used by one thread."""

    def next_delay(self) -> timedelta | None:
        """How long to wait; ``None``: do not try again."""

    def reset(self) -> None:
        """It is up again: begin anew."""


class ExponentialBackoff:
    """Delays that grow from ``initial`` to ``maximum`` by a factor, each off by some chance.

    The n-th delay is drawn evenly from what lies within ``jitter`` of
    ``min(initial * growth ** n, maximum)``, and is not beyond ``maximum``. So those who were cut off
    at the same time do not come back at the same time, and do not gather at ``maximum`` either.
    Delays are whole microseconds, at least one. One thread.

    Args:
        initial: the first delay, a ``timedelta`` or seconds; 1 microsecond or more.
        maximum: the longest one, ``initial`` or more.
        growth: factor from one delay to the next, 1 or more.
        jitter: share by which a delay may be off, 0 to 1.
        max_attempts: how many delays there are until :meth:`reset`; ``None``: no end.
        seed: of the chance; the same seed gives the same delays.

    Raises:
        InvalidArgument: one of them cannot be; they are not clamped.
        WrongType: one of them is no number.
    """

    def __init__(
        self,
        initial: Duration = 0.1,
        maximum: Duration = 30,
        growth: float = 2.0,
        *,
        jitter: float = 0.1,
        max_attempts: int | None = None,
        seed: int | None = None,
    ) -> None:
        self._initial = _micros(initial, "initial")
        self._maximum = _micros(maximum, "maximum")
        self._growth = _number(growth, "growth")
        self._jitter = _number(jitter, "jitter")
        if self._maximum < self._initial:
            raise InvalidArgument(f"maximum ({maximum!r}) must not be below initial ({initial!r})")
        if not 1 <= self._growth < math.inf:
            raise InvalidArgument(f"growth must be 1 or more, and finite, not {growth!r}")
        if not 0 <= self._jitter <= 1:
            raise InvalidArgument(f"jitter must be 0 to 1, not {jitter!r}")
        for name, value in (("max_attempts", max_attempts), ("seed", seed)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise WrongType(f"{name} must be an integer or None, not {value!r}")
        if max_attempts is not None and max_attempts < 0:
            raise InvalidArgument(f"max_attempts must be 0 or more, not {max_attempts}")
        self._max_attempts = max_attempts
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311  # chance, no secret
        self._attempts = 0
        self._base = float(self._initial)

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes another one with the same settings, from its beginning."""
        return {
            "initial": timedelta(microseconds=self._initial),
            "maximum": timedelta(microseconds=self._maximum),
            "growth": self._growth,
            "jitter": self._jitter,
            "max_attempts": self._max_attempts,
            "seed": self._seed,
        }

    def next_delay(self) -> timedelta | None:
        """How long to wait before the next attempt; ``None``: there were enough."""
        if self._max_attempts is not None and self._attempts >= self._max_attempts:
            return None
        self._attempts += 1
        base = self._base
        self._base = min(base * self._growth, self._maximum)
        longest = min(base * (1 + self._jitter), self._maximum)
        micros = int(self._random.uniform(base * (1 - self._jitter), longest))
        return timedelta(microseconds=max(micros, 1))

    def reset(self) -> None:
        """Begin with ``initial`` again, with all attempts left; the chance goes on."""
        self._attempts = 0
        self._base = float(self._initial)

    def __repr__(self) -> str:
        return (
            f"ExponentialBackoff(initial={self._initial / 1e6!r}, maximum={self._maximum / 1e6!r}, "
            f"growth={self._growth!r}, jitter={self._jitter!r}, "
            f"max_attempts={self._max_attempts}, seed={self._seed})"
        )


def _micros(value: Duration, what: str) -> int:
    """Whole microseconds: the finest that a ``timedelta`` can say."""
    micros = to_nanos(value, what=what) // 1000
    if micros == 0:
        raise InvalidArgument(f"{what} must be 1 microsecond or more, not {value!r}")
    return micros


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType(f"{what} must be a number, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise InvalidArgument(f"{what} is larger than any float") from None
