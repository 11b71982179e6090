"""How far a recording or replay is, on a terminal; elsewhere nothing, so that nothing is in the way."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TextIO

__all__ = ["Bar", "Line", "Progress", "as_bytes", "as_time", "choose_progress", "showing"]

_PERIOD = 0.25  # s; drawing holds the interpreter for a millisecond or two
_WIDTH = 79


class Progress(NamedTuple):
    """How far it is at one moment."""

    fraction: float | None
    """0 to 1; ``None`` when the end is not known."""
    text: str


class Shown(Protocol):
    """Where progress goes. One thread."""

    def show(self, progress: Progress) -> None:
        """Draw it anew."""

    def end(self) -> None:
        """Take it away."""


class Line:
    """One line of text that is written over, without any library."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._written = False

    def show(self, progress: Progress) -> None:
        """Write over the line."""
        share = "" if progress.fraction is None else f"{progress.fraction:4.0%}  "
        self._write(f"{share}{progress.text}"[:_WIDTH])

    def end(self) -> None:
        """Leave the line empty."""
        if self._written:
            self._write("")

    def _write(self, text: str) -> None:
        self._written = True
        self._stream.write(f"\r{text:{_WIDTH}}\r{text}")
        self._stream.flush()


class Bar:
    """A bar of rich's.

    Raises:
        ImportError: rich is not installed.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._bar: Any = RichProgress(
            BarColumn(bar_width=24),
            TaskProgressColumn(show_speed=False),
            TextColumn("{task.description}", markup=False),
            console=Console(file=stream, highlight=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task: Any = None

    def show(self, progress: Progress) -> None:
        """Draw it anew."""
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        total = None if progress.fraction is None else 1.0
        self._bar.update(
            self._task,
            total=total,
            completed=progress.fraction or 0,
            description=progress.text,
            refresh=True,
        )

    def end(self) -> None:
        """Take it away."""
        if self._task is not None:
            self._bar.stop()


def choose_progress(stream: TextIO) -> Shown | None:
    """A bar on a terminal with rich, a line on one without, nothing elsewhere."""
    if not stream.isatty():
        return None
    if os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return Line(stream)
    try:
        return Bar(stream)
    except ImportError:
        return Line(stream)


@contextmanager
def showing(read: Callable[[], Progress], shown: Shown | None) -> Iterator[None]:
    """Show what ``read()`` says during the block, on a thread of its own."""
    if shown is None:
        yield
        return
    over = threading.Event()

    def main() -> None:
        try:
            while True:
                shown.show(read())
                if over.wait(_PERIOD):
                    break
        except OSError:  # the terminal is gone; what runs is more important
            return
        shown.end()

    thread = threading.Thread(target=main, name="taktora-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def as_bytes(count: float) -> str:
    """A number of bytes as people read it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def as_time(seconds: float) -> str:
    """A duration as people read it: ``1:05`` or ``2:00:07``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
