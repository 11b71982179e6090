"""The functions of the ``time`` module, in virtual time, for as long as an item executes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from taktora.time import NANOS_PER_SECOND, Nanos, to_nanos

__all__ = ["EPOCH_NS", "VirtualClocks"]

EPOCH_NS: Final[Nanos] = 946_684_800 * NANOS_PER_SECOND
"""What ``time.time_ns()`` says at virtual time 0: 2000-01-01 00:00 UTC."""


class VirtualClocks:
    """Stands in for ``time.time``, ``monotonic``, ``perf_counter`` (with ``_ns``) and ``sleep``.

    For code that says ``time.sleep(...)``; a function that was imported by name is not replaced, and
    ``datetime.now()`` reads the real clock.
    """

    def __init__(self, clock: Callable[[], Nanos], spend: Callable[[Nanos], None]) -> None:
        def seconds() -> float:
            return clock() / NANOS_PER_SECOND

        def sleep(duration: float) -> None:
            spend(to_nanos(duration, what="the length of a sleep", zero=True))

        self._virtual: dict[str, Callable[..., Any]] = {
            "monotonic": seconds,
            "monotonic_ns": clock,
            "perf_counter": seconds,
            "perf_counter_ns": clock,
            "time": lambda: EPOCH_NS / NANOS_PER_SECOND + seconds(),
            "time_ns": lambda: EPOCH_NS + clock(),
            "sleep": sleep,
        }
        self._real = {name: getattr(time, name) for name in self._virtual}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Virtual time for the length of the block."""
        for name, function in self._virtual.items():
            setattr(time, name, function)
        try:
            yield
        finally:
            for name, function in self._real.items():
                setattr(time, name, function)
