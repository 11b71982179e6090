"""The driver's role where there is only one thread: whoever asks has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from taktora.drivers.virtual import VirtualDriver

__all__ = ["VirtualRole"]


class VirtualRole:
    """Does everything at once. One thread."""

    def __init__(self, driver: VirtualDriver, is_driven: Callable[[], bool]) -> None:
        self._driver = driver
        self.is_driven = is_driven
        """Whether a run is under way."""
        self.over = False
        """The driver is closed: nothing is done any more."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the role: always had."""
        yield

    def do(self, action: Callable[[], None]) -> None:
        """Have ``action`` done here and now."""
        if not self.over:
            action()

    def try_at_rest(self, action: Callable[[], bool]) -> bool:
        """What ``action()`` says, done here and now; ``False`` during a run."""
        if self.is_driven() or self.over:
            return False
        self._driver.pump()
        return action()
