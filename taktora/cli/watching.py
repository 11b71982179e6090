"""A thread that reads an executor's numbers once a second and has them shown.

The run itself never prints and never waits for a terminal: ``executor.stats()`` may be read from
any thread, and what cannot be shown is no reason for a run to fail.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Protocol, TextIO

from taktora.cli.live import LiveTable
from taktora.cli.plain import PlainLines
from taktora.cli.reading import Reading
from taktora.executor import Executor
from taktora.observe.counters import ExecutorStats

__all__ = ["Show", "choose_show", "watching"]

logger = logging.getLogger("taktora")

PERIOD = 1.0


class Show(Protocol):
    """Where readings go."""

    poll: float

    def beside(self) -> AbstractContextManager[object]:
        """Wraps everything that may print during the run."""
        ...

    def start(self) -> None:
        """Before the first reading."""
        ...

    def flush(self) -> None:
        """At least every ``poll`` seconds."""
        ...

    def show(self, reading: Reading) -> None:
        """Once a second."""
        ...

    def end(self, reading: Reading) -> None:
        """After the run, with rates over all of it."""
        ...


def choose_show(stream: TextIO, term: str, say: Callable[[str], object]) -> Show:
    """A live table for a terminal, else plain lines; ``say`` how to get the table without rich."""
    if not stream.isatty() or term in ("dumb", "unknown"):
        return PlainLines(stream)
    try:
        return LiveTable(stream)
    except ImportError:
        say("plain lines, for want of rich; for a live table: pip install 'taktora[cli]'")
        return PlainLines(stream)


@contextmanager
def watching(executor: Executor, show: Show) -> Iterator[None]:
    """Show ``executor``'s numbers during the block, and a summary at its end.

    Raises:
        BrokenPipeError: nobody reads what is shown; the executor was stopped, as by ``head``.
    """
    watcher = _Watcher(executor, show)
    thread = threading.Thread(target=watcher.main, name="taktora-stats", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watcher.over.set()
        thread.join()
    if watcher.broken is not None:
        raise watcher.broken


class _Watcher:
    def __init__(self, executor: Executor, show: Show) -> None:
        self.over = threading.Event()
        self.broken: BrokenPipeError | None = None
        self._executor = executor
        self._show = show
        self._first = executor.stats()
        self._began = monotonic()

    def main(self) -> None:
        try:
            self._watch()
        except BrokenPipeError as error:
            self.broken = error
            self._executor.stop()
        except Exception:
            logger.exception("the numbers can no longer be shown; the run goes on")

    def _watch(self) -> None:
        show, before, at = self._show, self._first, self._began
        show.start()
        try:
            due = at + PERIOD
            while not self.over.wait(min(show.poll, max(due - monotonic(), 0))):
                show.flush()
                now = monotonic()
                if now < due:
                    continue
                stats = self._executor.stats()
                show.show(self._reading(before, stats, since=at, now=now))
                before, at = stats, now
                due += PERIOD * max(1, (now - due) // PERIOD + 1)
        finally:
            now = monotonic()
            stats = self._executor.stats()
            show.end(self._reading(self._first, stats, since=self._began, now=now))

    def _reading(
        self, before: ExecutorStats, stats: ExecutorStats, *, since: float, now: float
    ) -> Reading:
        return Reading.between(before, stats, seconds=now - self._began, passed=now - since)
