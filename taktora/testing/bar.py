"""How far a long search is: a callback, or a bar where somebody can see it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

__all__ = ["Progress", "shown"]

Progress = Callable[[int, int], object]
"""Called with how many are done, and how many there are."""

_PATIENCE: Final = 1.0
"""Seconds before a bar shows: most searches are done by then."""


@contextmanager
def shown(progress: Progress | None, total: int) -> Iterator[Callable[[int], None]]:
    """Call what comes out with how many are done."""
    if progress is not None:
        yield lambda done: (progress(done, total), None)[1]
        return
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
    except ImportError:
        yield lambda _: None
        return
    bar = Bar(
        "exploring",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("exploring", total=total)
    began = monotonic()
    live = False

    def say(done: int) -> None:
        nonlocal live
        if not live:
            if monotonic() - began < _PATIENCE:
                return
            bar.start()
            live = True
        bar.update(task, completed=done)

    try:
        yield say
    finally:
        if live:
            bar.stop()
