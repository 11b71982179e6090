"""How a connector is: four states, which may follow which, and the one who watches over that.

Pure. The table below is the contract (``spec/connector_contract.md``, CONN-07); the diagram in the
documentation is drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from taktora.errors import IllegalTransition, InvalidArgument, WrongType

__all__ = [
    "LEGAL",
    "Connecting",
    "ConnectorHealth",
    "Degraded",
    "Down",
    "HealthEvent",
    "HealthMonitor",
    "Up",
    "diagram",
    "path",
    "words",
]


def _now() -> datetime:
    return datetime.now(UTC)


def _utc(when: Any) -> datetime:
    if not isinstance(when, datetime):
        raise WrongType(f"a time of health must be a datetime, not {when!r}")
    if when.utcoffset() is None:
        raise InvalidArgument(f"a time of health needs a time zone, such as UTC; {when!r} has none")
    return when.astimezone(UTC)


def _text(_health: object, _field: object, reason: Any) -> None:
    if not isinstance(reason, str):
        raise WrongType(f"a health's reason must be a string, not {reason!r}")


@frozen
class Up:
    """Everything is as it should be."""


@frozen
class Connecting:
    """It is trying."""

    since: datetime = field(factory=_now, converter=_utc)
    """When it began to try, in UTC."""


@frozen
class Degraded:
    """It works, and something is not as it should be."""

    reason: str = field(validator=_text)
    """What."""


@frozen
class Down:
    """It does not work; what is sent is refused."""

    reason: str = field(validator=_text)
    """Why."""
    since: datetime = field(factory=_now, converter=_utc)
    """Since when, in UTC."""


ConnectorHealth = Up | Connecting | Degraded | Down
"""Any of the four."""

LEGAL: Final[Mapping[type, tuple[type, ...]]] = MappingProxyType(
    {
        Connecting: (Up, Degraded, Down),
        Up: (Degraded, Down),
        Degraded: (Up, Connecting, Down),
        Down: (Connecting,),
    }
)
"""Which health may follow which."""


@frozen
class HealthEvent:
    """One transition."""

    from_: ConnectorHealth
    to: ConnectorHealth
    at: datetime
    """When, in UTC; never earlier than the event before."""


class HealthMonitor:
    """Holds the health of one connector and lets only legal transitions through. One thread.

    It begins with ``Connecting``.

    Args:
        now: when that is; default, the wall clock.

    Raises:
        InvalidArgument, WrongType: ``now`` is no datetime with a time zone.
    """

    __slots__ = ("_at", "_health")

    def __init__(self, *, now: datetime | None = None) -> None:
        self._at = _now() if now is None else _utc(now)
        self._health: ConnectorHealth = Connecting(self._at)

    @property
    def health(self) -> ConnectorHealth:
        """What it is now."""
        return self._health

    def transition_to(self, health: ConnectorHealth, *, now: datetime | None = None) -> HealthEvent:
        """Become ``health``.

        ``now``: default, the wall clock; an event is never older than the one before, whatever the
        clock does.

        Raises:
            IllegalTransition: it may not follow the present one.
            WrongType: ``health`` is none of the four, or ``now`` no datetime.
            InvalidArgument: ``now`` has no time zone.
        """
        to = _kind(health)
        legal = LEGAL[type(self._health)]
        if to not in legal:
            raise IllegalTransition(self._health, health, (kind.__name__ for kind in legal))
        self._at = max(self._at, _now() if now is None else _utc(now))
        event = HealthEvent(self._health, health, self._at)
        self._health = health
        return event

    def __repr__(self) -> str:
        return f"<HealthMonitor {self._health!r}>"


def path(from_: ConnectorHealth, to: ConnectorHealth, *, now: datetime) -> list[ConnectorHealth]:
    """The shortest legal way from one health to another; empty if they are of the same kind.

    One stop at most is on the way: Connecting, since ``now``, or Degraded, for the reason that
    ``to`` has, or because it leads there.

    Raises:
        WrongType: one of them is none of the four, or ``now`` no datetime.
        InvalidArgument: ``now`` has no time zone.
    """
    start, goal = _kind(from_), _kind(to)
    if start is goal:
        return []
    if goal in LEGAL[start]:
        return [to]
    if Connecting in LEGAL[start]:
        return [Connecting(now), to]
    return [Degraded(getattr(to, "reason", f"on the way to {goal.__name__}")), to]


def _kind(health: Any) -> type:
    if type(health) not in LEGAL:
        raise WrongType(f"{health!r} is no health: Up(), Connecting(), Degraded(...) or Down(...)")
    return type(health)


def words(health: ConnectorHealth) -> str:
    """For people: ``up``, ``connecting``, ``degraded: reason`` or ``down: reason``."""
    name = type(health).__name__.lower()
    reason = getattr(health, "reason", "")
    return f"{name}: {reason}" if reason else name


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> Connecting"]
    lines += [
        f"    {from_.__name__} --> {to.__name__}" for from_, legal in LEGAL.items() for to in legal
    ]
    return "\n".join(lines) + "\n"
