"""Writing on a thread of its own, so that a slow disk does not keep the reader from reading."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final

from taktora.replay.facts import RecordedChannel
from taktora.replay.writing import RecordingWriter
from taktora.time import Nanos

__all__ = ["Background"]

_FLUSH: Final = 1.0
"""Seconds: what a power cut may cost."""
_ROOM: Final = 64 << 20
"""Bytes that may wait for the disk; more would only hide that it is too slow."""

_Batch = list[tuple[Nanos, str, bytes]]
_Given = RecordedChannel | _Batch


class Background:
    """Hands what one thread gives it to a writer, in that order, and flushes every second."""

    def __init__(self, writer: RecordingWriter) -> None:
        self._writer = writer
        self._queue: SimpleQueue[_Given | None] = SimpleQueue()
        self._given = 0
        self._done = 0
        self.error: Exception | None = None
        """Why nothing can be written any more."""
        self.size = 0
        """Bytes of the file."""
        self._thread = threading.Thread(target=self._main, name="taktora-record", daemon=True)
        self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Whether so much waits that nothing more should be given."""
        return self._given - self._done > _ROOM

    def add_channel(self, channel: RecordedChannel) -> None:
        """Declare a channel."""
        self._queue.put(channel)

    def write(self, batch: _Batch) -> None:
        """Add messages with their times, none before an earlier one's."""
        self._given += sum(len(data) for *_, data in batch)
        self._queue.put(batch)

    def finish(self, full_reads: Mapping[str, int]) -> None:
        """Write all that was given, and finish the file.

        Raises:
            RecordingError: the file could not be written, now or before.
        """
        self._queue.put(None)
        self._thread.join()
        if self.error is None:
            self._writer.finish(full_reads)
            self.size = self._writer.path.stat().st_size
        else:
            self.size = self._writer.size
            self._writer.abandon()
            raise self.error

    def _main(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised by finish, on the thread that asks
            self.error = error

    def _work(self) -> None:
        flush_at, fresh = monotonic() + _FLUSH, False
        while True:
            with suppress(Empty):
                one = self._queue.get(timeout=max(flush_at - monotonic(), 0))
                if one is None:
                    return
                self._put_down(one)
                fresh = True
            if monotonic() >= flush_at:
                if fresh:
                    self._writer.flush()
                    self.size = self._writer.size
                flush_at, fresh = monotonic() + _FLUSH, False

    def _put_down(self, one: _Given) -> None:
        if isinstance(one, RecordedChannel):
            self._writer.add_channel(one)
            return
        for at, name, data in one:
            self._writer.write(name, data, at)
            self._done += len(data)
