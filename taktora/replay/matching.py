"""Which channels are meant: names, or shell patterns against what exists."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from taktora.errors import InvalidArgument, WrongType

__all__ = ["checked_patterns", "chosen", "matches"]


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether ``name`` is one of ``patterns``, or fits one (``*`` fits slashes, too)."""
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def checked_patterns(patterns: Collection[str], what: str) -> tuple[str, ...]:
    """``patterns`` as a tuple.

    Raises:
        WrongType: no collection of strings.
        InvalidArgument: one that is empty.
    """
    if isinstance(patterns, str) or not all(isinstance(one, str) for one in patterns):
        raise WrongType(
            f"{what} must be names or patterns, as in ['imu', 'arm/*']; not {patterns!r}"
        )
    if not all(patterns):
        raise InvalidArgument(f"{what} must not be empty strings")
    return tuple(patterns)


def chosen(patterns: Collection[str], names: Collection[str], where: str) -> set[str]:
    """Those of ``names`` that fit one of ``patterns``.

    Raises:
        WrongType: ``patterns`` is no collection of strings.
        InvalidArgument: a pattern that fits none.
    """
    found: set[str] = set()
    for pattern in checked_patterns(patterns, "channels"):
        fitting = {name for name in names if matches(name, [pattern])}
        if not fitting:
            there = ", ".join(sorted(names)) or "none"
            raise InvalidArgument(f"{where} has no channel {pattern!r}; there are: {there}")
        found |= fitting
    return found
