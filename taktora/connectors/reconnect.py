"""When to try again: a pure policy that is asked for the next delay."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any, Protocol

from taktora.errors import InvalidArgument, WrongType
from taktora.time import NANOS_PER_SECOND, Duration, to_nanos

__all__ = ["ExponentialBackoff", "ReconnectPolicy"]


class ReconnectPolicy(Protocol):
    """Says how long to wait before the next attempt. Used by one thread."""

    def next_delay(self) -> timedelta | None:
        """How long to wait; ``None``: do not try again."""

    def reset(self) -> None:
        """It is up again: begin anew."""


class ExponentialBackoff:
    """Delays that grow from ``initial`` to ``maximum`` by a factor, each off by some chance.

    A delay is ``min(initial * growth ** n, maximum)``, times a factor between ``1 - jitter`` and
    ``1 + jitter``, and never longer than ``maximum``. Jitter keeps many that were cut off at the
    same time from coming back at the same time.

    Args:
        initial: the first delay.
        maximum: the longest one.
        growth: factor from one delay to the next, 1 or more.
        jitter: share by which a delay may be off, 0 to 1.
        max_attempts: how many delays there are; ``None``: no end.
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
        self.initial = to_nanos(initial, what="initial")
        self.maximum = to_nanos(maximum, what="maximum")
        self.growth = _number(growth, "growth")
        self.jitter = _number(jitter, "jitter")
        if self.maximum < self.initial:
            raise InvalidArgument(f"maximum ({maximum!r}) must not be below initial ({initial!r})")
        if not 1 <= self.growth < float("inf"):
            raise InvalidArgument(f"growth must be 1 or more, and finite, not {growth!r}")
        if not 0 <= self.jitter <= 1:
            raise InvalidArgument(f"jitter must be 0 to 1, not {jitter!r}")
        for name, value in (("max_attempts", max_attempts), ("seed", seed)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise WrongType(f"{name} must be an integer or None, not {value!r}")
        if max_attempts is not None and max_attempts < 0:
            raise InvalidArgument(f"max_attempts must be 0 or more, not {max_attempts}")
        self.max_attempts = max_attempts
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311  # chance, no secret
        self._attempts = 0
        self._next = float(self.initial)

    def next_delay(self) -> timedelta | None:
        """How long to wait before the next attempt; ``None``: there were enough."""
        if self.max_attempts is not None and self._attempts >= self.max_attempts:
            return None
        self._attempts += 1
        base = min(self._next, self.maximum)
        self._next = min(base * self.growth, self.maximum)
        nanos = min(base * self._random.uniform(1 - self.jitter, 1 + self.jitter), self.maximum)
        return timedelta(seconds=nanos / NANOS_PER_SECOND)

    def reset(self) -> None:
        """Begin with ``initial`` again; the chance goes on."""
        self._attempts = 0
        self._next = float(self.initial)

    def __repr__(self) -> str:
        return (
            f"ExponentialBackoff(initial={self.initial / 1e9:g}, maximum={self.maximum / 1e9:g}, "
            f"growth={self.growth:g}, jitter={self.jitter:g}, max_attempts={self.max_attempts})"
        )


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType(f"{what} must be a number, not {value!r}")
    return float(value)
