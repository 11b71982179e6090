"""Looking for a schedule, and for faults, under which a test fails; and making it small."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NoReturn

from attrs import field, frozen

from taktora.checks import whole
from taktora.errors import InvalidArgument, NondeterminismError, WrongType
from taktora.testing.attempts import Attempt, Attempts, Scenario
from taktora.testing.bar import Progress, shown
from taktora.testing.choosers import Chooser, Fifo, Following, Pct, RandomChooser
from taktora.testing.mishaps import Mishap, Mishaps, Rates
from taktora.testing.portfolio import portfolio
from taktora.testing.schedules import Choices, deviations
from taktora.testing.shrinking import shrink
from taktora.testing.simulating import Build
from taktora.testing.trace import Trace

__all__ = ["Exploration", "explore"]

Strategy = Literal["fifo", "random", "pct", "portfolio"]

_SHRINKING: Final = 500
"""Runs that making a failure small may take, by default."""


@frozen
class Exploration:
    """What a search that found nothing has looked at."""

    runs: int
    """How often the scenario was run."""
    distinct: int
    """How many of these runs had a schedule, or faults, that no other had."""
    steps: int
    """Steps of all runs together."""
    seconds: float
    """How long it took, in real time."""
    strategy: Strategy
    seed: int
    faults: int = 0
    """Faults that struck, in all runs together."""
    cut_short: int = 0
    """Runs that an injected error ended, because of ``Supervision.stop()``."""
    exhausted: bool = field(default=False)
    """The scenario leaves nothing to choose, so that one run says it all."""

    def __str__(self) -> str:
        parts = [
            f"{self.runs} runs ({self.strategy}, seed {self.seed})",
            f"{self.distinct} distinct schedules",
            f"{self.steps} steps",
            f"{self.seconds:.1f} s",
        ]
        if self.faults:
            parts.insert(2, f"{self.faults} faults")
        if self.cut_short:
            parts.insert(1, f"{self.cut_short} ended by an injected error")
        if self.exhausted:
            parts.append("there is nothing to choose")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"<Exploration: nothing found in {self}>"


def explore(
    build: Build,
    scenario: Scenario,
    runs: int = 2000,
    strategy: Strategy = "portfolio",
    *,
    seed: int = 0,
    faults: Rates | None = None,
    shrinking: int = _SHRINKING,
    progress: Progress | None = None,
    **options: Any,
) -> Exploration:
    """Run ``scenario(sim)`` under many schedules; raise what goes wrong, as small as it gets.

    Every run is a simulation of its own: ``build`` fills it, ``scenario`` is the test, and
    :meth:`SimulatedExecutor.check` is called at the end. The first run that raises is made small: the
    schedule nearest to first in first out, and the fewest faults, for which it fails in the same way.
    What that run raises is raised, with notes: how to see it again, where it was not first in first
    out, what happened last, and how much of a search it was.

    The same arguments make the same search, in every process and on every machine.

    Args:
        build: puts channels and items into an executor; the very function that production calls.
        scenario: drives the simulation and asserts; called once per run.
        runs: how many schedules to try, 1 or more.
        strategy: ``"fifo"``, ``"random"`` (even chances), ``"pct"`` (delays few, for long), or
            ``"portfolio"``: these in turn, as each finds what others miss.
        seed: another seed, another search.
        faults: what goes wrong by chance. An injected error that ends a run, because the item is
            under ``Supervision.stop()``, is no failure: such runs are counted.
        shrinking: how many runs making it small may take.
        progress: called with the number of runs so far and ``runs``. ``None``: a bar on a terminal,
            if rich is installed.
        options: of :class:`SimulatedExecutor`.

    Raises:
        Exception: whatever ``build``, ``scenario`` or ``check`` raised.
        NondeterminismError: what failed did not fail again under the same schedule.
        WrongType, InvalidArgument: an argument that cannot be.
    """
    for name, function in (("build", build), ("scenario", scenario)):
        if not callable(function):
            raise WrongType(f"explore takes a function {name}(...), not {function!r}")
    for name in ("schedule", "chooser"):
        if name in options:
            raise InvalidArgument(f"explore chooses by itself: {name}= is for simulate()")
    if faults is not None and not isinstance(faults, Rates):
        raise WrongType(f"faults must be Rates(drop=..., ...), not {faults!r}")
    search = _Search(
        Attempts(build, scenario, options),
        whole(runs, "runs", least=1),
        _strategy(strategy),
        whole(seed, "seed", least=0),
        faults,
        whole(shrinking, "shrinking", least=1),
    )
    with shown(progress, search.runs) as say:
        return search.go(say)


def _strategy(name: Any) -> Strategy:
    known = ("fifo", "random", "pct", "portfolio")
    if name not in known:
        raise InvalidArgument(f"strategy must be one of {', '.join(known)}, not {name!r}")
    return name  # type: ignore[no-any-return]


@frozen
class _Search:
    """One search."""

    attempts: Attempts
    runs: int
    strategy: Strategy
    seed: int
    rates: Rates | None
    shrinking: int

    def go(self, say: Callable[[int], None]) -> Exploration:
        began = time.perf_counter()
        seen: set[int] = set()
        steps = faults = cut_short = number = choices = 0
        for number in range(self.runs):
            attempt = self.attempts.run(
                self._chooser(number, max(1, choices)), self._mishaps(number)
            )
            if attempt.failed:
                self._found(number, attempt, began)
            seen.add(hash((attempt.choices, attempt.struck)))
            steps += attempt.steps
            faults += len(attempt.struck)
            cut_short += attempt.ended_by_fault
            choices = max(choices, len(attempt.choices))
            say(number + 1)
            if self.rates is None and (not choices or self.strategy == "fifo"):
                break
        return Exploration(
            number + 1,
            len(seen),
            steps,
            time.perf_counter() - began,
            self.strategy,
            self.seed,
            faults,
            cut_short,
            exhausted=not choices and self.rates is None,
        )

    def _chooser(self, number: int, choices: int) -> Chooser:
        own = (self.seed << 32) + number
        if self.strategy == "fifo" or number == 0:  # a bug that needs no schedule comes without one
            return Fifo()
        if self.strategy == "random":
            return RandomChooser(own)
        if self.strategy == "pct":
            return Pct(own, steps=choices)
        return portfolio(number, seed=self.seed, steps=choices)

    def _mishaps(self, number: int) -> Mishaps | None:
        if self.rates is None:
            return None
        return Mishaps.at_random(self.rates, (self.seed << 33) + (number << 1) + 1)

    # --- what was found -----------------------------------------------------------------------------

    def _found(self, number: int, attempt: Attempt, began: float) -> NoReturn:
        """Make it small and raise it."""
        found = time.perf_counter() - began
        again = self._again(attempt.choices, attempt.struck)
        if again.failure != attempt.failure or again.trace != attempt.trace:
            raise _differs(attempt, again) from attempt.error
        smallest, runs, complete = self._smallest(attempt)
        error = smallest.error
        assert error is not None
        for note in smallest.notes:
            error.add_note(note)
        error.add_note(
            f"found by explore in run {number + 1} of {self.runs} ({self.strategy}, seed "
            f"{self.seed}) after {found:.1f} s; made small with {runs} more runs"
            f"{'' if complete else ', which were not enough to be done'}: "
            f"{_size(attempt)} -> {_size(smallest)}"
        )
        raise error

    def _again(self, choices: Choices, struck: tuple[Mishap, ...]) -> Attempt:
        mishaps = None if self.rates is None else Mishaps.given(struck)
        return self.attempts.run(Following(choices), mishaps)

    def _smallest(self, attempt: Attempt) -> tuple[Attempt, int, bool]:
        """The smallest run that fails alike, how many runs that took, whether there is no more."""
        wanted = attempt.failure
        left = self.shrinking
        best = attempt

        def fails(choices: Choices, struck: tuple[Mishap, ...]) -> bool:
            nonlocal best, left
            left -= 1
            tried = self._again(choices, struck)
            if tried.failure == wanted:
                best = tried
                return True
            return False

        choices, struck, complete = attempt.choices, attempt.struck, False
        while left > 0:
            before = choices, struck
            struck = _without(struck, lambda fewer: left > 0 and fails(choices, fewer))  # noqa: B023
            if left == 0:
                break
            shrunk = shrink(choices, lambda other: fails(other, struck), budget=left)  # noqa: B023
            choices, complete = shrunk.choices, shrunk.complete
            if not complete or not struck or (choices, struck) == before:
                break
        return best, self.shrinking - left, complete


def _without(
    struck: tuple[Mishap, ...], fails: Callable[[tuple[Mishap, ...]], bool]
) -> tuple[Mishap, ...]:
    """As few of these as still fail, as far as leaving some out at a time shows."""
    while True:
        for fewer in _fewer(struck):
            if fails(fewer):
                struck = fewer
                break
        else:
            return struck


def _fewer(struck: tuple[Mishap, ...]) -> Iterator[tuple[Mishap, ...]]:
    """Some of these left out: all, halves, ..., one by one."""
    size = len(struck)
    while size:
        for begin in range(0, len(struck), size):
            yield struck[:begin] + struck[begin + size :]
        size //= 2


def _size(attempt: Attempt) -> str:
    made = [(event.among, event.choice) for event in attempt.trace.events if event.among]
    count = len(deviations(made))
    text = f"{count} deviation{'' if count == 1 else 's'} from FIFO"
    if attempt.struck:
        number = len(attempt.struck)
        text += f" and {number} fault{'' if number == 1 else 's'}"
    return text


def _differs(first: Attempt, second: Attempt) -> NondeterminismError:
    return NondeterminismError(
        f"a run failed ({_outcome(first)}), and the same schedule again came out otherwise "
        f"({_outcome(second)}). {_first_difference(first.trace, second.trace)}\nSomething in it "
        "depends on real time, threads, randomness, the order of a set, or on an earlier run"
    )


def _outcome(attempt: Attempt) -> str:
    error = attempt.error
    return "it passed" if error is None else f"{type(error).__name__}: {error}"


def _first_difference(first: Trace, second: Trace) -> str:
    for number, (was, now) in enumerate(zip(first.events, second.events, strict=False), start=1):
        if was != now:
            return f"Event {number} was\n    {was}\nand then\n    {now}"
    if len(first) != len(second):
        longer, when = (first, "first") if len(first) > len(second) else (second, "second")
        shorter = min(len(first), len(second))
        return (
            f"Both did the same for {shorter} events; the {when} run went on with\n    "
            f"{longer.events[shorter]}"
        )
    return "Both runs did the same, as far as the trace tells"
