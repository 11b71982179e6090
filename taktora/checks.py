"""Checks of what users pass to an executor: what is wrong, which one, what to try."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from taktora.actors.item import Item
from taktora.errors import InvalidArgument, WrongType

__all__ = ["build", "identifier", "instance", "whole"]


def identifier(value: Any) -> str | None:
    """``value`` if it can be an id: a string of 1 to 255 characters, or ``None``."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise WrongType(f"an item id must be a string, not {value!r}")
    if not value or len(value) > 255:
        raise InvalidArgument(f"an item id must have 1 to 255 characters, not {len(value)}")
    return value


def build(item: Any) -> tuple[Item, Callable[[], Item] | None]:
    """The item to add, and the factory that it came from if it did."""
    if isinstance(item, Item):
        return item, None
    if not callable(item):
        raise WrongType(f"add takes an Item or a factory of one, not {item!r}")
    try:
        inspect.signature(item).bind()
    except ValueError:  # some builtins have no signature
        pass
    except TypeError as error:
        raise WrongType(
            f"add takes an Item, or a factory that needs no arguments; {item!r} needs some "
            f"({error}). To run a plain function, make it an item: @taktora.every(...), "
            "@taktora.on(...) or taktora.item(...)"
        ) from error
    built = item()
    if not isinstance(built, Item):
        raise WrongType(
            f"the factory {item!r} returned {built!r}, no Item. To run a plain function, make it an "
            "item: @taktora.every(...), @taktora.on(...) or taktora.item(...)"
        )
    return built, item


def whole(value: Any, what: str, *, least: int) -> int:
    """``value`` if it is an integer of at least ``least``; ``what`` names it in the error."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(f"{what} must be an integer, not {value!r}")
    if value < least:
        raise InvalidArgument(f"{what} must be {least} or more, not {value}")
    return value


def instance(value: Any, kind: type[Any], what: str) -> Any:
    """``value`` if it is a ``kind``; ``what`` names it in the error."""
    if not isinstance(value, kind):
        raise WrongType(f"{what} must be a {kind.__name__}, not {value!r}")
    return value
