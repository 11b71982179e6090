"""What a gateway does about its link: connect, wait, try again, give up. Pure: time is an argument."""

from __future__ import annotations

import enum
from typing import Final

from taktora.connectors.reconnect import ReconnectPolicy
from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = ["Course", "Stage"]


_NEVER: Final[Nanos] = 1 << 63


class Stage(enum.Enum):
    """Where a link is."""

    WAITING = "waiting"
    """An attempt is due at some time."""
    TRYING = "trying"
    """An attempt is under way."""
    OPEN = "open"
    """Values can be sent."""
    GIVEN_UP = "given up"
    """The reconnect policy wants no further attempt."""


class Course:
    """The course of one link's life. An attempt that says nothing for ``patience`` has failed."""

    __slots__ = ("_policy", "attempts", "due", "patience", "stage")

    def __init__(self, policy: ReconnectPolicy, patience: Nanos) -> None:
        self._policy = policy
        self.patience = patience
        """Nanoseconds after which an attempt that has said nothing has failed."""
        self.stage = Stage.WAITING
        self.due: Nanos = 0
        """When the next attempt is to begin, or, while trying, when the present one has failed; far
        away while neither is to be expected."""
        self.attempts = 0
        """Attempts since it was last open."""

    def is_due(self, now: Nanos) -> bool:
        """Whether an attempt is to begin now."""
        return self.stage is Stage.WAITING and now >= self.due

    def is_late(self, now: Nanos) -> bool:
        """Whether the attempt under way has taken too long."""
        return self.stage is Stage.TRYING and now >= self.due

    def trying(self, now: Nanos) -> None:
        """An attempt begins."""
        self.stage = Stage.TRYING
        self.attempts += 1
        self.due = now + self.patience

    def opened(self) -> None:
        """It is connected."""
        self.stage = Stage.OPEN
        self.due = _NEVER
        self.attempts = 0
        self._policy.reset()

    def broke(self, now: Nanos) -> None:
        """The attempt has failed, or the link broke: when to try again, if at all."""
        delay = self._policy.next_delay()
        if delay is None:
            self.stage = Stage.GIVEN_UP
            self.due = _NEVER
            return
        self.stage = Stage.WAITING
        self.due = now + round(delay.total_seconds() * NANOS_PER_SECOND)

    def __repr__(self) -> str:
        return f"<Course {self.stage.value}, {self.attempts} attempts>"
