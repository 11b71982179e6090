"""The interpreter's switch interval, borrowed while executors run.

Each thread that must get the GIL from a busy one waits up to one switch interval, so it bounds
how late a wake-up can be seen. It is one setting for the whole process: with several executors
the smallest wish counts, and the original value comes back when the last one stops.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["switch_interval"]

_lock = threading.Lock()
_wishes: list[float] = []
_original: list[float] = []


@contextmanager
def switch_interval(seconds: float | None) -> Iterator[None]:
    """Switch threads at least every ``seconds`` (``None``: leave the setting alone)."""
    if seconds is None:
        yield
        return
    with _lock:
        if not _wishes:
            _original[:] = [sys.getswitchinterval()]
        _wishes.append(seconds)
        sys.setswitchinterval(min(_wishes))
    try:
        yield
    finally:
        with _lock:
            _wishes.remove(seconds)
            sys.setswitchinterval(min(_wishes) if _wishes else _original[0])
