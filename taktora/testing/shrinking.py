"""From a schedule that fails to one that a person can read: as FIFO as possible.

What counts, in this order: few deviations from FIFO, a short schedule, small choices. Greedy, with
halving chunks: most of a failing schedule does not matter, and goes in large pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from taktora.errors import InvalidArgument
from taktora.testing.schedules import Choices, trimmed

__all__ = ["Shrunk", "shrink"]


@frozen
class Shrunk:
    """What is left of a failing schedule."""

    choices: Choices
    """It fails as well."""
    runs: int
    """How often ``fails`` was called."""
    complete: bool
    """``False``: the budget was used up first, so it might get smaller still."""

    @property
    def deviations(self) -> int:
        """At how many steps it is not FIFO."""
        return _deviations(self.choices)


def shrink(choices: Choices, fails: Callable[[Choices], object], *, budget: int = 500) -> Shrunk:
    """The schedule nearest to FIFO, as far as found, for which ``fails`` is still true.

    ``fails`` runs the program under a schedule (see :class:`~taktora.testing.choosers.Following`)
    and is true when it failed in the way that is looked at. The result depends on nothing else.

    Args:
        choices: a schedule that fails.
        fails: called at most ``budget`` times, never twice with the same schedule.
        budget: 1 or more.

    Raises:
        InvalidArgument: ``choices`` does not fail, or a budget below 1. What ``fails`` raises is
            raised.
    """
    if budget < 1:
        raise InvalidArgument(f"a budget of {budget} runs is too small to try the schedule once")
    search = _Search(fails, budget)
    best = trimmed(choices)
    if not search.fails(best):
        raise InvalidArgument(
            "this schedule does not fail: either it never did, or the run depends on something "
            "beside its schedule (real time, threads, the order of a set)"
        )
    try:
        while True:
            before = best
            for attempts in (_shorter_prefixes, _fewer_deviations, _earlier, _lower):
                best = search.improve(best, attempts)
            if best == before:
                return Shrunk(best, search.runs, complete=True)
    except _Exhausted:
        return Shrunk(search.best, search.runs, complete=False)


class _Exhausted(Exception):
    """The budget is used up."""


class _Search:
    """Remembers what was tried, and the best that failed."""

    def __init__(self, fails: Callable[[Choices], object], budget: int) -> None:
        self._fails = fails
        self._budget = budget
        self._known: dict[Choices, bool] = {}
        self.best: Choices = ()

    @property
    def runs(self) -> int:
        return len(self._known)

    def fails(self, choices: Choices) -> bool:
        known = self._known.get(choices)
        if known is None:
            if self.runs == self._budget:
                raise _Exhausted
            known = self._known[choices] = bool(self._fails(choices))
            if known:
                self.best = choices
        return known

    def improve(self, best: Choices, attempts: Callable[[Choices], Iterator[Choices]]) -> Choices:
        """Take the first attempt that fails, and go on from there until none does."""
        while True:
            for attempt in attempts(best):
                smaller = trimmed(attempt)
                if _size(smaller) < _size(best) and self.fails(smaller):
                    best = smaller
                    break
            else:
                return best


def _deviations(choices: Choices) -> int:
    return sum(choice != 0 for choice in choices)


def _size(choices: Choices) -> tuple[int, int, Choices]:
    return _deviations(choices), len(choices), choices


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    """Ranges of ``count`` things to leave out: all, halves, quarters, ... one by one."""
    size = count
    while size:
        for begin in range(0, count, size):
            yield begin, min(begin + size, count)
        size //= 2


def _shorter_prefixes(choices: Choices) -> Iterator[Choices]:
    """FIFO sooner: what comes after the failure matters least."""
    yield ()
    left = len(choices) // 2
    while left < len(choices) - 1:
        yield choices[:left]
        left += (len(choices) - left + 1) // 2


def _fewer_deviations(choices: Choices) -> Iterator[Choices]:
    places = [at for at, choice in enumerate(choices) if choice]
    for begin, end in _chunks(len(places)):
        fifo = set(places[begin:end])
        yield tuple(0 if at in fifo else choice for at, choice in enumerate(choices))


def _earlier(choices: Choices) -> Iterator[Choices]:
    """Leave FIFO steps out, so that what is left comes sooner."""
    places = [at for at, choice in enumerate(choices) if not choice]
    for begin, end in _chunks(len(places)):
        gone = set(places[begin:end])
        yield tuple(choice for at, choice in enumerate(choices) if at not in gone)


def _lower(choices: Choices) -> Iterator[Choices]:
    for at, choice in enumerate(choices):
        for lower in range(1, choice):
            yield (*choices[:at], lower, *choices[at + 1 :])
