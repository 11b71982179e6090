"""Schedules: the choices that a run made, as a line to paste and as words to read.

A schedule is a tuple of choices, each a place among candidates that stand oldest first: 0 is FIFO.
As text it is ``tk1:`` and the choices, runs of equal ones as ``choice*count``, separated by dots.
What comes after the last choice is FIFO, so zeros at the end are left out: ``tk1:0*6.2.1`` is FIFO
except at steps 7 and 8. Steps count from 1, and only those where there was a choice.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from taktora.errors import InvalidArgument, WrongType

__all__ = ["Choices", "Deviation", "describe", "deviations", "format_schedule", "parse_schedule"]

Choices = tuple[int, ...]
"""A schedule."""

_PREFIX: Final = "tk1:"
_PART: Final = re.compile(r"([0-9]{1,9})(?:\*([0-9]{1,9}))?")
_SHOWN: Final = 10
"""Deviations that a sentence can hold."""
_MOST: Final = 10_000_000
"""More choices than this are a typing error, not a schedule."""


def trimmed(choices: Sequence[int]) -> Choices:
    """The same schedule without zeros at its end."""
    end = len(choices)
    while end and choices[end - 1] == 0:
        end -= 1
    return tuple(choices[:end])


def format_schedule(choices: Sequence[int]) -> str:
    """One line that :func:`parse_schedule` reads back, for logs and bug reports.

    Raises:
        InvalidArgument: a negative choice.
    """
    negative = next((choice for choice in choices if choice < 0), None)
    if negative is not None:
        raise InvalidArgument(f"a choice is a place among candidates, 0 or more, not {negative}")
    parts = []
    for choice, run in itertools.groupby(trimmed(choices)):
        count = sum(1 for _ in run)
        parts.append(f"{choice}*{count}" if count > 1 else f"{choice}")
    return _PREFIX + ".".join(parts)


def parse_schedule(text: str) -> Choices:
    """The choices in a line such as ``tk1:0*6.2.1``; spaces around it do not matter.

    Raises:
        InvalidArgument: not such a line; the message quotes the part that is wrong.
        WrongType: not a string.
    """
    if not isinstance(text, str):
        raise WrongType(f"a schedule is text such as 'tk1:0*6.2.1', not {text!r}")
    line = text.strip()
    if not line.startswith(_PREFIX):
        raise InvalidArgument(
            f"{_short(line)} is no schedule: it should begin with {_PREFIX!r}, as in 'tk1:0*6.2.1'"
        )
    body = line.removeprefix(_PREFIX)
    choices: list[int] = []
    for number, part in enumerate(body.split(".") if body else (), start=1):
        found = _PART.fullmatch(part)
        if found is None:
            raise InvalidArgument(
                f"part {number} of the schedule, {_short(part)}, should be a choice such as '2', "
                f"or a choice and how often, such as '0*6'"
            )
        count = int(found[2] or 1)
        if count == 0:
            raise InvalidArgument(f"part {number} of the schedule, {part!r}, repeats zero times")
        if len(choices) + count > _MOST:
            raise InvalidArgument(f"a schedule of more than {_MOST} choices, at part {number}")
        choices += [int(found[1])] * count
    return trimmed(choices)


def _short(text: str, most: int = 40) -> str:
    return repr(text if len(text) <= most else text[: most - 3] + "...")


@frozen
class Deviation:
    """One step at which it was not the oldest that went."""

    step: int
    """Which choice of the run, counted from 1."""
    ran: str
    """Who went."""
    before: tuple[str, ...]
    """Who had waited longer, oldest first."""

    def __str__(self) -> str:
        named = ", ".join(repr(label) for label in self.before[:3])
        more = len(self.before) - 3
        others = f" and {more} more" if more > 0 else ""
        return f"step {self.step}: ran {self.ran!r} before {named}{others}"


def deviations(made: Iterable[tuple[Sequence[str], int]]) -> tuple[Deviation, ...]:
    """Where a run was not FIFO, from the candidates and the choice of each of its steps."""
    return tuple(
        Deviation(step, candidates[choice], tuple(candidates[:choice]))
        for step, (candidates, choice) in enumerate(made, start=1)
        if choice
    )


def describe(made: Iterable[tuple[Sequence[str], int]]) -> str:
    """The first of them in a sentence, such as ``FIFO except step 7: ran 'd' before 'c'``."""
    found = deviations(made)
    if not found:
        return "FIFO at every step"
    left_out = len(found) - _SHOWN
    more = f"; and at {left_out} more" if left_out > 0 else ""
    return "FIFO except " + "; ".join(map(str, found[:_SHOWN])) + more
