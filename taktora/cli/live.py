"""Numbers of a run as a live table, of ports as a second one, on a terminal. Needs rich (extra ``cli``)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TextIO

from taktora.cli.aligned import Part, aligned
from taktora.cli.aside import Aside
from taktora.cli.reading import COLUMNS, PORT_COLUMNS, Column, Reading
from taktora.observe import port_table
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
        from rich.text import Text

        items, ports = most, len(reading.stats.ports)
        if ports:  # which take room for a heading, "and more" and an empty line, too
            most = max(most - 3, 2)
            items = min(len(reading.stats.items), most - min(ports, most // 2))
            ports = most - items
        parts = self._part(COLUMNS, HEADER, *reading.rows(items))
        if ports:
            parts.append("\n")
            parts += self._part(PORT_COLUMNS, port_table.HEADER, *reading.port_rows(ports))
        parts.append((reading.summary, "dim"))
        return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")

    def _part(
        self,
        columns: Sequence[Column],
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        others: int,
    ) -> list[Part]:
        room = self._console.width
        narrow = room < _NARROW
        heads = [column.short for column in columns] if narrow else header
        parts = aligned(columns, heads, rows, room=room, gap=" " if narrow else "  ")
        if others:
            parts.append((f"and {others} more\n", "dim"))
        return parts
