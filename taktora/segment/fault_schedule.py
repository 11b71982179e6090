"""When faults are: pure arithmetic on their times. All in nanoseconds since the start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from taktora.segment.faults import Fault
from taktora.time import Nanos, to_nanos

__all__ = ["FaultSchedule", "is_active", "occurrences"]


def _begins(fault: Fault, number: int) -> Nanos | None:
    """When its occurrence ``number`` begins, from 0; ``None``: there are not so many."""
    at = to_nanos(fault.at, zero=True)
    if fault.every is None:
        return at if number == 0 else None
    if fault.times is not None and number >= fault.times:
        return None
    return at + number * to_nanos(fault.every)


def _latest(fault: Fault, now: Nanos) -> int:
    """The number of the occurrence that began last; -1: none has."""
    at = to_nanos(fault.at, zero=True)
    if now < at:
        return -1
    if fault.every is None:
        return 0
    number = (now - at) // to_nanos(fault.every)
    return number if fault.times is None else min(number, fault.times - 1)


def is_active(fault: Fault, now: Nanos) -> bool:
    """Whether it lasts at ``now``; its begin counts, its end does not."""
    begin = _begins(fault, latest) if (latest := _latest(fault, now)) >= 0 else None
    if begin is None:
        return False
    duration = fault.duration
    return duration is None or now < begin + duration


def occurrences(fault: Fault, after: Nanos, until: Nanos) -> Iterator[Nanos]:
    """When it began, later than ``after`` and not later than ``until``."""
    number = _latest(fault, after) + 1
    while (begin := _begins(fault, number)) is not None and begin <= until:
        yield begin
        number += 1


class FaultSchedule:
    """All faults of a segment.

    Args:
        faults: in any order.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)

    def active(self, now: Nanos) -> tuple[Fault, ...]:
        """Those that last at ``now``, in the order of the file."""
        return tuple(one for one in self.faults if is_active(one, now))

    def due(self, after: Nanos, until: Nanos) -> tuple[tuple[Nanos, Fault], ...]:
        """Those that happened at an instant in between, later than ``after``, in the order of time."""
        happened = [
            (begin, one)
            for one in self.faults
            if one.duration == 0
            for begin in occurrences(one, after, until)
        ]
        return tuple(sorted(happened, key=lambda pair: pair[0]))

    def next_change(self, now: Nanos) -> Nanos | None:
        """When a fault begins, ends or happens next, later than ``now``; ``None``: never again."""
        return min((at for one in self.faults for at in _changes(one, now)), default=None)


def _changes(fault: Fault, now: Nanos) -> Iterator[Nanos]:
    latest = _latest(fault, now)
    following = _begins(fault, latest + 1)
    if following is not None:
        yield following
    begin = _begins(fault, latest) if latest >= 0 else None
    if begin is not None and fault.duration and begin + fault.duration > now:
        yield begin + fault.duration
