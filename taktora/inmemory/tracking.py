"""Weak references to holders, in the order in which they came."""

from __future__ import annotations

from typing import Any

from taktora.transport.tracking import Held

__all__ = ["OrderedHeld"]


class _OrderedRefs(dict[Any, None]):
    """A set of references that is iterated in the order of their adding.

    A plain set is iterated in the order of addresses, which no two runs share.
    """

    __slots__ = ()

    def add(self, one: Any) -> None:
        self[one] = None

    def discard(self, one: Any) -> None:
        self.pop(one, None)


class OrderedHeld(Held):
    """A :class:`~taktora.transport.tracking.Held` with an order that depends on nothing else."""

    __slots__ = ()

    def __init__(self) -> None:
        self.refs = _OrderedRefs()
        self.forget = self.refs.discard
