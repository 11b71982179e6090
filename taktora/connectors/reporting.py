"""What the process of a gateway says goes to its connector, and never waits for anybody to read it."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from typing import IO, Final, cast

from taktora.connectors.reports import Failed, Logged, encode

__all__ = ["report", "report_log"]

_ERRORS: Final = 2  # the descriptor; a pipe that takes a line as a whole, or not at all


def report(what: Failed | Logged) -> None:
    """Say it, unless nobody reads, or too much waits to be read."""
    with suppress(OSError):
        os.write(_ERRORS, encode(what))


def report_log(level: int) -> None:
    """Have all that is logged at ``level`` or above, and all that is printed, said in this way."""
    root = logging.getLogger()
    root.handlers[:] = [_Handler()]
    root.setLevel(level)
    for name in ("stdout", "stderr"):
        printed = io.TextIOWrapper(
            cast("IO[bytes]", _Lossy()), encoding="utf-8", errors="replace", write_through=True
        )
        setattr(sys, name, printed)


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - a record that cannot be put into words
            self.handleError(record)
            return
        report(Logged(record.levelno, record.name, text))


class _Lossy(io.BufferedIOBase):
    """Standard error that throws away what there is no room for, instead of raising."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        whole = bytes(data)  # type: ignore[call-overload]
        with suppress(OSError):
            os.write(_ERRORS, whole)
        return len(whole)

    def fileno(self) -> int:
        return _ERRORS
