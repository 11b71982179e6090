"""Which objects of a node still hold something of iceoryx2, without keeping them alive."""

from __future__ import annotations

from typing import Any
from weakref import ref

__all__ = ["Held"]


class Held:
    """Weak references to the holders of one node: objects with a ``_let_go()`` method.

    Any thread: each call is one atomic step. A plain set of references with a C callback costs a
    third of a ``WeakSet``; the hot path writes ``held.refs.add(ref(holder, held.forget))`` itself.
    """

    __slots__ = ("forget", "refs")

    def __init__(self) -> None:
        self.refs: Any = set()
        self.forget: Any = self.refs.discard

    def like(self) -> Held:
        """An empty one of the same kind."""
        return type(self)()

    def add(self, holder: Any) -> None:
        """Track ``holder`` until it dies."""
        self.refs.add(ref(holder, self.forget))

    def drop(self, holder: Any) -> None:
        """Stop tracking ``holder``."""
        self.refs.discard(ref(holder))

    def alive(self) -> list[Any]:
        """Every holder that is still alive."""
        return [holder for one in list(self.refs) if (holder := one()) is not None]
