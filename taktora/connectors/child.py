"""One process that this one has started: lines to it, lines from it, and its end."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from taktora.connectors.reports import LONGEST

__all__ = ["Child"]

_CHUNK: Final = 65536


class Child:
    """A process in a session of its own, so that a Ctrl-C in the terminal is not for it.

    Nothing here waits for it but :meth:`end`. Any thread may :meth:`send`; the rest is for one
    thread at a time.

    Args:
        command: what is started.
        environment: all of its environment.

    Raises:
        OSError: it could not be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:  # non-blocking at its end, too: it must never wait for somebody to read its log
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                command,
                stdin=subprocess.PIPE,
                stdout=write,
                stderr=write,
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        assert self._process.stdin is not None
        self._input = self._process.stdin.fileno()
        os.set_blocking(self._input, False)
        self._output = read
        self._pidfd = os.pidfd_open(self._process.pid)
        self._events = select.epoll()
        self._events.register(self._pidfd, select.EPOLLIN)
        self._events.register(self._output, select.EPOLLIN)
        self._lock = threading.Lock()
        self._unsent: deque[bytes] = deque()
        self._waits_for_room = self._last = False
        self._rest = b""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Readable when there is something to do for :meth:`lines`, :meth:`ended` or :meth:`flush`."""
        return self._events.fileno()

    # --- to it ---------------------------------------------------------------------------------------

    def send(self, line: bytes, *, last: bool = False) -> None:
        """Have it told, when it has room; ``last``: its input ends then."""
        with self._lock:
            if not self._last:
                self._unsent.append(line)
                self._last = last
                self._flush()

    def end_input(self) -> None:
        """Its input ends when it was told everything."""
        self.send(b"", last=True)

    def flush(self) -> None:
        """Go on with what it had no room for."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        while self._unsent and not self._process.stdin.closed:  # type: ignore[union-attr]
            line = self._unsent[0]
            try:
                sent = os.write(self._input, line) if line else 0
            except BlockingIOError:
                self._wait_for_room(True)
                return
            except OSError:  # it reads no more: it has ended, or is about to
                self._unsent.clear()
                break
            if sent == len(line):
                self._unsent.popleft()
            else:
                self._unsent[0] = line[sent:]
        self._wait_for_room(False)
        if self._last and not self._process.stdin.closed:  # type: ignore[union-attr]
            self._process.stdin.close()  # type: ignore[union-attr]

    def _wait_for_room(self, wanted: bool) -> None:
        if wanted == self._waits_for_room:
            return
        self._waits_for_room = wanted
        if wanted:
            self._events.register(self._input, select.EPOLLOUT)
        else:
            self._events.unregister(self._input)

    # --- from it -------------------------------------------------------------------------------------

    def lines(self) -> Iterator[bytes]:
        """What it has said since the last call, as whole lines; what is left over once it has ended."""
        while self._output >= 0:
            try:
                chunk = os.read(self._output, _CHUNK)
            except BlockingIOError:
                break
            if not chunk:  # nobody holds the other end any more
                self._events.unregister(self._output)
                os.close(self._output)
                self._output = -1
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            yield from whole
            if self._rest and (not chunk or len(self._rest) > LONGEST):
                rest, self._rest = self._rest, b""
                yield rest

    def ended(self) -> int | None:
        """How: its exit code, or the negative number of the signal; ``None``: it runs."""
        return self._process.poll()

    # --- its end -------------------------------------------------------------------------------------

    def terminate(self) -> None:
        """Ask it to end, whatever it is doing."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def end(self, patience: float, more: float) -> Iterator[bytes]:
        """Wait for its end, and what it says meanwhile. It ends for sure.

        After ``patience`` seconds it is asked by a signal, and after ``more`` seconds it is killed.
        """
        for limit, then in ((patience, self.terminate), (more, self.kill), (None, None)):
            end = None if limit is None else time.monotonic() + limit
            while self.ended() is None:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._events.poll(left)
                self.flush()
                yield from self.lines()
            if self.ended() is not None or then is None:
                break
            then()
        yield from self.lines()

    def close(self) -> None:
        """Let go of everything; it has ended."""
        with self._lock:
            self._unsent.clear()
            with suppress(OSError):
                self._process.stdin.close()  # type: ignore[union-attr]
        for descriptor in (self._output, self._pidfd):
            if descriptor >= 0:
                os.close(descriptor)
        self._output = self._pidfd = -1
        self._events.close()
