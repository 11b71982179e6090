"""What users hang into ready-made items: checked when it is set, not when it is first needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from taktora.actors.item import adapt
from taktora.errors import WrongType

__all__ = ["checked_hook", "checked_predicate", "says_no"]


def checked_hook(function: Any, what: str, argument: str) -> Callable[[Any], Any]:
    """``function`` if it can be called with one argument.

    Raises:
        WrongType: not callable, async, or of another shape; ``what`` names it.
    """
    _check_plain(function, what)
    try:
        inspect.signature(function).bind(None)
    except ValueError:  # some builtins have no signature
        pass
    except TypeError:
        raise WrongType(
            f"{what} takes a function of one argument, {argument}; {function!r} is another"
        ) from None
    return function  # type: ignore[no-any-return]


def checked_predicate(predicate: Any) -> Callable[[Any], object]:
    """``predicate()`` or ``predicate(ctx)`` as a function of the context.

    Raises:
        WrongType: not callable, async, or of another shape.
    """
    _check_plain(predicate, "predicate")
    return adapt(predicate)


def _check_plain(function: Any, what: str) -> None:
    if not callable(function):
        raise WrongType(f"{what} takes a function, not {function!r}")
    call = getattr(type(function), "__call__", None)  # noqa: B004  # of an object that is called
    for one in (function, call):
        if inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one):
            raise WrongType(f"{what} takes a plain function; {function!r} is async")


def says_no(answer: Any) -> bool:
    """Whether a hook answered ``False``: Python's, or numpy's, which comparing a field gives."""
    return answer is False or (type(answer).__name__ in ("bool", "bool_") and not answer)
