"""Reading a recording, whole or broken."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from taktora.closing import Closing
from taktora.errors import NotARecording, RecordingError
from taktora.replay.facts import Break, Message, RecordedChannel, Tally
from taktora.replay.framing import MAGIC, Cut, parsed, walk
from taktora.replay.index import Index, chunk_records, summarised
from taktora.replay.library import import_mcap
from taktora.replay.matching import chosen
from taktora.replay.scan import scanned
from taktora.replay.schema import PROFILE
from taktora.time import Nanos

__all__ = ["Recording"]


class Recording(Closing):
    """A file that ``taktora record`` wrote: its channels, and its messages in the order of time.

    A file that was cut off, or is damaged, can be read up to there, and :attr:`broken` says where
    that is. It is read as it is needed: memory holds one chunk, about a second of it. One thread
    at a time.

    Args:
        path: of the file.

    Raises:
        NotARecording: it is empty, no MCAP file, or one that taktora did not write.
        RecordingError: it cannot be opened.
        MissingExtra: ``mcap`` is not installed.
    """

    path: Path
    """The file."""
    broken: Break | None
    """Where it cannot be read on; ``None`` for a recording that was finished.

    Damage inside a finished one is found when :meth:`messages` comes to it, which ends there then.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._mcap = import_mcap()
        self.path = Path(path)
        try:
            self._file: BinaryIO = self.path.open("rb")
        except OSError as exc:
            raise RecordingError(f"cannot open {self.path}: {exc.strerror}") from exc
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            _check_header(self._file, self._size, self.path, self._mcap)
            self._index = self._read_index()
        except BaseException:
            self._file.close()
            raise
        self.broken = self._index.broken

    def _read_index(self) -> Index:
        try:
            return summarised(self._file, self._size, self._mcap)
        except Cut:
            return scanned(self._file, self._size, self._mcap)

    @property
    def channels(self) -> tuple[RecordedChannel, ...]:
        """Every channel, in the order in which they were first seen, also those without messages."""
        return tuple(self._index.channels.values())

    @property
    def tallies(self) -> dict[str, Tally]:
        """By the channel's name: how many messages and bytes, and reads that found a buffer full."""
        return dict(self._index.tallies)

    @property
    def start_ns(self) -> Nanos | None:
        """``log_time_ns`` of the first message; ``None`` if there is none."""
        return self._index.start_ns

    @property
    def end_ns(self) -> Nanos | None:
        """``log_time_ns`` of the last message that can be read; ``None`` if there is none."""
        return self._index.end_ns

    @property
    def duration_ns(self) -> Nanos:
        """From the first message to the last one."""
        start, end = self.start_ns, self.end_ns
        return 0 if start is None or end is None else end - start

    @property
    def count(self) -> int:
        """Messages of all channels together."""
        return sum(tally.messages for tally in self._index.tallies.values())

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._file.closed

    def messages(
        self,
        channels: Collection[str] | None = None,
        *,
        start_ns: Nanos | None = None,
        end_ns: Nanos | None = None,
    ) -> Iterator[Message]:
        """Every message, in the order of time, those of one channel in the order received.

        Each call begins anew. Where the recording is broken it ends, and :attr:`broken` is set.

        Args:
            channels: names or shell patterns; ``None``: all.
            start_ns: only those with at least this ``log_time_ns``.
            end_ns: only those with less than this ``log_time_ns``.

        Raises:
            InvalidArgument: a name or pattern that fits no channel.
            RecordingError: the recording was closed.
        """
        wanted = self._wanted(channels)
        self._check_open()
        return self._messages(
            wanted,
            0 if start_ns is None else start_ns,
            float("inf") if end_ns is None else end_ns,
        )

    def _messages(self, wanted: dict[int, str], start: Nanos, end: float) -> Iterator[Message]:
        seen, latest = 0, None
        for frame, first, last in self._index.places:
            if last < start or first >= end:
                continue
            self._check_open()
            try:
                records = chunk_records(self._file, frame, self._mcap)
            except Cut as cut:
                self._found(cut, seen, latest)
                return
            for record in records:
                if not isinstance(record, self._mcap.records.Message):
                    continue
                name = wanted.get(record.channel_id)
                seen, latest = seen + 1, record.log_time
                if name is not None and start <= record.log_time < end:
                    yield Message(name, record.log_time, record.publish_time, record.data)

    def _wanted(self, channels: Collection[str] | None) -> dict[int, str]:
        by_number = {number: one.name for number, one in self._index.channels.items()}
        if channels is None:
            return by_number
        names = chosen(channels, by_number.values(), str(self.path))
        return {number: name for number, name in by_number.items() if name in names}

    def _found(self, cut: Cut, seen: int, latest: Nanos | None) -> None:
        start = self._index.start_ns
        self.broken = Break(cut.offset, self._size, cut.reason, seen, latest, start)

    def _check_open(self) -> None:
        if self.closed:
            raise RecordingError(f"the recording {self.path} was closed")

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        self._file.close()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ", broken" if self.broken else ""
        return f"<Recording {str(self.path)!r}, {self.count} messages{state}>"


def _check_header(file: BinaryIO, size: int, path: Path, mcap: Any) -> None:
    """Raise ``NotARecording`` unless the file begins as one of ours."""
    magic = file.read(len(MAGIC))
    if not magic:
        raise NotARecording(f"{path} is empty")
    if magic != MAGIC:
        if MAGIC.startswith(magic):
            raise NotARecording(f"{path} ends within its first bytes: nothing was recorded")
        raise NotARecording(f"{path} is no MCAP file; taktora record writes recordings")
    try:
        frame = next(walk(file, size))
        header = parsed(file, frame, mcap.records.Header) if frame.opcode == 1 else None
    except Cut:
        raise NotARecording(f"{path} ends within its header: nothing was recorded") from None
    if header is None or header.profile != PROFILE:
        told = "no header" if header is None else f"profile {header.profile!r}"
        by = f" by {header.library}" if header is not None and header.library else ""
        raise NotARecording(
            f"{path} is an MCAP file that was written{by}, not by taktora ({told}); only recordings "
            f"of taktora say which bytes go onto which channel"
        )
