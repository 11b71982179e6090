"""Reading ahead on a thread, so that unpacking a chunk does not delay the messages that are due."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import Final

from taktora.replay.facts import Message

__all__ = ["read_ahead"]

_MOST: Final = 1024  # messages
_BYTES: Final = 1 << 18
_BATCHES: Final = 4


@contextmanager
def read_ahead(messages: Iterable[Message]) -> Iterator[Iterator[Message]]:
    """The same messages, read on another thread, which ends with the block."""
    reader = _Reader(messages)
    try:
        yield reader.messages()
    finally:
        reader.stop()


class _Reader:
    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = messages
        self._queue: Queue[list[Message] | None] = Queue(_BATCHES)
        self._over = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._main, name="taktora-replay", daemon=True)
        self._thread.start()

    def messages(self) -> Iterator[Message]:
        while (batch := self._queue.get()) is not None:
            yield from batch
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        self._over.set()
        while self._thread.is_alive():
            try:
                self._queue.get_nowait()
            except Empty:
                self._thread.join(0.01)

    def _main(self) -> None:
        batch: list[Message] = []
        try:
            size = 0
            for one in self._messages:
                batch.append(one)
                size += len(one.data)
                if len(batch) >= _MOST or size >= _BYTES:
                    self._put(batch)
                    batch, size = [], 0
                if self._over.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - raised on the thread that asks
            self._error = error
        self._put(batch)
        self._put(None)

    def _put(self, batch: list[Message] | None) -> None:
        while not self._over.is_set():
            try:
                self._queue.put(batch, timeout=0.1)
            except Full:
                continue
            return
