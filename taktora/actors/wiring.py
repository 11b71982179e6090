"""Connects an item's cell to what it must look at again after each execution."""

from __future__ import annotations

from collections.abc import Callable

from taktora.actors.watched import Rearm, WatchedCell
from taktora.core.triggers import (
    DeadlineTrigger,
    FdTrigger,
    Fired,
    IntervalTrigger,
    ListenerTrigger,
    MissedTick,
    Trigger,
    kind_of,
)
from taktora.observe.pace import Pace

__all__ = ["wire"]


def wire(cell: WatchedCell, triggers: tuple[Trigger, ...], rearm_fd: Callable[[int], None]) -> None:
    """Ports may hold more than the item took; file descriptors are reported once until re-armed."""
    cell.triggers = triggers
    rearm: list[Rearm] = []
    fds: dict[int, int] = {}
    for slot, trigger in enumerate(triggers):
        if isinstance(trigger, IntervalTrigger):
            cell.counters.pace = pace = cell.counters.pace or Pace()
            if trigger.missed is MissedTick.DELAY:
                pace.delays(slot, trigger.period)
        elif isinstance(trigger, FdTrigger):
            fds[slot] = trigger.source
        elif not isinstance(trigger, ListenerTrigger):
            kind = "subscriber" if isinstance(trigger, DeadlineTrigger) else kind_of(trigger)
            again = (Fired(kind, trigger.source, slot=slot),)
            rearm.append((trigger.source, trigger.source.wakeup.probe(), again))
    cell.rearm = tuple(rearm)
    if not fds:
        return

    def on_rearm(fired: tuple[Fired, ...]) -> None:
        for one in fired:
            if one.kind == "fd":
                rearm_fd(fds[one.slot])

    cell.on_rearm = on_rearm
