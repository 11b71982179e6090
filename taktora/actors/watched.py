"""A cell whose actor is woken by triggers, and what must be looked at again after each execution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taktora.actors.actor import Actor
from taktora.actors.cell import Cell
from taktora.core.identity import ItemId
from taktora.core.triggers import Fired

__all__ = ["Rearm", "WatchedCell"]

Rearm = tuple[Any, Callable[[], bool], tuple[Fired, ...]]
"""A source with a ``drained`` flag, whether it holds more, and the firing that says so."""


class WatchedCell(Cell):
    """A cell that :func:`~taktora.actors.wiring.wire` has told what its triggers need."""

    __slots__ = ("on_rearm", "rearm")

    def __init__(self, actor: Actor, actor_id: ItemId, *, throughput: int, inline: bool) -> None:
        super().__init__(actor, actor_id, throughput=throughput, inline=inline)
        self.rearm: tuple[Rearm, ...] = ()
        self.on_rearm: Callable[[tuple[Fired, ...]], None] | None = None

    def look_again(self, fired: tuple[Fired, ...]) -> bool:
        """Ask for another execution if this one, woken by ``fired``, left something."""
        woken = False
        for source, more, again in self.rearm:
            if not source.drained:  # it took something and did not look whether that was all
                source.drained = True
                if more():
                    self.inbox.wake(again)
                    woken = True
        if self.on_rearm is not None:
            self.on_rearm(fired)
        return woken
