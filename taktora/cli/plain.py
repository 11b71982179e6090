"""Numbers of a run as plain lines: for files, pipes and terminals without rich."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from taktora.cli.reading import Reading
from taktora.observe import port_table
from taktora.observe.table import HEADER

__all__ = ["PlainLines"]

_MOST = 50  # items per reading; the summary at the end has all
_WIDEST = 40


class PlainLines:
    """One line per item and reading, in columns, below one heading. Used by one thread at a time.

    Where there are ports they follow with a heading of their own, at every reading.
    """

    poll = 1.0
    """Seconds between two calls of :meth:`flush`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = self._port_width = 12
        self._headed = False

    def beside(self) -> AbstractContextManager[object]:
        """What others print needs no care here."""
        return nullcontext()

    def start(self) -> None:
        """Nothing until there are numbers."""

    def flush(self) -> None:
        """Nothing is held back."""

    def show(self, reading: Reading) -> None:
        """Print what there is by now."""
        once = not reading.stats.ports
        ports = self._ports(reading, _MOST)
        self._print([*self._heading(once=once), *self._rows(reading, _MOST), *ports])

    def end(self, reading: Reading) -> None:
        """Print the whole run."""
        blank = [""] if self._headed else []
        rows = self._rows(reading, len(reading.stats.items))
        rows += self._ports(reading, len(reading.stats.ports))
        self._print([*blank, *self._heading(once=False), *rows, reading.summary])

    def _heading(self, *, once: bool) -> list[str]:
        if once and self._headed:
            return []
        self._headed = True
        return [self._line("time", HEADER)]

    def _rows(self, reading: Reading, most: int) -> list[str]:
        rows, others = reading.rows(most)
        time = f"{reading.seconds:.1f}"
        lines = [self._line(time, cells) for cells in rows]
        return [*lines, f"{time:>7}  and {others} more"] if others else lines

    def _ports(self, reading: Reading, most: int) -> list[str]:
        if not reading.stats.ports:
            return []
        rows, others = reading.port_rows(most)
        time = f"{reading.seconds:.1f}"
        words = [(port.replace(" ", "_"), *others) for port, *others in rows]
        widest = max(len(port) for port, *_ in words)
        self._port_width = min(max(self._port_width, widest), _WIDEST)
        lines = [self._port_line("time", port_table.HEADER)]
        lines += [self._port_line(time, cells) for cells in words]
        return [*lines, f"{time:>7}  and {others} more"] if others else lines

    def _port_line(self, time: str, cells: Sequence[str]) -> str:
        """Words in the last column, what went wrong, may have spaces between them."""
        *others, error = cells
        return f"{_columns(time, self._port_width, others)} {error}"

    def _line(self, time: str, cells: Sequence[str]) -> str:
        item = cells[0].replace(" ", "")
        self._width = min(max(self._width, len(item)), _WIDEST)
        return _columns(time, self._width, cells)

    def _print(self, lines: list[str]) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        text = "".join(f"{line}\n" for line in lines)
        self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._stream.flush()


def _columns(time: str, width: int, cells: Sequence[str]) -> str:
    name, *numbers = (cell.replace(" ", "") for cell in cells)  # for awk: one word per column
    return " ".join([f"{time:>7}", f"{name:{width}}", *(f"{number:>8}" for number in numbers)])
