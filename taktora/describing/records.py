"""One thing that runs, as whoever runs it knows it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import frozen

from taktora.actors.cell import Cell
from taktora.actors.items import ItemCell
from taktora.core.triggers import Trigger
from taktora.topology.nodes import NodeKind

__all__ = ["Record", "name_of", "records_of"]

_ASSIGNED: Final = re.compile(r"item-\d+")


@frozen
class Record:
    """What :func:`~taktora.describing.describe` makes a node and its edges of."""

    id: str
    subject: Any = None
    """The item or actor: where its publishers are looked for. ``None``: nowhere."""
    triggers: tuple[Trigger, ...] = ()
    """As declared. Those of a composition's head belong to the composition, not to the head."""
    placement: str = "inline"
    kind: NodeKind = "item"
    composition: str | None = None
    predecessors: tuple[str, ...] = ()
    """Whom it follows inside its composition: one edge ``next`` each."""


def records_of(cells: Iterable[Cell], *, workers: int) -> Iterator[Record]:
    """The records of items and plain actors."""
    for cell in cells:
        kind: NodeKind = "actor"
        subject: Any = cell.actor
        if isinstance(cell, ItemCell):
            kind, subject = "item", cell.item_actor.item
        placement = "inline" if cell.inline or not workers else "pool"
        yield Record(cell.actor_id, subject, cell.triggers, placement, kind)


def name_of(record: Record) -> str:
    """What people call it: its id, or if that was only assigned, its function's or class's name."""
    item = record.subject
    if getattr(item, "item_id", None) is not None or not _ASSIGNED.fullmatch(record.id):
        return record.id
    inner = inspect.unwrap(item)
    name = getattr(inner, "__name__", None) or type(inner).__name__
    return name if name.isidentifier() else record.id
