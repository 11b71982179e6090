"""What can wake an item: the closed union of trigger declarations, and what a firing looks like.

A declaration holds the object that the user gave (``source``) without ever looking into it; the
drivers know what to do with a subscriber, the core only knows that something fired.
"""

from __future__ import annotations

import enum
from typing import Any, Final, Literal

from attrs import field, frozen

from taktora.time import Nanos

__all__ = [
    "ClientTrigger",
    "DeadlineTrigger",
    "FdTrigger",
    "Fired",
    "IntervalTrigger",
    "Kind",
    "ListenerTrigger",
    "MissedTick",
    "ServerTrigger",
    "SourceTrigger",
    "SubscriberTrigger",
    "Trigger",
    "kind_of",
]

Kind = Literal[
    "subscriber",
    "interval",
    "deadline_missed",
    "server",
    "client",
    "listener",
    "fd",
    "message",
    "predecessor",
]


class MissedTick(enum.Enum):
    """What an interval does about grid slots that passed while nobody could run."""

    SKIP = "skip"
    """Run once for the latest slot, count the skipped ones, stay on the grid."""
    BURST = "burst"
    """Run once for every slot, as fast as possible, until caught up."""
    DELAY = "delay"
    """Run once and start a new grid: the next tick is one period from now."""


@frozen
class SubscriberTrigger:
    """Data arrived on a subscriber."""

    source: Any


@frozen
class IntervalTrigger:
    """A slot of the executor's time grid came up: ``epoch + k * period``."""

    source: Any
    period: Nanos
    missed: MissedTick = MissedTick.SKIP


@frozen
class DeadlineTrigger:
    """Data arrived on a subscriber, or ``within`` passed without any."""

    source: Any
    within: Nanos


@frozen
class ServerTrigger:
    """A request arrived at a server."""

    source: Any


@frozen
class ClientTrigger:
    """A response arrived at a client."""

    source: Any


@frozen
class ListenerTrigger:
    """A raw iceoryx2 listener was notified."""

    source: Any


@frozen
class FdTrigger:
    """A file descriptor became readable."""

    source: int


SourceTrigger = (
    SubscriberTrigger
    | DeadlineTrigger
    | ServerTrigger
    | ClientTrigger
    | ListenerTrigger
    | FdTrigger
)
"""Triggers that a driver must watch something for."""

Trigger = SourceTrigger | IntervalTrigger
"""Every trigger that an item can declare."""

_KINDS: Final[dict[type[Any], Kind]] = {
    SubscriberTrigger: "subscriber",
    IntervalTrigger: "interval",
    DeadlineTrigger: "subscriber",
    ServerTrigger: "server",
    ClientTrigger: "client",
    ListenerTrigger: "listener",
    FdTrigger: "fd",
}


def kind_of(trigger: Trigger) -> Kind:
    """The ``kind`` that an item sees when ``trigger`` fires (a deadline's arrival is data)."""
    return _KINDS[type(trigger)]


@frozen
class Fired:
    """One reason why an item was woken, as found in ``ctx.triggers``."""

    kind: Kind
    """``subscriber | interval | deadline_missed | server | client | listener | fd | message |
    predecessor``."""
    source: Any = None
    """The object that was given to the declarer; a message; the id of a predecessor."""
    scheduled_ns: Nanos | None = None
    """Interval: the grid slot. Missed deadline: when it was due. Else ``None``. Monotonic ns."""
    events: tuple[tuple[int, int], ...] = ()
    """Raw listener: ``(event id, count)`` as drained. Else empty."""
    slot: int = field(default=0, repr=False)
    """Position of the declaration within its item; what coalescing compares."""
    value: Any = field(default=None, eq=False)
    """Predecessor: what it emitted. Else ``None``."""
