"""The health of one connector, which anybody may look at, follow, and, if it is theirs, change."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from taktora.connectors.health import ConnectorHealth, HealthEvent, HealthMonitor, path
from taktora.connectors.health_feed import HealthFeed, HealthSubscription

__all__ = ["HealthKeeper"]


class HealthKeeper:
    """A :class:`HealthMonitor` and a :class:`HealthFeed` for many threads.

    It begins with ``Connecting``. Every subscription is given the same events in the same order.

    Args:
        now: when that is; default, the wall clock.

    Raises:
        InvalidArgument, WrongType: ``now`` is no datetime with a time zone.
    """

    __slots__ = ("_feed", "_lock", "_monitor")

    def __init__(self, *, now: datetime | None = None) -> None:
        self._monitor = HealthMonitor(now=now)
        self._feed = HealthFeed()
        self._lock = threading.Lock()

    @property
    def health(self) -> ConnectorHealth:
        """What it is now; never waits."""
        return self._monitor.health

    def subscribe(self, capacity: int = 64) -> HealthSubscription:
        """Every event from now on, of which ``capacity`` wait at most. The caller holds it.

        Raises:
            WrongType: ``capacity`` is no integer.
            InvalidArgument: it is less than 1.
        """
        return self._feed.subscribe(capacity)

    def become(
        self,
        health: ConnectorHealth,
        *,
        now: datetime | None = None,
        only_from: type[ConnectorHealth] | None = None,
    ) -> tuple[HealthEvent, ...]:
        """Go to ``health`` by the shortest legal way; what was emitted on it.

        Nothing happens when health is of that kind already, whatever the reason: a reason alone is
        no transition. Nor does anything happen when ``only_from`` is given and it is of another kind.

        Raises:
            WrongType: ``health`` is none of the four, or ``now`` no datetime.
            InvalidArgument: ``now`` has no time zone.
        """
        with self._lock:
            if only_from is not None and not isinstance(self._monitor.health, only_from):
                return ()
            when = datetime.now(UTC) if now is None else now
            steps = path(self._monitor.health, health, now=when)
            events = tuple(self._monitor.transition_to(step, now=when) for step in steps)
            for event in events:
                self._feed.emit(event)
        return events

    def __repr__(self) -> str:
        return f"<HealthKeeper {self.health!r}>"
