"""How a connector is: four states, which may follow which, and the one who watches over that.

Pure. The table below is the contract (``spec/connector_contract.md``, CONN-07); the diagram in the
documentation is drawn from it.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

from attrs import field, frozen

from taktora.errors import IllegalTransition, WrongType

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
]


def _now() -> datetime:
    return datetime.now(UTC)


@frozen
class Up:
    """Everything is as it should be."""


@frozen
class Connecting:
    """It is trying."""

    since: datetime = field(factory=_now)
    """When it began to try."""


@frozen
class Degraded:
    """It works, and something is not as it should be."""

    reason: str
    """What."""


@frozen
class Down:
    """It does not work; what is sent is refused."""

    reason: str
    """Why."""
    since: datetime = field(factory=_now)
    """Since when."""


ConnectorHealth = Up | Connecting | Degraded | Down
"""Any of the four."""

LEGAL: Final[dict[type, tuple[type, ...]]] = {
    Connecting: (Up, Degraded, Down),
    Up: (Degraded, Down),
    Degraded: (Up, Connecting, Down),
    Down: (Connecting,),
}
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
    """

    __slots__ = ("_at", "_health")

    def __init__(self, *, now: datetime | None = None) -> None:
        self._at = now or _now()
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
            IllegalTransition: it may not follow the present one. Nothing has changed.
            WrongType: ``health`` is none of the four.
        """
        legal = LEGAL[type(self._health)]
        if type(health) not in LEGAL:
            raise WrongType(f"{health!r} is no health: Up, Connecting, Degraded or Down")
        if type(health) not in legal:
            raise IllegalTransition(self._health, health, (kind.__name__ for kind in legal))
        self._at = max(self._at, now or _now())
        event = HealthEvent(self._health, health, self._at)
        self._health = health
        return event

    def __repr__(self) -> str:
        return f"<HealthMonitor {self._health!r}>"


def path(from_: ConnectorHealth, to: ConnectorHealth, *, now: datetime) -> list[ConnectorHealth]:
    """The shortest legal way from one health to another; empty if they are of the same kind.

    What lies between gets ``now`` and the reason of ``to``, or says that it leads there.
    """
    start, goal = type(from_), type(to)
    came: dict[type, type | None] = {start: None}
    waiting = deque([start])
    while waiting and goal not in came:
        here = waiting.popleft()
        for after in LEGAL[here]:
            if after not in came:
                came[after] = here
                waiting.append(after)
    steps: list[ConnectorHealth] = []
    kind: type | None = goal
    while kind is not None and kind is not start:
        steps.append(to if kind is goal else _between(kind, to, now))
        kind = came[kind]
    return steps[::-1]


def _between(kind: type, to: ConnectorHealth, now: datetime) -> ConnectorHealth:
    reason: Any = getattr(to, "reason", f"on the way to {type(to).__name__}")
    if kind is Connecting:
        return Connecting(now)
    if kind is Down:
        return Down(reason, now)
    return Degraded(reason) if kind is Degraded else Up()


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> Connecting"]
    lines += [
        f"    {from_.__name__} --> {to.__name__}" for from_, legal in LEGAL.items() for to in legal
    ]
    return "\n".join(lines) + "\n"
