"""Who wants to know how a connector is: bounded queues of health events, and who fills them."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

from taktora.closing import Closing
from taktora.connectors.health import HealthEvent
from taktora.errors import InvalidArgument, WrongType

__all__ = ["HealthFeed", "HealthSubscription"]


class HealthSubscription(Closing):
    """The health events of one connector since it was made, oldest first. Any thread.

    When ``capacity`` events wait, the next one takes the place of the oldest, which is counted. No
    lock is held for longer than it takes to put or take one event, so that whoever feeds it never
    waits for whoever reads it.

    Args:
        capacity: how many events wait at most, 1 or more.

    Raises:
        WrongType: ``capacity`` is no integer.
        InvalidArgument: it is less than 1.
    """

    __slots__ = ("__weakref__", "_closed", "_dropped", "_events", "_lock")

    def __init__(self, capacity: int = 64) -> None:
        size: Any = capacity
        if isinstance(size, bool) or not isinstance(size, int):
            raise WrongType(f"capacity must be an integer, not {size!r}")
        if size < 1:
            raise InvalidArgument(f"capacity must be 1 or more, not {size}")
        self._events: deque[HealthEvent] = deque(maxlen=size)
        self._lock = threading.Lock()
        self._dropped = 0
        self._closed = False

    @property
    def capacity(self) -> int:
        """How many events wait at most."""
        return self._events.maxlen or 0

    @property
    def dropped(self) -> int:
        """How many events went because newer ones came; never less than before."""
        return self._dropped

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    def try_next(self) -> HealthEvent | None:
        """The oldest event that waits, which is then taken; ``None`` if there is none."""
        with self._lock:
            return self._events.popleft() if self._events else None

    def __iter__(self) -> Iterator[HealthEvent]:
        """Take what waits, until there is nothing."""
        while (event := self.try_next()) is not None:
            yield event

    def close(self) -> None:
        """Let go of what waits, and take no more. Idempotent."""
        with self._lock:
            self._closed = True
            self._events.clear()

    def _put(self, event: HealthEvent) -> None:
        with self._lock:
            if self._closed:
                return
            self._dropped += len(self._events) == self._events.maxlen
            self._events.append(event)

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(self._events)} of {self.capacity} waiting"
        return f"<HealthSubscription, {state}, {self._dropped} dropped>"


class HealthFeed:
    """Gives each event to every subscription that somebody holds. Any thread.

    Subscriptions are held weakly: one that its owner has dropped, or closed, is forgotten by the
    next :meth:`emit` or :meth:`subscribe`. When several threads emit, the order may differ between
    subscriptions; :class:`~taktora.connectors.health_keeper.HealthKeeper` emits in one order.
    """

    __slots__ = ("_lock", "_subscriptions")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: tuple[weakref.ref[HealthSubscription], ...] = ()

    def subscribe(self, capacity: int = 64) -> HealthSubscription:
        """A subscription to every event from now on, of which ``capacity`` wait at most.

        Raises:
            WrongType: ``capacity`` is no integer.
            InvalidArgument: it is less than 1.
        """
        subscription = HealthSubscription(capacity)
        with self._lock:
            self._subscriptions = (*self._living(), weakref.ref(subscription))
        return subscription

    def emit(self, event: HealthEvent) -> None:
        """Give ``event`` to every subscription; waits for no reader."""
        gone = False
        for reference in self._subscriptions:
            subscription = reference()
            if subscription is None or subscription.closed:
                gone = True
            else:
                subscription._put(event)  # noqa: SLF001  # the other half of one idea
        if gone:
            with self._lock:
                self._subscriptions = tuple(self._living())

    def _living(self) -> Iterator[weakref.ref[HealthSubscription]]:
        for reference in self._subscriptions:
            subscription = reference()
            if subscription is not None and not subscription.closed:
                yield reference

    def __repr__(self) -> str:
        return f"<HealthFeed, {sum(1 for _ in self._living())} subscriptions>"
