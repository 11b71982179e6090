"""Ids that know where they belong."""

from __future__ import annotations

from typing import Self

__all__ = ["ItemId"]


class ItemId(str):
    """The id of an item: a plain string, and beside it what the item is part of."""

    __slots__ = ("composition", "predecessors")

    composition: str | None
    """The id of the chain or graph that it is a node of; ``None``: of none."""
    predecessors: tuple[str, ...]
    """Ids of the nodes that come right before it there."""

    def __new__(
        cls, value: str, composition: str | None = None, predecessors: tuple[str, ...] = ()
    ) -> Self:
        """``value`` as an id."""
        made = super().__new__(cls, value)
        made.composition = composition
        made.predecessors = predecessors
        return made

    def __reduce__(self) -> tuple[type[ItemId], tuple[str, str | None, tuple[str, ...]]]:
        return ItemId, (str(self), self.composition, self.predecessors)
