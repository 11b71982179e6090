"""Validators of options and routings, which name the field, so that code and files are told the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from taktora.errors import InvalidArgument, WrongType
from taktora.time import to_nanos

__all__ = ["boolean", "duration", "listed", "one_of", "text", "tuple_of", "whole"]

Validator = Callable[[Any, Any, Any], None]


def whole(
    least: int, most: int | None = None, *, optional: bool = False, hexadecimal: bool = False
) -> Validator:
    """A whole number of ``least`` to ``most``, both included; ``optional``: or ``None``."""

    def written(value: int) -> str:
        return f"0x{value:X}" if hexadecimal and value >= 0 else str(value)

    def validate(_: Any, attribute: Any, value: Any) -> None:
        if value is None and optional:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongType(f"{attribute.name} must be a whole number, not {value!r}")
        if value < least or (most is not None and value > most):
            wanted = (
                f"{written(least)} or more"
                if most is None
                else f"{written(least)} to {written(most)}"
            )
            raise InvalidArgument(f"{attribute.name} must be {wanted}, not {written(value)}")

    return validate


def boolean(_: Any, attribute: Any, value: Any) -> None:
    """``True`` or ``False``."""
    if not isinstance(value, bool):
        raise WrongType(f"{attribute.name} must be true or false, not {value!r}")


def text(*, optional: bool = False) -> Validator:
    """Text that is not empty; ``optional``: or ``None``."""

    def validate(_: Any, attribute: Any, value: Any) -> None:
        if value is None and optional:
            return
        if not isinstance(value, str):
            raise WrongType(f"{attribute.name} must be text, not {value!r}")
        if not value.strip():
            raise InvalidArgument(f"{attribute.name} must not be empty")

    return validate


def one_of(*choices: str) -> Validator:
    """One of a few words."""

    def validate(_: Any, attribute: Any, value: Any) -> None:
        if value not in choices:
            wanted = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
            raise InvalidArgument(f"{attribute.name} must be {wanted}, not {value!r}")

    return validate


def listed(value: Any) -> Any:
    """A list as a tuple; everything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def tuple_of(kind: type) -> Validator:
    """A tuple of objects of a class."""

    def validate(_: Any, attribute: Any, value: Any) -> None:
        if not isinstance(value, tuple):
            raise WrongType(f"{attribute.name} must be a tuple of {kind.__name__}, not {value!r}")
        for one in value:
            if not isinstance(one, kind):
                raise WrongType(f"{attribute.name} must hold {kind.__name__}, not {one!r}")

    return validate


def duration(
    *,
    least: float | None = None,
    most: float | None = None,
    optional: bool = False,
    zero: bool = False,
) -> Validator:
    """A duration of more than zero (``zero``: or zero), in seconds from ``least`` to ``most``."""

    def validate(_: Any, attribute: Any, value: Any) -> None:
        if value is None and optional:
            return
        nanos = to_nanos(value, what=attribute.name, zero=zero)
        low = 0 if least is None else round(least * 1e9)
        high = math.inf if most is None else round(most * 1e9)
        if not low <= nanos <= high:
            wanted = " and ".join(
                [f"{least} s or more"] * (least is not None)
                + [f"{most} s or less"] * (most is not None)
            )
            raise InvalidArgument(f"{attribute.name} must be {wanted}, not {nanos / 1e9:g} s")

    return validate
