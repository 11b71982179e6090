"""SIGINT and SIGTERM during a run, and a wake-up for every signal.

Python runs signal handlers on the main thread, between two byte codes. A signal that arrives just
before the driver goes to sleep would wait for the next wake-up; the wake-up descriptor closes
that gap, whoever installed the handler.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["SignalPipe", "stop_on_signals"]


class SignalPipe:
    """A pipe that Python writes to when a signal arrives; only ever active on the main thread."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """The end to wait on."""
        return self._read

    def clear(self) -> bytes:
        """Take out what was written: the numbers of the signals that arrived."""
        try:
            return os.read(self._read, 4096)
        except BlockingIOError:
            return b""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Receive signals for the length of the block; a no-op off the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            seen = self.clear()
            if before != -1 and seen:  # whoever listened before us must not miss them
                os.write(before, seen)

    def close(self) -> None:
        """Release both ends."""
        for fd in (self._read, self._write):
            os.close(fd)


@contextmanager
def stop_on_signals(stop: Callable[[], object], *, install: bool) -> Iterator[None]:
    """Call ``stop()`` on the first SIGINT or SIGTERM; a second SIGINT raises KeyboardInterrupt.

    Off the main thread, or with ``install=False``, nothing is installed. Handlers are put back.
    """
    if not install or threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = False

    def handle(number: int, frame: FrameType | None) -> Any:
        nonlocal interrupted
        if number == signal.SIGINT:
            if interrupted:
                return signal.default_int_handler(number, frame)
            interrupted = True
        stop()
        return None

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: a handler that C code installed and that Python cannot put back
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
