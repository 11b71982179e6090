"""Validators for the fields of a schema, which say what a reader of the file understands."""

from __future__ import annotations

from collections.abc import Callable, Sized
from datetime import timedelta
from typing import Any

from taktora.config.durations import duration_text
from taktora.config.problems import show
from taktora.errors import InvalidArgument

__all__ = ["at_least", "not_empty", "positive", "within"]

Validator = Callable[[Any, Any, Any], None]


def at_least(least: float) -> Validator:
    """A number of ``least`` or more; ``None`` passes, where the type allows it."""

    def validate(_: Any, __: Any, value: Any) -> None:
        if value is not None and value < least:
            raise InvalidArgument(f"is {_as_written(value)}, and must be {least} or more")

    return validate


def within(least: float, most: float) -> Validator:
    """A number from ``least`` to ``most``, both included; ``None`` passes."""

    def validate(_: Any, __: Any, value: Any) -> None:
        if value is not None and not least <= value <= most:
            raise InvalidArgument(f"is {_as_written(value)}, and must be {least} to {most}")

    return validate


def positive(_: Any, __: Any, value: timedelta) -> None:
    """A duration of more than zero."""
    if value <= timedelta(0):
        raise InvalidArgument(f"is {duration_text(value)}, and must be more than zero")


def not_empty(_: Any, __: Any, value: Sized) -> None:
    """A text, list or table that has something in it."""
    if not len(value):
        raise InvalidArgument("is empty, and must not be")


def _as_written(value: float) -> str:
    """Where a number is wanted, 3 is 3.0 by now."""
    return show(int(value) if abs(value) < 2**53 and value == int(value) else value)
