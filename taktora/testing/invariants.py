"""What holds in every run of every topology, checked while it goes on."""

from __future__ import annotations

from typing import Any

from taktora.core.commands import Command
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import Stimulus
from taktora.drivers.virtual import Entry, VirtualDriver

__all__ = ["Invariants"]


class Invariants:
    """Watches one simulation."""

    def __init__(self, driver: VirtualDriver, scheduler: Scheduler, fairness: int) -> None:
        self._driver = driver
        self._scheduler = scheduler
        self._fairness = fairness

    def handled(self, stimulus: Stimulus, commands: tuple[Command, ...]) -> None:
        """The scheduler was told something."""

    def stepped(self, entry: Entry) -> None:
        """Somebody is about to go."""

    def dropped(self, port: Any) -> None:
        """A notification of ``port`` was lost on purpose."""

    def check(self) -> None:
        """Raise if a law was broken."""
