"""What a program prints while a live table stands at the bottom of its terminal.

``print`` on the thread of a run must not wait for a table to be drawn. So the text is put aside,
and the thread that draws prints it above the table.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

__all__ = ["Aside"]

_ROOM = 1 << 20  # characters: a terminal that stands still (Ctrl-S) must not eat all memory


class Aside:
    """Holds text back between :meth:`hold` and :meth:`release`. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holding = False
        self._parts: list[str] = []
        self._size = 0
        self._lost = 0

    @contextmanager
    def replacing(self) -> Iterator[None]:
        """Take the place of the standard streams that are terminals."""
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (
            cast(TextIO, _Stream(stream, self)) if stream.isatty() else stream for stream in before
        )
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            if left := self.release():  # nobody drew to the end
                print(left, end="", flush=True)

    def hold(self) -> None:
        """From now on, keep what is printed."""
        with self._lock:
            self._holding = True

    def release(self) -> str:
        """From now on, let it through; what was not taken yet."""
        with self._lock:
            self._holding = False
            return self._take("".join(self._parts), rest="")

    def take(self) -> str:
        """The complete lines that were printed since the last time."""
        with self._lock:
            text, newline, rest = "".join(self._parts).rpartition("\n")
            return self._take(text + newline, rest)

    def put(self, text: str) -> bool:
        """Keep ``text``, or ``False`` while nothing is held back."""
        with self._lock:
            if not self._holding:
                return False
            if self._size + len(text) > _ROOM:
                self._lost += text.count("\n")
            else:
                self._parts.append(text)
                self._size += len(text)
            return True

    def _take(self, text: str, rest: str) -> str:
        self._parts, self._size = [rest], len(rest)
        if self._lost:
            text += f"({self._lost} lines came too fast to be shown)\n"
            self._lost = 0
        return text


class _Stream:
    """A standard stream whose text may be put aside; everything else is the stream's."""

    def __init__(self, stream: TextIO, aside: Aside) -> None:
        self._stream = stream
        self._aside = aside

    def write(self, text: str) -> int:
        return len(text) if self._aside.put(text) else self._stream.write(text)

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
