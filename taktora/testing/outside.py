"""What a test does to a simulation from outside, written down so that it can be done again."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

import attrs

from taktora.actors.actor import ActorRef
from taktora.core.stimuli import ClearFault, Describe, Pause, Remove, Resume
from taktora.errors import SimulationError
from taktora.testing.journal import Journal

__all__ = ["from_literal", "record_messages", "to_literal"]

_UNKNOWN: Final = "!"
_REQUESTS: Final[dict[str, Any]] = {
    kind.__name__: kind for kind in (Pause, Resume, Remove, ClearFault, Describe)
}


def to_literal(message: Any) -> str:
    """``message`` as a text that :func:`from_literal` reads back; ``!`` and its type if it cannot."""
    if type(message).__name__ in _REQUESTS and attrs.has(type(message)):
        return f"@{type(message).__name__}{attrs.astuple(message)!r}"
    text = repr(message)
    try:
        same = ast.literal_eval(text) == message
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        same = False
    return text if same else f"{_UNKNOWN}{type(message).__name__}"


def from_literal(text: str) -> Any:
    """The message.

    Raises:
        SimulationError: it is one that a text cannot hold.
    """
    if text.startswith(_UNKNOWN):
        raise SimulationError(
            f"a {text[1:]} was sent from outside, which a trace cannot hold: run the test again "
            "with schedule=trace.schedule instead"
        )
    if text.startswith("@"):
        name, _, arguments = text[1:].partition("(")
        return _REQUESTS[name](*ast.literal_eval(f"({arguments}"))
    return ast.literal_eval(text)


def record_messages(
    ref: ActorRef[Any], who: str, journal: Journal, outside: Callable[[], bool]
) -> None:
    """Have every message that is sent through ``ref`` from outside written down."""
    tell, ask, stop = ref.tell, ref.ask, ref.stop

    def recorded_tell(message: Any) -> None:
        if outside():
            journal.note("tell", who, to_literal(message))
        tell(message)

    def recorded_ask(message: Any, **options: Any) -> Any:
        if outside():
            journal.note("ask", who, to_literal(message))
        return ask(message, **options)

    def recorded_stop(**options: Any) -> Any:
        if outside():
            journal.note("end", who)
        return stop(**options)

    ref.tell = recorded_tell  # type: ignore[method-assign]
    ref.ask = recorded_ask  # type: ignore[method-assign]
    ref.stop = recorded_stop  # type: ignore[method-assign]
