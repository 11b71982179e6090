"""A simulated motor: where it is, how fast, and what it is told to do."""

from __future__ import annotations

from taktora.segment.motion import Goal, Profile, Track, plan
from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = ["Motor", "wrapped"]


def wrapped(position: float) -> float:
    """``position`` as a drive counts it, in 32 bits with sign."""
    return (position + 2**31) % 2**32 - 2**31


class Motor:
    """Moves by the times that it is told; at rest at 0 first."""

    def __init__(self) -> None:
        self.position = 0.0
        self.velocity = 0.0
        self._goal: Goal | None = None
        self._profile = Profile(0.0, 0.0)
        self._begun: Nanos = 0
        self._now: Nanos | None = None
        self._elapsed: Nanos = 0

    @property
    def stands(self) -> bool:
        """It does not move."""
        return self.velocity == 0

    def place(self, position: float) -> None:
        """Put it there, at rest."""
        self.position, self.velocity = wrapped(position), 0.0
        self._goal = None
        self._profile = Profile(self.position, 0.0)

    def move(self, now: Nanos) -> None:
        """Time has passed: go on with the goal that there is."""
        self._elapsed = 0 if self._now is None else now - self._now
        self._now = now
        if not isinstance(self._goal, Track):
            position, self.velocity = self._profile.at(now - self._begun)
            self.position = wrapped(position)

    def aim(self, goal: Goal) -> None:
        """The goal from now on; the same one changes nothing.

        A :class:`Track` is to be given in each cycle: it is followed at once, as far as the motor
        could have come since the cycle before.
        """
        if isinstance(goal, Track):
            self._track(goal)
        elif goal != self._goal:
            self._begun = self._now or 0
            self._profile = plan(self.position, self.velocity, goal)
        self._goal = goal

    def _track(self, goal: Track) -> None:
        if self._elapsed <= 0:
            return
        seconds = self._elapsed / NANOS_PER_SECOND
        most = goal.speed * seconds
        step = min(max(wrapped(goal.target - self.position), -most), most)
        self.position = wrapped(self.position + step)
        self.velocity = step / seconds
