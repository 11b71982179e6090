"""Connects an item's cell to what it must look at again after each execution."""

from __future__ import annotations

from collections.abc import Callable

from taktora.actors.items import ItemCell, Rearm
from taktora.core.triggers import (
    DeadlineTrigger,
    FdTrigger,
    Fired,
    IntervalTrigger,
    ListenerTrigger,
    Trigger,
    kind_of,
)

__all__ = ["wire"]


def wire(cell: ItemCell, triggers: tuple[Trigger, ...], rearm_fd: Callable[[int], None]) -> None:
    """Ports may hold more than the item took; file descriptors are reported once until re-armed."""
    cell.triggers = triggers
    rearm: list[Rearm] = []
    fds: dict[int, int] = {}
    for slot, trigger in enumerate(triggers):
        if isinstance(trigger, IntervalTrigger):
            cell.ticks = True
        elif isinstance(trigger, FdTrigger):
            fds[slot] = trigger.source
        elif not isinstance(trigger, ListenerTrigger):
            kind = "subscriber" if isinstance(trigger, DeadlineTrigger) else kind_of(trigger)
            again = (Fired(kind, trigger.source, slot=slot),)
            rearm.append((trigger.source, trigger.source.wakeup.has_data, again))
    cell.rearm = tuple(rearm)
    if not fds:
        return

    def on_rearm(fired: tuple[Fired, ...]) -> None:
        for one in fired:
            if one.kind == "fd":
                rearm_fd(fds[one.slot])

    cell.on_rearm = on_rearm
