"""What :class:`~taktora.testing.ConnectorMachine` knows of a connector: its surface, as protocols.

Health states and errors are told apart by the names of their classes, so that this file needs
nothing of a connector's own package. The laws themselves are in ``spec/connector_contract.md``.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from attrs import frozen

__all__ = [
    "LEGAL",
    "Arrival",
    "Connector",
    "HealthEvent",
    "HealthSubscription",
    "PortStats",
    "Reader",
    "Received",
    "Writer",
    "is_named",
    "state_of",
]

LEGAL: Final[dict[str, frozenset[str]]] = {
    "Connecting": frozenset({"Up", "Degraded", "Down"}),
    "Up": frozenset({"Degraded", "Down"}),
    "Degraded": frozenset({"Up", "Connecting", "Down"}),
    "Down": frozenset({"Connecting"}),
}
"""Which health may follow which."""


class PortStats(Protocol):
    """What a writer or reader has counted since it was made; numbers never go down."""

    @property
    def messages(self) -> int:
        """Writer: values accepted. Reader: values handed out."""

    @property
    def drops(self) -> int:
        """Values that were accepted, or had arrived, and then were thrown away."""

    @property
    def gaps(self) -> int:
        """Reader: how many sequence numbers were missing between frames that came."""

    @property
    def crc_errors(self) -> int:
        """Reader: frames that were damaged."""

    @property
    def decode_errors(self) -> int:
        """Reader: undamaged frames that the codec could not read."""


class Outcome(Protocol):
    """What became of a ``send``."""

    @property
    def sent(self) -> bool:
        """``False``: nothing was sent."""


class Writer(Protocol):
    """The plug-in's way out."""

    def send(self, value: Any, *, correlation_id: bytes | None = None) -> Outcome:
        """Send one value. Raises ``Down``, ``BackPressure``, ``PayloadOverflow``, ``Codec``."""

    def stats(self) -> PortStats:
        """What was counted."""


class Received(Protocol):
    """A value with the facts of its envelope."""

    @property
    def value(self) -> Any:
        """As it was sent."""

    @property
    def sequence(self) -> int:
        """Its number among those of its writer."""


class Reader(Protocol):
    """The plug-in's way in."""

    def try_recv(self) -> Received | None:
        """The oldest value not yet taken, ``None`` if there is none."""

    def stats(self) -> PortStats:
        """What was counted."""


class HealthEvent(Protocol):
    """One transition."""

    @property
    def from_(self) -> object:
        """The health that was."""

    @property
    def to(self) -> object:
        """The health that is."""

    @property
    def at(self) -> Any:
        """When; never earlier than the event before."""


class HealthSubscription(Protocol):
    """A bounded queue of health events that drops the oldest."""

    @property
    def capacity(self) -> int:
        """How many events it holds at most."""

    @property
    def dropped(self) -> int:
        """How many it dropped."""

    def try_next(self) -> HealthEvent | None:
        """The oldest event not yet taken, ``None`` if there is none."""


class Connector(Protocol):
    """One link to the outside world."""

    @property
    def name(self) -> str:
        """What it is called in logs and configurations."""

    @property
    def health(self) -> object:
        """How it is: an object of a class ``Up``, ``Connecting``, ``Degraded`` or ``Down``."""

    def subscribe_health(self) -> HealthSubscription:
        """Every health event from now on."""

    def register_with(self, executor: Any, /) -> object:
        """Let ``executor`` drive it."""

    def create_writer(self, descriptor: Any, type: Any, /) -> Writer:
        """A way out."""

    def create_reader(self, descriptor: Any, type: Any, /) -> Reader:
        """A way in."""

    def close(self) -> object:
        """Release everything. Idempotent."""


@frozen
class Arrival:
    """A value that arrived outside, with what else is known there; ``None``: not known."""

    value: Any
    correlation_id: bytes | None = None
    sequence: int | None = None
    """Its number among those of its writer."""


def state_of(health: object) -> str:
    """``Up``, ``Connecting``, ``Degraded`` or ``Down``; any other class has its own name."""
    return next(
        (kind.__name__ for kind in type(health).__mro__ if kind.__name__ in LEGAL),
        type(health).__name__,
    )


def is_named(error: BaseException, name: str) -> bool:
    """Whether an error's class, or one that it derives from, is called ``name``, more or less."""
    names = (name, f"Connector{name}", f"{name}Error")
    return any(kind.__name__ in names for kind in type(error).__mro__)
