"""Where a channel leads in the world outside: each protocol has a class of its own for that."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from attrs import frozen

__all__ = ["NoRouting", "Routing"]


@runtime_checkable
class Routing(Protocol):
    """Says where in a protocol's world a channel leads: an address, a key, a slice of bits.

    A frozen attrs class that checks its fields when it is made. It marks itself by the attribute
    ``is_routing``.
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
