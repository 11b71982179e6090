"""Where injected faults wait until their item or channel is concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from taktora.actors.actor import PROXY_MESSAGES, is_stop
from taktora.actors.compositions import CompositionCell
from taktora.actors.items import ItemCell
from taktora.core.mailbox import Wake
from taktora.core.triggers import FdTrigger, IntervalTrigger
from taktora.drivers.virtual import VirtualDriver
from taktora.errors import UnknownItem
from taktora.testing import faults
from taktora.testing.afflicted import Affliction
from taktora.testing.invariants import Invariants
from taktora.testing.mishaps import Mishaps
from taktora.time import Nanos, to_nanos

__all__ = ["Afflictions"]


def not_work(message: Any) -> bool:
    """Whether handling ``message`` is no execution of the item."""
    return is_stop(message) or type(message) in PROXY_MESSAGES


class Afflictions:
    """The faults of one simulation."""

    def __init__(
        self,
        driver: VirtualDriver,
        invariants: Invariants,
        note: Callable[[str, str, str], None],
    ) -> None:
        self._note = note
        self._driver = driver
        self._invariants = invariants
        self._dropped: dict[str, int] = {}
        self._doubled: dict[str, int] = {}
        self.mishaps: Mishaps | None = None
        """What goes wrong at its own time."""
        driver.on_wake = self._on_wake
        driver.duration = self._duration

    def of(self, item_id: str) -> Affliction:
        """What is in store for an item.

        Raises:
            UnknownItem: no item has that id (chains, graphs and plain actors run no code of items).
        """
        cell = self._driver.cells.get(item_id)
        if not isinstance(cell, ItemCell):
            known = [
                str(key) for key, one in self._driver.cells.items() if isinstance(one, ItemCell)
            ]
            raise UnknownItem(
                f"no item with id {item_id!r} in this simulation; there are: "
                f"{', '.join(map(repr, known)) or 'none at all'}"
            )
        actor: Any = cell.item_actor
        return actor.affliction  # type: ignore[no-any-return]

    def check(self, fault: faults.Fault) -> None:
        """Raise ``UnknownItem`` if the fault is about somebody who is not here."""
        if isinstance(fault, faults.Raise | faults.Delay | faults.Kill):
            self.of(fault.item)
        elif isinstance(fault, faults.Drop | faults.Duplicate):
            names = self._driver.watched_names()
            if fault.channel not in names and not self._waits(fault.channel):
                raise UnknownItem(
                    f"nobody waits for a channel or service {fault.channel!r}; "
                    f"waited for are: {', '.join(map(repr, names)) or 'none at all'}"
                )

    def apply(self, fault: faults.Fault) -> None:
        """Let it happen, or lie in wait."""
        driver = self._driver
        match fault:
            case faults.Raise(item, times, message):
                self.of(item).errors += [message] * times
            case faults.Kill(item):
                self.of(item).errors.insert(0, "killed")
            case faults.Delay(item, by, times):
                self.of(item).delays += [to_nanos(by)] * times
            case faults.Drop(channel, times):
                self._dropped[channel] = self._dropped.get(channel, 0) + times
            case faults.Duplicate(channel, times):
                self._doubled[channel] = self._doubled.get(channel, 0) + times
            case faults.Stall(duration):
                driver.stall(to_nanos(duration))
            case faults.Jump(by):
                driver.pass_time(driver.now + to_nanos(by))

    def before_execution(self, item_id: str, affliction: Affliction) -> None:
        """An item is about to execute."""
        if self.mishaps is None:
            return
        mishap = self.mishaps.execution(item_id)
        if mishap is None:
            return
        self._note("mishap", item_id, mishap.what)
        if mishap.what == "raise":
            affliction.errors.append("by chance")
        else:
            affliction.delays.append(to_nanos(mishap.by))

    def _duration(self, cell: Any) -> Nanos:
        """What the next execution of ``cell`` will take, as far as that can be known before."""
        head = cell.inbox.head
        if head is None or (type(head) is not Wake and not_work(head[0])):
            return 0
        if isinstance(cell, ItemCell):
            actor: Any = cell.item_actor
            return actor.affliction.foresee()  # type: ignore[no-any-return]
        if isinstance(cell, CompositionCell) and cell.walked:
            return sum(self.of(node_id).foresee() for node_id in cell.node_ids)
        return 0

    def _on_wake(self, port: Any) -> int:
        """How often a notification is to be delivered."""
        mishap = None if self.mishaps is None else self.mishaps.notification(port.name)
        if mishap is not None:
            self._note("mishap", port.name, mishap.what)
        dropped = self._counted(self._dropped, port) or (
            mishap is not None and mishap.what == "drop"
        )
        self._invariants.rang(port, delivered=not dropped)
        if dropped:
            return 0
        if mishap is not None:
            return 2
        return 2 if self._counted(self._doubled, port) else 1

    def _counted(self, store: dict[str, int], port: Any) -> bool:
        """Whether ``store`` has something for this port, or for one that waits on it; used up."""
        for name, left in store.items():
            if name == port.name or any(one is port for one in self._sources(name)):
                if left > 1:
                    store[name] = left - 1
                else:
                    del store[name]
                return True
        return False

    def _waits(self, item_id: str) -> bool:
        return any(True for _ in self._sources(item_id))

    def _sources(self, item_id: str) -> Iterator[Any]:
        """The ports that wake an item."""
        cell: Any = self._driver.cells.get(item_id)
        for trigger in () if cell is None else cell.triggers:
            if not isinstance(trigger, IntervalTrigger | FdTrigger):
                yield trigger.source
