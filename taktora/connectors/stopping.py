"""What is to happen once several actors have stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["when_all_are_done"]


def when_all_are_done(promises: Sequence[Any], then: Callable[[], object]) -> None:
    """Call ``then()`` once, when each of ``promises`` is settled: there, or here if they are.

    Never waits.
    """
    left = len(promises)
    lock = threading.Lock()

    def settled(_: object) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last:
            then()

    if not promises:
        then()
    for promise in promises:
        promise.add_done_callback(settled)
