"""An item as a simulation sees it: with a layer around its code where faults and durations act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taktora.actors.item import Item, adapt
from taktora.actors.items import ItemActor
from taktora.testing.faults import InjectedError
from taktora.time import Nanos

__all__ = ["Affliction", "SimulatedItemActor"]

_PLAIN: Final = Item.on_receive


class Affliction:
    """What the simulation has in store for one item."""

    __slots__ = ("_before", "_item_id", "_reserved", "delays", "errors", "takes")

    def __init__(self, item_id: str, before: Callable[[str, Affliction], None]) -> None:
        self._item_id = item_id
        self._before = before
        self._reserved: Nanos | None = None
        self.errors: list[str] = []
        """Messages of the errors that the next executions raise."""
        self.delays: list[Nanos] = []
        """What the next executions take in addition."""
        self.takes: Nanos = 0
        """What every execution takes, in virtual time."""

    def foresee(self) -> Nanos:
        """What the next execution will take; chance has decided about it by then."""
        if self._reserved is None:
            self._before(self._item_id, self)
            self._reserved = self.takes + (self.delays.pop(0) if self.delays else 0)
        return self._reserved

    def suffer(self, spend: Callable[[Nanos], None]) -> None:
        """Take the time of one execution; raise if it is to fail."""
        takes = self.foresee()
        self._reserved = None
        if takes:
            spend(takes)
        if self.errors:
            raise InjectedError(self.errors.pop(0))


class SimulatedItemActor(ItemActor):
    """The actor around an item in a simulation."""

    affliction: Affliction

    def fit(self, item: Item) -> None:
        """Have executions go to ``item``, through whatever the simulation has in store."""
        super().fit(item)
        if not hasattr(self, "affliction"):
            before = self.host.before_execution  # type: ignore[attr-defined]
            self.affliction = Affliction(self.item_id, before)
        suffer, spend = self.affliction.suffer, self.host.spend  # type: ignore[attr-defined]
        flow, receive = self.flow, self.receive

        def flow_in_simulation(ctx: Any) -> Any:
            suffer(spend)
            return flow(ctx)

        def receive_in_simulation(message: Any, ctx: Any) -> Any:
            suffer(spend)
            return receive(message, ctx)

        self.flow: Callable[[Any], Any] = flow_in_simulation
        if type(item).on_receive is not _PLAIN:  # else it goes through the flow
            self.receive = receive_in_simulation
        if self.item_id.composition is not None:
            around = self.host.around_node  # type: ignore[attr-defined]
            self.flow = around(self.item_id, flow_in_simulation)
            if self.handler is not None:
                self.handler_flow = around(self.item_id, adapt(self.handler.execute))
