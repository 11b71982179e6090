"""Slots of a fixed number, handed out as iceoryx2 does: the one given back last goes first."""

from __future__ import annotations

__all__ = ["Slots"]


class Slots:
    """Which slot has which port in it, by the port's number."""

    __slots__ = ("_free", "changes", "taken")

    def __init__(self, number: int) -> None:
        self._free = list(range(number - 1, -1, -1))
        self.taken: dict[int, int] = {}
        """Slot by the port's number, in the order in which they were taken."""
        self.changes = 0
        """How often anything changed, for whoever looks again only then."""

    def take(self, port: int) -> int | None:
        """A slot for ``port``; ``None`` when there is none left."""
        if not self._free:
            return None
        slot = self.taken[port] = self._free.pop()
        self.changes += 1
        return slot

    def give_back(self, port: int) -> None:
        """The port has gone."""
        self._free.append(self.taken.pop(port))
        self.changes += 1

    def by_slot(self) -> list[tuple[int, int]]:
        """Every slot that is taken with its port, lowest slot first."""
        return sorted((slot, port) for port, slot in self.taken.items())
