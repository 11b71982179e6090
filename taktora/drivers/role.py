"""The driver's role: who may talk to the scheduler right now.

It belongs to the thread inside ``run*()``. While none runs, whoever needs something done takes
the role for a moment. So the scheduler has one caller at a time and needs no lock, and nothing
that was posted is ever stuck: the poster looks whether somebody drives, and so does the driver
when it is done driving.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from taktora.drivers.waitset import WaitSetDriver
from taktora.errors import ExecutorRunning

__all__ = ["DriverRole"]

_MOMENT = 0.05  # s


class DriverRole:
    """Hands the role of one driver from thread to thread. Any thread."""

    def __init__(self, driver: WaitSetDriver) -> None:
        self._driver = driver
        self._lock = threading.RLock()
        self._thread = 0
        self.on_rest: Callable[[], None] = lambda: None
        """Called when a run has ended, without the role."""
        self.over = False
        """The driver is closed: nothing is done any more. Set while holding the role."""

    def is_driven(self) -> bool:
        """Whether a run is under way."""
        return self._thread != 0

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Hold the role for a run. Waits for whoever has it for a moment.

        Raises:
            ExecutorRunning: somebody drives already.
        """
        while not self._lock.acquire(timeout=_MOMENT):
            if self.is_driven():
                raise ExecutorRunning("another thread has just begun to run this executor")
        self._thread = threading.get_ident()
        try:
            yield
        finally:
            self._thread = 0
            self._lock.release()
            self.on_rest()
        self.pump_at_rest()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the role, after the run if there is one."""
        with self._lock:
            yield

    def do(self, action: Callable[[], None]) -> None:
        """Have ``action`` done in the role: by the driver if there is one, else here and now."""
        if self._thread == threading.get_ident():
            action()
            return
        self._driver.post(action)
        self.pump_at_rest()

    def try_at_rest(self, action: Callable[[], bool]) -> bool:
        """What ``action()`` says, done here and now; ``False`` if somebody drives."""
        if self.is_driven() or not self._lock.acquire(blocking=False):
            return False
        try:
            if self.is_driven() or self.over:
                return False
            self._driver.pump()
            return action()
        finally:
            self._lock.release()

    def pump_at_rest(self) -> None:
        """While nobody drives, do what was posted."""
        while self._driver.posted and self.try_at_rest(lambda: True):
            pass
