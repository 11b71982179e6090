"""A handle that can end a run, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Stoppable"]


class Stoppable:
    """A handle that can only stop a run. Thread-safe and signal-safe; may be passed around."""

    def __init__(self, stop: Callable[[], None], is_stopped: Callable[[], bool]) -> None:
        self._stop = stop
        self._is_stopped = is_stopped

    def stop(self) -> None:
        """As ``Executor.stop``."""
        self._stop()

    def is_stopped(self) -> bool:
        """Whether a stop was asked for and the run that it ends has not ended yet."""
        return self._is_stopped()
