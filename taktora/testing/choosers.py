"""Who goes next, where production promises no order: one small policy each.

A chooser is asked whenever at least two could go. Candidates come oldest first, so 0 is FIFO, and
the choices of a run, written down, are its schedule. Choosers are deterministic: the same seed makes
the same choices in every process, whatever ``PYTHONHASHSEED`` and the machine. Each is owned by one
run, on one thread; a new run needs a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Protocol

from attrs import define, field

from taktora.errors import InvalidArgument, WrongType

__all__ = [
    "Chooser",
    "Fair",
    "Fifo",
    "Following",
    "HypothesisChooser",
    "Pct",
    "Randrange",
    "RandomChooser",
]


class Chooser(Protocol):
    """Decides who goes next."""

    def choose(self, candidates: Sequence[str]) -> int:
        """The place of whoever goes next; candidates are at least two labels, oldest first."""


def _natural(name: str, value: object, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongType(f"{name} must be an int, not {value!r}")
    if value < least:
        raise InvalidArgument(f"{name} must be {least} or more, not {value}")
    return value


def _as_tuple(choices: Iterable[int]) -> tuple[int, ...]:
    return tuple(choices)


@define
class Fifo:
    """The oldest goes first, as in production."""

    def choose(self, candidates: Sequence[str]) -> int:  # noqa: ARG002
        """Always 0."""
        return 0


@define
class RandomChooser:
    """Everyone is equally likely, at every choice.

    Raises:
        InvalidArgument: a negative seed. WrongType: one that is not an int.
    """

    seed: int = field()
    _random: Random = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self._random = Random(_natural("seed", self.seed))  # noqa: S311  # repeatable, not secret

    def choose(self, candidates: Sequence[str]) -> int:
        """Any, with equal chances."""
        return self._random.randrange(len(candidates))


@define
class Pct:
    """Finds a bug of depth d in any one run with a chance of at least 1 / (n * steps ** (d - 1)).

    After Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with probabilistic
    guarantees of finding bugs" (ASPLOS 2010). Every label has a random priority, and whoever has the
    highest goes. At ``depth - 1`` random moments the one that would go falls behind everyone else. So
    a run delays few, for long: what choosing evenly at random hardly ever does. The depth of a bug is
    how many "this before that" it takes; n is the number of labels.

    Whoever has a low priority waits as long as others are ready, perhaps for ever: see :class:`Fair`.

    Args:
        seed: of everything random here.
        depth: of the bugs that are looked for, 1 or more; bugs known from the field have 1 to 3.
        steps: how many choices a run has, about; later ones are as before the last moment of change.

    Raises:
        InvalidArgument: a negative seed, or a depth or number of steps below 1.
        WrongType: one that is not an int.
    """

    seed: int = field()
    depth: int = 3
    steps: int = 100
    _random: Random = field(init=False, repr=False, eq=False)
    _priorities: dict[str, tuple[int, int]] = field(init=False, repr=False, eq=False, factory=dict)
    _changes: dict[int, int] = field(init=False, repr=False, eq=False, factory=dict)
    _made: int = field(init=False, repr=False, eq=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._random = Random(_natural("seed", self.seed))  # noqa: S311  # repeatable, not secret
        _natural("steps", self.steps, 1)
        for level in range(1, _natural("depth", self.depth, 1)):
            self._changes[self._random.randrange(self.steps)] = level

    def choose(self, candidates: Sequence[str]) -> int:
        """The one with the highest priority."""
        for label in candidates:
            if label not in self._priorities:
                self._priorities[label] = (self.depth, self._random.getrandbits(64))
        first = self._highest(candidates)
        level = self._changes.get(self._made)
        self._made += 1
        if level is None:
            return first
        # Before it goes, not after: an actor that executes only once is delayed, too.
        self._priorities[candidates[first]] = (level, 0)
        return self._highest(candidates)

    def _highest(self, candidates: Sequence[str]) -> int:
        return max(range(len(candidates)), key=lambda at: (self._priorities[candidates[at]], -at))


@define
class Following:
    """Makes the choices of a schedule again, and is FIFO afterwards.

    A choice of someone who is not there is FIFO, so that a schedule whose run has changed, in a
    shrinker's hands or because the program is another, still is one. :attr:`strayed` tells.

    Raises:
        InvalidArgument: a negative choice. WrongType: one that is not an int.
    """

    choices: tuple[int, ...] = field(converter=_as_tuple)
    strayed: int | None = field(init=False, default=None)
    """The first choice that there was nobody for, counted from 1."""
    _made: int = field(init=False, repr=False, eq=False, default=0)

    def __attrs_post_init__(self) -> None:
        for choice in self.choices:
            _natural("a choice", choice)

    def choose(self, candidates: Sequence[str]) -> int:
        """What the schedule says."""
        if self._made >= len(self.choices):
            return 0
        choice = self.choices[self._made]
        self._made += 1
        if choice < len(candidates):
            return choice
        if self.strayed is None:
            self.strayed = self._made
        return 0


class Randrange(Protocol):
    """What is needed of a source of randomness; :class:`random.Random` has it."""

    def randrange(self, stop: int, /) -> int:
        """A number from 0 to ``stop - 1``."""


@define
class HypothesisChooser:
    """Lets Hypothesis choose, and shrink what it chose towards FIFO.

    ``random`` is drawn from ``st.randoms(use_true_random=False)``. Measured with a planted race: 172
    runs until it was found and shrunk to three or four deviations. An integer drawn for every choice
    took 688, a list of them 443.
    """

    random: Randrange

    def choose(self, candidates: Sequence[str]) -> int:
        """Whatever Hypothesis wants to try."""
        return self.random.randrange(len(candidates))


@define
class Fair:
    """Lets ``chooser`` choose, but whoever was passed over ``bound`` times goes next.

    Of several that are due the oldest goes first, so among n candidates nobody is passed over more
    than ``bound + n - 1`` times. With ``bound=0`` it is FIFO.

    Raises:
        InvalidArgument: a negative bound. WrongType: one that is not an int.
    """

    chooser: Chooser
    bound: int = field()
    _passed: dict[str, int] = field(init=False, repr=False, eq=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        _natural("bound", self.bound)

    def choose(self, candidates: Sequence[str]) -> int:
        """Whoever is due, else as the chooser says."""
        passed = self._passed
        # Asked in any case: a chooser that follows a schedule must not fall behind.
        wished = self.chooser.choose(candidates)
        due = (at for at, one in enumerate(candidates) if passed.get(one, 0) >= self.bound)
        choice = next(due, wished)
        for at, label in enumerate(candidates):
            # Only by a younger one: first in, first out is no passing over.
            passed[label] = 0 if at == choice else passed.get(label, 0) + (at < choice)
        return choice
