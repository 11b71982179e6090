"""A heap of wishes to be woken. Cancelled entries stay until they surface or are half of the heap:
O(log n) per change, and actors that come and go leave nothing behind.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from taktora.time import Nanos

__all__ = ["Timer", "Timers"]


class Timer:
    """Something due at ``due``. Moving ``due`` later is free: the heap looks again when it pops."""

    __slots__ = ("cancelled", "due")

    def __init__(self, due: Nanos) -> None:
        self.due = due
        self.cancelled = False


class Timers:
    """Timers by due time; ties surface in the order in which they were added."""

    __slots__ = ("_cancelled", "_heap", "_sequence")

    def __init__(self) -> None:
        self._heap: list[tuple[Nanos, int, Timer]] = []
        self._cancelled = 0
        self._sequence = 0

    def add(self, timer: Timer) -> None:
        """Put ``timer`` (back) on the heap at its ``due``."""
        self._sequence += 1
        heapq.heappush(self._heap, (timer.due, self._sequence, timer))

    def cancel(self, timers: Iterable[Timer]) -> None:
        """Forget ``timers``; those that are not on the heap are no matter."""
        for timer in timers:
            timer.cancelled = True
            self._cancelled += 1  # an upper bound: some may not be on the heap
        if self._cancelled * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if not entry[2].cancelled]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def next_due(self) -> Nanos | None:
        """When to look again: never later than the earliest timer that is still wanted."""
        heap = self._heap
        while heap and heap[0][2].cancelled:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: Nanos) -> Iterator[Timer]:
        """Take out, earliest first, every timer that is due at ``now``."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, _, timer = heapq.heappop(heap)
            if timer.cancelled:
                continue
            if timer.due > now:  # was moved later since it was put on the heap
                self.add(timer)
                continue
            yield timer

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self._cancelled = 0

    def __len__(self) -> int:
        return sum(not timer.cancelled for _, _, timer in self._heap)
