"""One thing that runs, as whoever runs it knows it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import frozen

from taktora.actors.cell import Cell
from taktora.actors.compositions import CompositionCell
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
    """The records of items, nodes, chains, graphs and plain actors."""
    every = list(cells)
    kinds: dict[str, str] = {
        cell.actor_id: cell.kind for cell in every if isinstance(cell, CompositionCell)
    }
    for cell in every:
        placement = "inline" if cell.inline or not workers else "pool"
        actor_id = cell.actor_id
        if isinstance(cell, CompositionCell):
            yield Record(actor_id, None, cell.triggers, placement, cell.kind)
            continue
        if not isinstance(cell, ItemCell):
            yield Record(actor_id, cell.actor, cell.triggers, placement, "actor")
            continue
        item, composition = cell.item_actor.item, actor_id.composition
        if composition is None:
            yield Record(actor_id, item, cell.triggers, placement)
        elif composition in kinds:  # else it was added, or has gone, this very moment
            kind: NodeKind = "node" if kinds[composition] == "chain" else "vertex"
            before = actor_id.predecessors
            yield Record(actor_id, item, (), placement, kind, composition, before)


def name_of(record: Record) -> str:
    """What people call it: its id, or if that was only assigned, its function's or class's name."""
    item = record.subject
    part = f"{record.composition}."
    assigned = _ASSIGNED.fullmatch(record.id) or (
        record.composition is not None and record.id.removeprefix(part).isdecimal()
    )
    if item is None or getattr(item, "item_id", None) is not None or not assigned:
        return record.id
    inner = inspect.unwrap(item)
    name = getattr(inner, "__name__", None) or type(inner).__name__
    return name if name.isidentifier() else record.id
