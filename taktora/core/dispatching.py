"""Who of the ready actors runs next: a policy that decides, and owns no thread.

The scheduler says who may run (``Execute``); a dispatcher says in which order they do. Its laws are
SCHED-80 to SCHED-83 of ``spec/scheduler.md``; hand a policy of your own to
:class:`taktora.testing.SchedulerMachine`, which tries them on it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

__all__ = ["Dispatcher", "Fifo"]


class Dispatcher(Protocol):
    """Says who of the ready actors runs next. One thread at a time may call it."""

    def ready(self, actor_id: str) -> None:
        """This actor was given an ``Execute``; it is not ready already."""

    def next(self) -> str | None:
        """Who runs now, for the ``Execute`` that it was given; ``None``: nobody is ready."""

    def forget(self, actor_id: str) -> None:
        """This actor is gone, or the run is; if it was ready, it is not any more."""


class Fifo:
    """First ready, first run: the policy of production.

    The driver's own line of ready actors (``drivers/waitset.py``) is this policy, written out: it
    holds what it runs instead of names to look up, because a few hundred nanoseconds there are a
    tenth of a round trip.
    """

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line: deque[str] = deque()

    def ready(self, actor_id: str) -> None:
        """To the end of the line."""
        self._line.append(actor_id)

    def next(self) -> str | None:
        """The head of the line."""
        return self._line.popleft() if self._line else None

    def forget(self, actor_id: str) -> None:
        """Out of the line. Takes time that grows with the line: actors seldom go."""
        if actor_id in self._line:
            self._line.remove(actor_id)
