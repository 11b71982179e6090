"""When the process of a gateway is started, and started again. Pure: time is an argument."""

from __future__ import annotations

import enum
from typing import Final

from taktora.connectors.reconnect import ReconnectPolicy
from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = ["SETTLED", "Phase", "Upkeep"]

SETTLED: Final[Nanos] = NANOS_PER_SECOND
"""So long it must have been well, or its end counts with those before."""


class Phase(enum.Enum):
    """Where the process of a gateway is."""

    STARTING = "starting"
    """It runs, and has said nothing yet of its link."""
    RUNNING = "running"
    """It says how its link is."""
    WAITING = "waiting"
    """There is none; the next one is due at some time."""
    GIVEN_UP = "given up"
    """There is none, and the reconnect policy wants no further one."""
    OVER = "over"
    """There is none, and none is wanted."""


class Upkeep:
    """The course of one gateway's processes.

    Args:
        policy: how long to wait before the next one.
        patience: nanoseconds after which one that has said nothing is taken for stuck.
    """

    __slots__ = ("_policy", "_well_since", "due", "patience", "phase", "starts")

    def __init__(self, policy: ReconnectPolicy, patience: Nanos) -> None:
        self._policy = policy
        self._well_since: Nanos | None = None
        self.patience = patience
        self.phase = Phase.WAITING
        self.due: Nanos = 0
        """When the next one is to be started, or, while starting, when the present one is stuck."""
        self.starts = 0
        """Since it was last well for a while."""

    def is_due(self, now: Nanos) -> bool:
        """Whether one is to be started now."""
        return self.phase is Phase.WAITING and now >= self.due

    def is_stuck(self, now: Nanos) -> bool:
        """Whether the present one has taken too long to begin."""
        return self.phase is Phase.STARTING and now >= self.due

    def started(self, now: Nanos) -> None:
        """One was started."""
        self.phase = Phase.STARTING
        self.due = now + self.patience
        self.starts += 1
        self._well_since = None

    def heard(self, *, well: bool, now: Nanos) -> None:
        """It said how its link is: up or degraded is well."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.RUNNING
        if not well:
            self._well_since = None
        elif self._well_since is None:
            self._well_since = now

    def ended(self, now: Nanos) -> None:
        """The present one has ended, or could not even be started: when to start the next, if at all."""
        if self._well_since is not None and now - self._well_since >= SETTLED:
            self._policy.reset()
            self.starts = 0
        delay = self._policy.next_delay()
        if delay is None:
            self.phase = Phase.GIVEN_UP
            return
        self.phase = Phase.WAITING
        self.due = now + round(delay.total_seconds() * NANOS_PER_SECOND)

    def leave(self) -> None:
        """None is wanted any more."""
        self.phase = Phase.OVER

    def __repr__(self) -> str:
        return f"<Upkeep {self.phase.value}, {self.starts} starts>"
