"""Who waits for what comes to a reader: counted in a simulation, followed by numbers on threads."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from taktora.actors.item import item
from taktora.errors import PortClosed
from taktora.testing.connector_contract import Reader

__all__ = ["Waiting", "Wakeups"]


class Wakeups:
    """Counts how often an item that waits for a reader is woken.

    Only where nothing happens by itself: on threads, whoever takes a value before the item has looked
    leaves it nothing to wake up for.
    """

    def __init__(self, executor: Any, reader: Any) -> None:
        self.count = 0
        self._ref = executor.add(item(self._woken, triggers=lambda on: on.subscriber(reader)))

    def _woken(self) -> None:
        self.count += 1

    def __call__(self) -> int:
        """How often so far."""
        return self.count

    def stop(self) -> None:
        """Do not wait any more."""
        self._ref.stop()


class Waiting:
    """An item that waits for a reader of its own, and takes whatever there is each time it is woken.

    Nobody else takes from that reader, so it sees, sooner or later, the newest value that any other
    reader of the channel was handed: or it was not woken.
    """

    def __init__(self, executor: Any, reader: Reader) -> None:
        self.newest = -1
        """Number of the latest value that it has taken."""
        self._reader: Any = reader
        self._ref = executor.add(item(self._woken, triggers=lambda on: on.subscriber(reader)))

    def _woken(self) -> None:
        with suppress(PortClosed):  # the connector is closed while this runs
            while (got := self._reader.try_recv()) is not None:
                self.newest = got.sequence

    def stop(self) -> None:
        """Do not wait any more."""
        self._ref.stop()
