"""A watched bus on a terminal, drawn anew at each view. Needs rich (extra ``cli``)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, TextIO

from taktora.cli.aligned import Part, aligned
from taktora.cli.aside import Aside
from taktora.cli.ethercat.watch_view import View, cut, error_of, fields_of
from taktora.cli.reading import Column, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["WatchTable"]

_SUBDEVICES: Final = (
    Column("#", 3),
    Column("SubDevice", 12, text=True),
    Column("state", 7, text=True),
    Column("error", 10, "bold red", text=True),
)
_VALUES: Final = (
    Column("value of", 12),
    Column("way", 3, text=True),
    Column("value", 10, text=True),
)
_MOST_AT_END: Final = 200  # rows
_HEAD: Final = 4  # lines above the tables, and the cursor's
_STYLES: Final = {"up": "green", "degraded": "yellow", "connecting": "cyan", "down": "bold red"}


class WatchTable:
    """One picture that is drawn anew; what is printed meanwhile appears above it. One thread; only
    what others print may come from any.

    Raises:
        ImportError: rich is not installed.
    """

    period = 0.25
    """Seconds from one view to the next."""

    def __init__(self, stream: TextIO, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = console or Console(file=stream, highlight=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._aside = Aside()

    def beside(self) -> AbstractContextManager[object]:
        """Wrap everything that may print meanwhile."""
        return self._aside.replacing()

    def start(self) -> None:
        """Begin to draw."""
        self._aside.hold()
        self._live.start()

    def flush(self) -> None:
        """Show what was printed meanwhile."""
        self._print(self._aside.take())

    def show(self, view: View) -> None:
        """Draw it."""
        self._live.update(self._picture(view, max(self._console.height - 1, 1)), refresh=True)

    def end(self, view: View) -> None:
        """Leave the last view on the screen."""
        self._live.stop()
        self._print(self._aside.release())
        self._console.print(self._picture(view, _MOST_AT_END))

    def _print(self, text: str) -> None:
        from rich.text import Text

        if text:
            self._console.print(Text.from_ansi(text.removesuffix("\n")), soft_wrap=True)

    def _picture(self, view: View, height: int) -> Text:
        from rich.text import Text

        parts = [*self._head(view)]
        lines = "".join(one if isinstance(one, str) else one[0] for one in parts).count("\n")
        room = height - lines
        subdevices = [
            (str(one.position), printable(one.name), one.state, error_of(one) or "-")
            for one in view.subdevices
        ]
        values = [(printable(one.name), one.way, printable(one.text)) for one in view.values]
        if values:
            least = min(len(values), 4) + 3
            parts += self._table(_SUBDEVICES, subdevices, max(room - least, 3))
            room -= min(len(subdevices) + 2, max(room - least, 3))
            parts += self._table(_VALUES, values, max(room, 3))
        else:
            parts += self._table(_SUBDEVICES, subdevices, room)
        whole = Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
        every = whole.split("\n")
        newline = Text("\n", no_wrap=True, overflow="ellipsis")
        return newline.join(every[:height])

    def _head(self, view: View) -> list[Part]:
        style = _STYLES.get(view.health.partition(":")[0].strip(), "")
        time = f"{view.seconds:.1f} s"
        parts: list[Part] = [(f"{printable(view.name)}  ", "bold")]
        parts += [(printable(view.health), style), (f"  {time}\n", "dim")]
        width = 0
        for name, text, alarm in fields_of(view):
            size = len(name) + 1 + len(text)
            if width and width + 3 + size > self._console.width:
                parts.append("\n")
                width = 0
            if width:
                parts.append("   ")
                width += 3
            parts += [(f"{name} ", "dim"), (text, "bold red") if alarm else text]
            width += size
        if width:
            parts.append("\n")
        return parts

    def _table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], height: int
    ) -> list[Part]:
        """At most so many lines, an empty one and the heading included."""
        if not rows:
            return []
        some, others = cut(rows, height - 2)
        if others:
            some, others = cut(rows, height - 3)
        heads = [column.short for column in columns]
        parts: list[Part] = ["\n"]
        parts += aligned(columns, heads, some, room=self._console.width, gap="  ")
        if others:
            parts.append((f"and {others} more\n", "dim"))
        return parts
