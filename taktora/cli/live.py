"""Numbers of a run as a live table on a terminal. Needs rich (extra ``cli``)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO

from taktora.cli.aside import Aside
from taktora.cli.reading import COLUMNS, Reading
from taktora.observe.table import HEADER

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["LiveTable"]

_MOST_AT_END = 200  # rows
_NARROW = 110  # columns, below which headings are short


class LiveTable:
    """One table that is drawn anew on each reading; what is printed meanwhile appears above it.

    Used by one thread at a time; only what others print may come from any.

    Raises:
        ImportError: rich is not installed.
    """

    poll = 0.25
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
        self._live.update(self._table(reading, self._room), refresh=True)

    def end(self, reading: Reading) -> None:
        """Leave the whole run on the screen."""
        self._live.stop()
        self._print(self._aside.release())
        self._console.print(self._table(reading, _MOST_AT_END))

    @property
    def _room(self) -> int:
        """Rows that fit between heading, "and more", summary and the cursor's line."""
        return max(self._console.height - 4, 1)

    def _print(self, text: str) -> None:
        from rich.text import Text

        if text:
            self._console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)

    def _table(self, reading: Reading, most: int) -> Text:
        """Aligned text: rich's own table would hold the GIL for 12 ms where this takes less than 1."""
        from rich.cells import cell_len, set_cell_size
        from rich.text import Text

        room = self._console.width
        narrow = room < _NARROW
        heads = [column.short for column in COLUMNS] if narrow else list(HEADER)
        rows, others = reading.rows(most)
        widths = [
            max(column.width, *map(cell_len, cells))
            for column, *cells in zip(COLUMNS, heads, *rows, strict=True)
        ]
        gap = " " if narrow else "  "
        widths[0] = max(min(widths[0], room - sum(widths[1:]) - len(gap) * len(widths[1:])), 8)
        parts: list[str | tuple[str, str]] = []
        for cells in (heads, *rows):
            for at, (cell, column, width) in enumerate(zip(cells, COLUMNS, widths, strict=True)):
                if at:
                    shown = gap + cell.rjust(width)
                elif cell_len(cell) > width:
                    shown = set_cell_size(cell, width - 1) + "\N{HORIZONTAL ELLIPSIS}"
                else:
                    shown = set_cell_size(cell, width)
                alarm = column.alarm and cells is not heads and cell not in ("0", "-")
                parts.append((shown, column.alarm) if alarm else shown)
            parts.append("\n")
        if others:
            parts.append((f"and {others} more\n", "dim"))
        parts.append((reading.summary, "dim"))
        return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
