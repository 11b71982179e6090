"""Two of everything: one on iceoryx2, one in memory, and whether both answer the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taktora.transport.outcome import NotifyOutcome

__all__ = ["Disagreement", "Twin", "answer", "plain"]


class Disagreement(AssertionError):
    """The same operation had different results."""


class Twin:
    """The same object on both sides, and what the test knows about it."""

    def __init__(self, real: Any, fake: Any, **facts: Any) -> None:
        self.real = real
        self.fake = fake
        self.__dict__.update(facts)

    def __repr__(self) -> str:
        return f"Twin({self.real!r})"


def plain(thing: Any) -> Any:
    """``thing`` as something to compare and to print; objects stand for themselves."""
    if isinstance(thing, NotifyOutcome):
        return (thing.sent, thing.listeners_notified, thing.subscribers_reached)
    if thing is None or isinstance(thing, bool | int | float | str | bytes):
        return thing
    if isinstance(thing, memoryview):
        return thing.tobytes()
    return f"a {type(thing).__name__}"


def answer(operation: Callable[..., Any], *arguments: Any) -> tuple[Any, Any, Any]:
    """What happened, as facts, and the object that was returned, if any.

    An exception is let go of at once: its traceback holds what the operation held.
    """
    try:
        result = operation(*arguments)
    except Exception as error:
        return ("error", type(error).__name__, str(error)), None, None
    return ("result", plain(result), None), result, result
