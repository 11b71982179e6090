"""What the fields of a topology's facts may hold, checked when one is made."""

from __future__ import annotations

from typing import Any, get_args

from attrs import Attribute

from taktora.errors import InvalidArgument, WrongType
from taktora.time import Nanos

__all__ = ["all_of", "nanos", "one_of", "text", "text_or_none", "tuple_of"]


def text(instance: Any, attribute: Attribute[str], value: Any) -> None:
    """A string; an id is not empty."""
    if not isinstance(value, str):
        raise WrongType(f"{_what(instance, attribute)} must be a string, not {value!r}")
    if not value and attribute.name == "id":
        raise InvalidArgument(f"{_what(instance, attribute)} must not be empty")


def text_or_none(instance: Any, attribute: Attribute[str | None], value: Any) -> None:
    """A name, or nothing."""
    if value is not None and (not isinstance(value, str) or not value):
        raise WrongType(
            f"{_what(instance, attribute)} must be a non-empty string or None, not {value!r}"
        )


def nanos(instance: Any, attribute: Attribute[Nanos | None], value: Any) -> None:
    """A positive number of nanoseconds, or nothing."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(f"{_what(instance, attribute)} must be an integer or None, not {value!r}")
    if value <= 0:
        raise InvalidArgument(f"{_what(instance, attribute)} must be more than 0, not {value}")


def one_of(known: Any) -> Any:
    """One of the strings of the ``Literal`` that ``known`` is."""
    names = get_args(known)

    def check(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if value not in names:
            raise InvalidArgument(
                f"{_what(instance, attribute)} must be one of {', '.join(names)}, not {value!r}"
            )

    return check


def all_of(kind: type[Any]) -> Any:
    """Every element is a ``kind``."""

    def check(instance: Any, attribute: Attribute[Any], value: tuple[Any, ...]) -> None:
        for one in value:
            if not isinstance(one, kind):
                raise WrongType(
                    f"{_what(instance, attribute)} holds {one!r}, which is no {kind.__name__}"
                )

    return check


def tuple_of(value: Any) -> tuple[Any, ...]:
    """A converter: any sequence becomes a tuple.

    Raises:
        WrongType: it cannot be iterated.
    """
    try:
        return tuple(value)
    except TypeError:
        raise WrongType(f"expected a tuple, not {value!r}") from None


def _what(instance: Any, attribute: Attribute[Any]) -> str:
    return f"{attribute.name} of a {type(instance).__name__}"
