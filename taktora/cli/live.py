"""Numbers of a run as a live table on a terminal. Needs rich (extra ``cli``)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO

from taktora.cli.aside import Aside
from taktora.cli.columns import COLUMNS, Reading, first_rows

if TYPE_CHECKING:
    from rich.console import Console, Group

__all__ = ["LiveTable"]

_MOST_AT_END = 200  # rows
_NARROW = 110  # columns, below which headings are short


class LiveTable:
    """One table that is drawn anew on each reading; what is printed meanwhile appears above it.

    Used by one thread at a time; only what others print may come from any.

    Raises:
        ImportError: rich is not installed.
    """

    poll = 0.1
    """Seconds between two calls of :meth:`flush`."""

    def __init__(self, stream: TextIO, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = console or Console(file=stream, highlight=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,  # would draw on the thread that prints: see aside.py
            redirect_stderr=False,
        )
        self._aside = Aside()

    def beside(self) -> AbstractContextManager[object]:
        """Wrap everything that may print during the run, set-up included."""
        return self._aside.replacing()

    def start(self) -> None:
        """Begin to draw."""
        self._aside.hold()
        self._live.start()

    def flush(self) -> None:
        """Show what was printed meanwhile."""
        self._print(self._aside.take())

    def show(self, reading: Reading) -> None:
        """Draw the table."""
        height = max(self._console.height - 4, 1)  # heading, summary, "and more", the cursor's line
        self._live.update(self._table(reading, height), refresh=True)

    def end(self, reading: Reading) -> None:
        """Leave the whole run on the screen."""
        self._live.stop()
        self._print(self._aside.release())
        self._console.print(self._table(reading, _MOST_AT_END))

    def _print(self, text: str) -> None:
        from rich.text import Text

        if text:
            self._console.print(Text.from_ansi(text), soft_wrap=True)

    def _table(self, reading: Reading, most: int) -> Group:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        narrow = self._console.width < _NARROW
        table = Table(box=None, pad_edge=False, padding=(0, 1 if narrow else 2, 0, 0))
        for number, column in enumerate(COLUMNS):
            table.add_column(
                Text(column.short if narrow else column.head),
                justify="right" if number else "left",
                no_wrap=True,
                overflow="ellipsis",
                min_width=None if number else 8,
            )
        items, others = first_rows(reading, most)
        for item in items:
            cells = [column.text(item, reading) for column in COLUMNS]
            table.add_row(
                *(
                    Text(cell, style=column.alarm if cell not in ("0", "-") else "")
                    for cell, column in zip(cells, COLUMNS, strict=True)
                )
            )
        more = [Text(f"and {others} more", style="dim")] if others else []
        return Group(table, *more, Text(reading.summary, style="dim"))
