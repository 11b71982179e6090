"""What to do when an item fails: stop the run, drop the message and go on, or build it anew.

Terms as in Akka/Pekko: *resume* keeps the state, *restart* makes a new one, *stop* escalates.
"""

from __future__ import annotations

import enum
from collections import deque

from attrs import frozen

from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["Directive", "FailureLog", "Supervision"]


class Directive(enum.Enum):
    """What a supervision policy can ask for."""

    STOP = "stop"
    RESUME = "resume"
    RESTART = "restart"


@frozen
class Supervision:
    """A policy for failures; make one with :meth:`stop`, :meth:`resume` or :meth:`restart`."""

    directive: Directive
    max_restarts: int | None = None
    within: Nanos | None = None
    backoff: Nanos = 0
    backoff_max: Nanos = 0

    @classmethod
    def stop(cls) -> Supervision:
        """End the run with ``ItemFailed`` once the running executions have finished."""
        return cls(Directive.STOP)

    @classmethod
    def resume(cls) -> Supervision:
        """Drop the message or wake-up that failed, keep the item, go on."""
        return cls(Directive.RESUME)

    @classmethod
    def restart(
        cls,
        *,
        max_restarts: int | None = None,
        within: Duration | None = None,
        backoff: Duration = 0,
        backoff_max: Duration = 30,
    ) -> Supervision:
        """Build the item anew (it was added as a factory) or call its ``reset()``, then go on.

        More than ``max_restarts`` failures (within ``within``, when given) end the run as
        :meth:`stop` does. ``backoff`` is the pause before the first restart; it doubles with each
        further one inside the window, up to ``backoff_max``.

        Raises:
            WrongType: ``max_restarts`` is not an integer, or a duration is not a duration.
            InvalidArgument: a negative number.
        """
        if max_restarts is not None:
            if isinstance(max_restarts, bool) or not isinstance(max_restarts, int):
                raise WrongType(f"max_restarts must be an integer or None, not {max_restarts!r}")
            if max_restarts < 0:
                raise InvalidArgument(f"max_restarts must be zero or more, not {max_restarts}")
        return cls(
            Directive.RESTART,
            max_restarts,
            None if within is None else to_nanos(within, what="within"),
            to_nanos(backoff, what="backoff", zero=True),
            to_nanos(backoff_max, what="backoff_max", zero=True),
        )


class FailureLog:
    """The recent failures of one item: enough to decide the next one."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: deque[Nanos] = deque()

    def decide(self, policy: Supervision, now: Nanos) -> tuple[Directive, Nanos]:
        """Note a failure at ``now``; what to do about it, and how long to wait first."""
        if policy.directive is not Directive.RESTART:
            return policy.directive, 0
        times = self._times
        if policy.within is not None:
            while times and times[0] <= now - policy.within:
                times.popleft()
        if policy.max_restarts is not None and len(times) >= policy.max_restarts:
            return Directive.STOP, 0
        pause = min(policy.backoff << min(len(times), 62), max(policy.backoff_max, policy.backoff))
        times.append(now)
        if policy.max_restarts is None and policy.within is None and len(times) > 64:
            times.popleft()
        return Directive.RESTART, pause
