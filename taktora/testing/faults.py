"""What can go wrong, as data: ``sim.inject(faults.Raise("camera"))``.

A fault is written down in the trace, so that a replay suffers it again at the same place. Durations
are seconds, as everywhere.
"""

from __future__ import annotations

import json
from typing import Any, Final

import attrs
from attrs import field, frozen

from taktora.errors import InvalidArgument, TaktoraError, WrongType

__all__ = [
    "Delay",
    "Drop",
    "Duplicate",
    "Fault",
    "InjectedError",
    "Jump",
    "Kill",
    "Raise",
    "Stall",
    "from_text",
    "to_text",
]


class InjectedError(TaktoraError):
    """What an item raises because a fault said so."""


def _name(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value:
        raise WrongType(
            f"{type(instance).__name__}.{attribute.name} must be the id of an item or the name of a "
            f"channel, not {value!r}"
        )


def _times(instance: object, attribute: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(f"{type(instance).__name__}.{attribute.name} must be an int, not {value!r}")
    if value < 1:
        raise InvalidArgument(
            f"{type(instance).__name__}.{attribute.name} must be 1 or more, not {value}"
        )


def _seconds(instance: object, attribute: attrs.Attribute[float], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType(
            f"{type(instance).__name__}.{attribute.name} must be seconds, not {value!r}"
        )
    if not 0 < value < 1e9:
        raise InvalidArgument(
            f"{type(instance).__name__}.{attribute.name} must be more than 0 seconds, not {value!r}"
        )


@frozen
class Raise:
    """The next executions of ``item`` raise :class:`InjectedError` instead of doing their work."""

    item: str = field(validator=_name)
    times: int = field(default=1, validator=_times)
    message: str = "injected"


@frozen
class Delay:
    """The next executions of ``item`` take ``by`` seconds longer."""

    item: str = field(validator=_name)
    by: float = field(validator=_seconds)
    times: int = field(default=1, validator=_times)


@frozen
class Drop:
    """The next notifications of ``channel`` reach nobody; the data is there all the same.

    ``channel`` is the name of a channel or service, or the id of one item that waits for it.
    """

    channel: str = field(validator=_name)
    times: int = field(default=1, validator=_times)


@frozen
class Duplicate:
    """The next notifications of ``channel`` wake twice; the second finds what the first left."""

    channel: str = field(validator=_name)
    times: int = field(default=1, validator=_times)


@frozen
class Kill:
    """``item`` dies when it runs next, as if it had raised outside of its own code.

    What follows is up to its supervision: a restart builds it anew.
    """

    item: str = field(validator=_name)


@frozen
class Stall:
    """One worker (without a pool: the driver) does nothing for ``duration`` seconds."""

    duration: float = field(validator=_seconds)


@frozen
class Jump:
    """The clock is ``by`` seconds later at once, as if the machine had slept: all timers are late."""

    by: float = field(validator=_seconds)


Fault = Raise | Delay | Drop | Duplicate | Kill | Stall | Jump
"""Everything that ``inject`` takes."""

_KINDS: Final[dict[str, Any]] = {
    kind.__name__: kind for kind in (Raise, Delay, Drop, Duplicate, Kill, Stall, Jump)
}


def to_text(fault: Fault) -> str:
    """One line that :func:`from_text` reads back."""
    return json.dumps({"fault": type(fault).__name__, **attrs.asdict(fault)})


def from_text(text: str) -> Fault:
    """The fault in a line that :func:`to_text` gave.

    Raises:
        InvalidArgument: not such a line.
    """
    try:
        given = json.loads(text)
        return _KINDS[given.pop("fault")](**given)  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidArgument(f"{text!r} is no fault: {error}") from error
