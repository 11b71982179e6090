"""A watched bus as plain lines: for files, pipes and terminals without rich."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TextIO

from taktora.cli.ethercat.watch_view import View, counted, error_of
from taktora.cli.reading import printable

__all__ = ["WatchLines"]

_EVERY: Final = 0.99
"""Seconds from one line of counters to the next; a little less than a second, which it is to be."""


class WatchLines:
    """A line of counters once a second; health, SubDevices and values when they have changed.

    One thread.
    """

    period = 0.25
    """Seconds from one view to the next."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._said: dict[str, str] = {}
        self._due = 0.0
        self._last: View | None = None

    def beside(self) -> AbstractContextManager[object]:
        """What others print needs no care here."""
        return nullcontext()

    def start(self) -> None:
        """Nothing until there is something."""

    def flush(self) -> None:
        """Nothing is held back."""

    def show(self, view: View) -> None:
        """What is new."""
        self._print(view, self._changed(view))
        self._last = view

    def end(self, view: View) -> None:
        """As it is at the end, with its counters."""
        if view is not self._last:
            self._due = 0.0
            self.show(view)

    def _changed(self, view: View) -> Iterator[tuple[str, str]]:
        if view.seconds >= self._due and (counters := _counters(view)) is not None:
            self._due = view.seconds + _EVERY
            yield "bus", counters
        for what, text in _facts(view):
            if self._said.get(what) != text:
                self._said[what] = text
                yield what, text

    def _print(self, view: View, lines: Iterator[tuple[str, str]]) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        for what, said in lines:
            line = f"{view.seconds:8.1f}  {printable(what)}  {printable(said)}\n"
            self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()


def _counters(view: View) -> str | None:
    stats = view.statistics
    if stats is None:
        return None
    parts = [f"cycles={stats.cycles}", f"wkc={stats.wkc}/{stats.expected_wkc}"]
    parts += [f"{name}={count}" for name, count, _ in counted(stats)]
    for name, spread in (("late", stats.lateness), ("exchange", stats.exchange)):
        if spread is not None:
            parts.append(f"{name}_p99_us={spread.p99 / 1000:.0f}")
    return " ".join(parts)


def _facts(view: View) -> Iterator[tuple[str, str]]:
    yield "health", view.health
    for one in view.subdevices:
        why = error_of(one)
        yield (
            f"SubDevice {one.position} {one.name}".rstrip(),
            f"{one.state}{f': {why}' if why else ''}",
        )
    for value in view.values:
        yield f"{value.way} {value.name}", value.text
