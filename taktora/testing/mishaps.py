"""Faults that strike at random, at given rates, and strike again when they are written down.

A mishap says at which of all executions, or notifications, of a run what goes wrong: a short text
such as ``raise@17 delay@20=0.01 drop@4``. Whoever executes then, or is notified, is concerned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from random import Random
from typing import Any, Final, Literal

import attrs
from attrs import field, frozen

from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration, to_nanos

__all__ = ["Mishap", "Mishaps", "Rates", "format_mishaps", "parse_mishaps", "with_faults"]

What = Literal["drop", "duplicate", "raise", "delay"]

_AT_NOTIFICATIONS: Final = ("drop", "duplicate")
_AT_EXECUTIONS: Final = ("raise", "delay")
_PART: Final = re.compile(r"(drop|duplicate|raise|delay)@([1-9][0-9]{0,9})(?:=([0-9.e+-]+))?")


def _rate(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType(f"{attribute.name} must be a number from 0 to 1, not {value!r}")
    if not 0 <= value <= 1:
        raise InvalidArgument(f"{attribute.name} must be from 0 to 1, not {value!r}")


@frozen
class Rates:
    """How often what goes wrong, by chance: ``Rates(drop=0.02, raise_=0.05)``."""

    drop: float = field(default=0.0, validator=_rate, kw_only=True)
    """Share of the notifications that reach nobody. The data is there all the same."""
    duplicate: float = field(default=0.0, validator=_rate, kw_only=True)
    """Share of the notifications that wake twice."""
    raise_: float = field(default=0.0, validator=_rate, kw_only=True)
    """Share of the executions that raise :class:`~taktora.testing.faults.InjectedError`."""
    delay: float = field(default=0.0, validator=_rate, kw_only=True)
    """Share of the executions that take longer."""
    delay_by: Duration = field(default=0.01, kw_only=True)
    """How much longer, in virtual time."""
    items: Collection[str] | None = field(default=None, kw_only=True)
    """Ids of the items that may raise or be late; ``None``: all."""

    def __attrs_post_init__(self) -> None:
        to_nanos(self.delay_by, what="delay_by")


@frozen
class Mishap:
    """One thing that goes wrong in a run."""

    what: What
    at: int
    """At which notification (``drop``, ``duplicate``) or execution of the run, counted from 1."""
    by: float = 0.0
    """Of a delay, in seconds."""

    def __str__(self) -> str:
        return f"{self.what}@{self.at}" + (f"={self.by!r}" if self.by else "")


def format_mishaps(mishaps: Iterable[Mishap]) -> str:
    """One line that :func:`parse_mishaps` reads back."""
    return " ".join(map(str, mishaps))


def parse_mishaps(text: str) -> tuple[Mishap, ...]:
    """The mishaps in a line such as ``raise@17 delay@20=0.01 drop@4``.

    Raises:
        InvalidArgument: not such a line; the message quotes the part that is wrong.
        WrongType: not a string.
    """
    if not isinstance(text, str):
        raise WrongType(f"mishaps are a text such as 'raise@17 drop@4', not {text!r}")
    found: list[Mishap] = []
    for part in text.split():
        match = _PART.fullmatch(part)
        if match is None or (match[3] is not None) != (match[1] == "delay"):
            raise InvalidArgument(
                f"{part!r} is no mishap: it should be one of drop@N, duplicate@N, raise@N and "
                "delay@N=SECONDS, where N counts from 1"
            )
        try:
            by = float(match[3] or 0)
        except ValueError as error:
            raise InvalidArgument(f"{part!r} does not end in a number of seconds") from error
        if match[1] == "delay":
            to_nanos(by, what=part)
        what: Any = match[1]
        found.append(Mishap(what, int(match[2]), by))
    return tuple(found)


class Mishaps:
    """Decides for one run what goes wrong, and remembers it."""

    def __init__(self, decide: Callable[[tuple[What, ...], str, int], Mishap | None]) -> None:
        self._decide = decide
        self._executions = 0
        self._notifications = 0
        self.struck: list[Mishap] = []
        """What went wrong so far."""

    @classmethod
    def at_random(cls, rates: Rates, seed: int) -> Mishaps:
        """At these rates; the same seed, the same decisions."""
        random = Random(seed)  # noqa: S311  # repeatable, not secret
        chances = {
            "drop": rates.drop,
            "duplicate": rates.duplicate,
            "raise": rates.raise_,
            "delay": rates.delay,
        }
        by = to_nanos(rates.delay_by) / 1e9

        def decide(kinds: tuple[What, ...], who: str, at: int) -> Mishap | None:
            drawn = random.random()
            if rates.items is not None and kinds is _AT_EXECUTIONS and who not in rates.items:
                return None
            for what in kinds:
                drawn -= chances[what]
                if drawn < 0:
                    return Mishap(what, at, by if what == "delay" else 0.0)
            return None

        return cls(decide)

    @classmethod
    def given(cls, mishaps: Iterable[Mishap]) -> Mishaps:
        """These, at their places."""
        known = {(one.what, one.at): one for one in mishaps}

        def decide(kinds: tuple[What, ...], who: str, at: int) -> Mishap | None:  # noqa: ARG001
            return next((known[what, at] for what in kinds if (what, at) in known), None)

        return cls(decide)

    def execution(self, who: str) -> Mishap | None:
        """Item ``who`` is about to execute: what goes wrong."""
        self._executions += 1
        return self._note(self._decide(_AT_EXECUTIONS, who, self._executions))

    def notification(self, channel: str) -> Mishap | None:
        """``channel`` notifies: what goes wrong."""
        self._notifications += 1
        return self._note(self._decide(_AT_NOTIFICATIONS, channel, self._notifications))

    def _note(self, mishap: Mishap | None) -> Mishap | None:
        if mishap is not None:
            self.struck.append(mishap)
        return mishap


def with_faults(
    build: Callable[[Any], object], mishaps: str | Iterable[Mishap] | Mishaps
) -> Callable[[Any], None]:
    """``build``, in a simulation in which these things go wrong.

    ``simulate(with_faults(build, "raise@17 drop@4"))`` is what brings a failure back that
    :func:`~taktora.testing.explore` has found with faults.

    Raises:
        InvalidArgument, WrongType: as :func:`parse_mishaps`.
    """
    if isinstance(mishaps, str):
        mishaps = parse_mishaps(mishaps)
    given = mishaps if isinstance(mishaps, Mishaps) else tuple(mishaps)

    def build_with_faults(executor: Any) -> None:
        executor.suffer(given if isinstance(given, Mishaps) else Mishaps.given(given))
        build(executor)

    text = "..." if isinstance(given, Mishaps) else format_mishaps(given)
    name = getattr(build, "__qualname__", repr(build))
    build_with_faults.__qualname__ = f"with_faults({name}, {text!r})"
    return build_with_faults
