"""A histogram of durations: constant memory, exact ends, percentiles that are off by 0.4 % at most.

Log-linear buckets, as in HdrHistogram: every power of two is an octave of 128 equal buckets, so a
bucket is at most 1/128 of its values wide, and its middle at most 1/256 away from any of them.
Below 256 every value has a bucket of its own. Octaves are pages, made when first needed: durations
of one kind lie in a few of them, 0.6 kB each. All of them together are 22 kB.

One thread records. Others may look at any time, without a lock: a page is copied whole (the GIL
sees to that), and what was recorded a moment ago may be missing. The order in which ``record``
writes, and ``summary`` reads, keeps what they see consistent: the ends never lie inside.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from itertools import accumulate
from typing import Final

from attrs import frozen

from taktora.errors import InvalidArgument
from taktora.time import Nanos

__all__ = ["LARGEST", "RELATIVE_ERROR", "Histogram", "Summary"]

_BITS: Final = 8
"""Significant bits that a bucket keeps, the leading one included."""
_PER_OCTAVE: Final = 1 << (_BITS - 1)
_OCTAVES: Final = 35
"""The first one holds all values of up to 8 bits, each further one those of one bit more."""

LARGEST: Final[Nanos] = (1 << (_OCTAVES - 1 + _BITS)) - 1
"""73 minutes. Longer ones share the last bucket; the maximum and the mean stay exact."""

RELATIVE_ERROR: Final = 1 / (2 * _PER_OCTAVE)
"""How far a percentile may be from the exact one: 0.39 %."""

_NEVER: Final = 2**63 - 1
_NO_PAGE: Final[array[int]] = array("I")
_UNTOUCHED: Final[list[array[int]]] = []
"""Stands for the pages of every histogram that has recorded nothing; never changed."""


@frozen
class Summary:
    """What a histogram held at one moment; all but ``count`` are ``None`` if that was nothing."""

    count: int
    minimum: Nanos | None = None
    mean: float | None = None
    p50: Nanos | None = None
    p95: Nanos | None = None
    p99: Nanos | None = None
    maximum: Nanos | None = None


_NOTHING: Final = Summary(0)


class Histogram:
    """Counts durations. :meth:`record` belongs to one thread; looking is free to all."""

    __slots__ = ("_largest", "_pages", "_smallest", "_total", "clamped")

    clamped: int
    """How many were longer than ``LARGEST``."""

    def __init__(self) -> None:
        self._pages = _UNTOUCHED
        self._total = 0
        self._smallest = _NEVER
        self._largest = -1
        self.clamped = 0

    def __repr__(self) -> str:
        return f"<Histogram of {self.summary().count}>"

    def record(self, value: Nanos) -> None:
        """Count one duration of zero or more.

        This runs after every execution, which is why it is written out flat.

        Raises:
            InvalidArgument: ``value`` is negative; nothing was counted.
        """
        if value < self._smallest:
            if value < 0:
                raise InvalidArgument(f"a duration cannot be negative: {value} ns")
            self._smallest = value
        if value > self._largest:
            self._largest = value
        self._total += value
        octave = value.bit_length() - _BITS
        try:
            if octave > 0:
                self._pages[octave][(value >> octave) - _PER_OCTAVE] += 1
            else:
                self._pages[0][value] += 1
        except (IndexError, OverflowError):
            self._make_room(value)

    def summary(self) -> Summary:
        """Count, ends, mean and percentiles of everything recorded so far."""
        if self._pages is _UNTOUCHED:
            return _NOTHING
        view = _View(self._pages)
        count = view.count
        if not count:
            return _NOTHING
        smallest, largest = self._smallest, self._largest  # after the pages: see the module
        p50, p95, p99 = (min(max(view.at(n), smallest), largest) for n in (50, 95, 99))
        mean = min(max(self._total / count, smallest), largest)  # the total may be one ahead
        return Summary(count, smallest, mean, p50, p95, p99, largest)

    def percentile(self, percent: float) -> Nanos | None:
        """The smallest duration that ``percent`` % of all do not exceed (the nearest rank).

        At most ``RELATIVE_ERROR`` away from the exact one, unless that exceeds ``LARGEST``.
        ``None`` when nothing was recorded.

        Raises:
            InvalidArgument: ``percent`` is not within 0 to 100.
        """
        if not 0 <= percent <= 100:
            raise InvalidArgument(f"a percentile lies between 0 and 100, not at {percent!r}")
        view = _View(self._pages)
        return min(max(view.at(percent), self._smallest), self._largest) if view.count else None

    def _make_room(self, value: Nanos) -> None:
        """Count what has no room yet: the first of its octave, the 2^32nd of its bucket, or one
        beyond the last octave.
        """
        if value > LARGEST:
            self.clamped += 1
            value = LARGEST
        octave = max(value.bit_length() - _BITS, 0)
        if self._pages is _UNTOUCHED:
            self._pages = [_NO_PAGE] * _OCTAVES
        page = self._pages[octave]
        if page is _NO_PAGE:
            size = _PER_OCTAVE if octave else 2 * _PER_OCTAVE
            self._pages[octave] = page = array("I", (0,)) * size
        bucket = (value >> octave) - (_PER_OCTAVE if octave else 0)
        try:
            page[bucket] += 1
        except OverflowError:
            self._pages[octave] = page = array("Q", page)
            page[bucket] += 1


class _View:
    """A copy of the pages that are not empty, and how many durations there are up to each."""

    __slots__ = ("_octaves", "_pages", "_reached", "count")

    def __init__(self, pages: list[array[int]]) -> None:
        filled = [(octave, page[:]) for octave, page in enumerate(pages) if page]
        self._octaves = [octave for octave, _ in filled]
        self._pages = [page for _, page in filled]
        self._reached = list(accumulate(map(sum, self._pages)))
        self.count = self._reached[-1] if self._reached else 0

    def at(self, percent: float) -> Nanos:
        """The middle of the bucket that holds the nearest rank of ``percent`` %."""
        rank = max(math.ceil(self.count * percent / 100), 1)
        where = bisect_left(self._reached, rank)
        octave, page = self._octaves[where], self._pages[where]
        before = self._reached[where - 1] if where else 0
        bucket = bisect_left(list(accumulate(page)), rank - before)
        low = bucket + (_PER_OCTAVE if octave else 0)
        return (low << octave) + (1 << octave >> 1)
