"""How a command ends early: with a message and an exit code, or because somebody asked it to."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["FAILED", "REFUSED", "CommandError", "Ending", "Interrupted"]

FAILED = 1
"""It ran, and what ran failed."""
REFUSED = 2
"""Nothing ran: wrong usage, or a target that cannot be built."""


class CommandError(Exception):
    """Ends the command; the text is for the user, on standard error."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Interrupted(KeyboardInterrupt):
    """Asked to end before the run, or between its end and ours."""


class Ending:
    """Signals that ask a command to end, at whatever moment, so that it cleans up first.

    A killed process leaves its files in shared memory. While an executor runs on this thread, it
    takes care of SIGINT and SIGTERM itself.
    """

    def __init__(self) -> None:
        self.stop: Callable[[], object] | None = None
        """Ends what runs at the moment."""
        self._asked = False

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Main thread only. Handlers are put back; what was ignored (``nohup``) stays ignored."""
        numbers = [
            number
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if signal.getsignal(number) not in (signal.SIG_IGN, None)
        ]
        before = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def over(self) -> None:
        """The run has ended: all that is left to do is to clean up, which only Ctrl-C breaks off."""
        self.stop, self._asked = None, True

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.stop is not None:
            self.stop()
        elif not self._asked:
            self._asked = True
            raise Interrupted
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
