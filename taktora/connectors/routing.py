"""Where a channel leads in the world outside: each protocol has a class of its own for that."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from taktora.connectors.link import Direction

__all__ = ["NoRouting", "Routing", "leads"]


@runtime_checkable
class Routing(Protocol):
    """Says where in a protocol's world a channel leads: an address, a key, a slice of bits.

    A frozen attrs class that checks its fields when it is made. It marks itself by the attribute
    ``is_routing``. One that leads only out, or only in, says so besides by ``one_way``, a
    :class:`~.link.Direction`: channels of it need not say it again.
    """

    @property
    def is_routing(self) -> bool:
        """Always true."""


@frozen
class NoRouting:
    """The channel's name is all that the connector needs."""

    @property
    def is_routing(self) -> bool:
        """Always true."""
        return True


def leads(routing: Any, direction: Direction) -> bool:
    """Whether values can go that way."""
    return getattr(routing, "one_way", None) in (None, direction)
