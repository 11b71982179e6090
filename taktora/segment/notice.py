"""What controllers tell the line that they are on: what has changed since it last looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taktora.segment.application import Application

__all__ = ["Notice"]


class Notice:
    """One for all controllers of a line; read and cleared by it."""

    __slots__ = ("due", "events", "mapping", "stations", "timers")

    def __init__(self) -> None:
        self.mapping = True
        """FMMUs or SyncManagers: where logical data goes has to be found anew."""
        self.stations = True
        """A station address, or whether the alias counts."""
        self.events = True
        """An event, or the mask that lets it into frames."""
        self.timers = True
        """When time alone will next change something."""
        self.due: set[Application] = set()
        """Process data was written or read: the application's turn comes once the frame is gone."""

    def everything(self) -> None:
        """A controller is new on the line, or gone."""
        self.events = self.mapping = self.stations = self.timers = True
