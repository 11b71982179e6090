"""A thread that looks at a bus from time to time and has it shown, while an executor runs it.

What cannot be shown is no reason for a bus to stop, unless nobody reads on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Protocol, TextIO

from taktora.cli.ethercat.watch_lines import WatchLines
from taktora.cli.ethercat.watch_table import WatchTable
from taktora.cli.ethercat.watch_view import View

__all__ = ["Show", "choose_show", "looking"]

logger = logging.getLogger("taktora")


class Show(Protocol):
    """Where views go."""

    period: float

    def beside(self) -> AbstractContextManager[object]:
        """Wraps everything that may print meanwhile."""
        ...

    def start(self) -> None:
        """Before the first view."""
        ...

    def flush(self) -> None:
        """At each look."""
        ...

    def show(self, view: View) -> None:
        """At each look."""
        ...

    def end(self, view: View) -> None:
        """After the last look."""
        ...


def choose_show(stream: TextIO, term: str, say: Callable[[str], object]) -> Show:
    """A live table for a terminal, else plain lines; ``say`` how to get the table without rich."""
    if not stream.isatty() or term in ("dumb", "unknown"):
        return WatchLines(stream)
    try:
        return WatchTable(stream)
    except ImportError:
        say("plain lines, for want of rich; for a live table: pip install 'taktora[cli]'")
        return WatchLines(stream)


@contextmanager
def looking(read: Callable[[], View], show: Show, stop: Callable[[], object]) -> Iterator[None]:
    """Show what ``read()`` says during the block, and as it was at its end; ``stop()`` when nobody
    reads on. ``read`` is called on the other thread.

    Raises:
        BrokenPipeError: nobody reads what is shown.
    """
    over = threading.Event()
    broken: list[BrokenPipeError] = []

    def main() -> None:
        try:
            show.start()
            view = read()
            due = monotonic()
            try:
                while True:
                    show.flush()
                    show.show(view)
                    due = max(due + show.period, monotonic())
                    ended = over.wait(due - monotonic())
                    view = read()
                    if ended:
                        break
            finally:
                show.end(view)
        except BrokenPipeError as error:
            broken.append(error)
            stop()
        except Exception:
            logger.exception("the bus can no longer be shown; it runs on")

    thread = threading.Thread(target=main, name="taktora-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if broken:
        raise broken[0]
