"""Writing a recording: chunks that are whole on the disk within a second."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import Any, Final, Literal, get_args

from taktora.closing import Closing
from taktora.errors import InvalidArgument, RecordingError
from taktora.replay.facts import RecordedChannel, Tally
from taktora.replay.library import import_mcap
from taktora.replay.schema import (
    MESSAGE_ENCODING,
    PROFILE,
    REPORT,
    SCHEMA_ENCODING,
    limits_as_metadata,
    report_as_metadata,
    schema_data,
)
from taktora.time import Nanos

__all__ = ["Compression", "RecordingWriter"]

Compression = Literal["zstd", "lz4", "none"]

_CHUNK: Final = 1 << 20  # bytes before compression


class RecordingWriter(Closing):
    """Writes messages of any number of channels to a file that any MCAP tool reads.

    Messages are collected in chunks of a megabyte: what is not in a whole chunk is lost if the
    process is killed, so :meth:`flush` now and then. One thread at a time.

    Args:
        path: of the new file.
        overwrite: replace a file that exists.
        compression: of the chunks.

    Raises:
        RecordingError: the file exists, or cannot be created.
        InvalidArgument: a compression that is not known.
        MissingExtra: ``mcap`` is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        compression: Compression = "zstd",
    ) -> None:
        if compression not in get_args(Compression):
            raise InvalidArgument(
                f"compression must be one of {', '.join(get_args(Compression))}, not {compression!r}"
            )
        mcap = import_mcap()
        self.path = Path(path)
        try:
            raw = FileIO(self.path, "w" if overwrite else "x")
        except FileExistsError:
            raise RecordingError(
                f"{self.path} exists; give another name, or say that it may be overwritten"
            ) from None
        except OSError as exc:
            raise RecordingError(f"cannot create {self.path}: {exc.strerror}") from exc
        self._file = BufferedWriter(raw)
        self._writer: Any = mcap.writer.Writer(
            self._file,
            chunk_size=_CHUNK,
            compression=getattr(mcap.writer.CompressionType, compression.upper()),
        )
        from taktora import __version__

        try:
            self._writer.start(profile=PROFILE, library=f"taktora {__version__}")
            self._file.flush()
        except OSError as exc:
            with suppress(RecordingError):
                self.abandon()
            raise self._unwritable(exc) from exc
        self._numbers: dict[str, tuple[int, RecordedChannel]] = {}
        self._sequences: dict[str, int] = {}
        self._bytes: dict[str, int] = {}
        self._latest = 0

    def add_channel(self, channel: RecordedChannel) -> None:
        """Declare a channel, before its first message.

        Raises:
            InvalidArgument: there is one of that name.
            RecordingError: the writer was closed, or the file cannot be written.
        """
        self._check_open()
        if channel.name in self._numbers:
            raise InvalidArgument(f"{self.path} has a channel {channel.name!r} already")
        schema = self._writer.register_schema(
            channel.type_name, SCHEMA_ENCODING, schema_data(channel)
        )
        number = self._writer.register_channel(
            channel.name, MESSAGE_ENCODING, schema, limits_as_metadata(channel)
        )
        self._numbers[channel.name] = number, channel
        self._sequences[channel.name] = self._bytes[channel.name] = 0

    def write(
        self, name: str, data: bytes, log_time_ns: Nanos, publish_time_ns: Nanos | None = None
    ) -> None:
        """Add a message.

        Args:
            name: of a channel that was added.
            data: the payload.
            log_time_ns: ns since 1970, not before that of any earlier message.
            publish_time_ns: ns since 1970; ``None``: the same.

        Raises:
            InvalidArgument: no such channel, a payload it cannot have, or a time that goes back.
            RecordingError: the writer was closed, or the file cannot be written.
        """
        self._check_open()
        known = self._numbers.get(name)
        if known is None:
            raise InvalidArgument(f"{self.path} has no channel {name!r}; add_channel comes first")
        number, channel = known
        if not channel.fits(len(data)):
            raise InvalidArgument(
                f"{len(data)} bytes are no payload of channel {name!r} ({channel.type_name} of "
                f"{channel.size} bytes)"
            )
        if not self._latest <= log_time_ns < 1 << 64:
            raise InvalidArgument(
                f"log_time_ns of {name!r} must not go back: {log_time_ns} after {self._latest}"
            )
        self._latest = log_time_ns
        sequence = self._sequences[name]
        self._sequences[name] = sequence + 1
        self._bytes[name] += len(data)
        try:
            self._writer.add_message(
                number,
                log_time_ns,
                data,
                log_time_ns if publish_time_ns is None else publish_time_ns,
                sequence & 0xFFFFFFFF,
            )
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def flush(self) -> None:
        """Have all messages on the disk: they survive whatever becomes of process and machine.

        Raises:
            RecordingError: the writer was closed, or the file cannot be written.
        """
        self._check_open()
        try:
            self._writer.flush()
            os.fdatasync(self._file.fileno())
        except OSError as exc:
            raise self._unwritable(exc) from exc

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._file.closed

    @property
    def size(self) -> int:
        """Bytes in the file so far."""
        return 0 if self._file.closed else self._file.tell()

    def finish(self, full_reads: Mapping[str, int] | None = None) -> None:
        """Write the rest and the summary, and close. ``full_reads`` are for its report.

        Raises:
            RecordingError: the file cannot be written; what is in it can be read up to there.
        """
        if self.closed:
            return
        lost = full_reads or {}
        tallies = {
            name: Tally(self._sequences[name], self._bytes[name], lost.get(name, 0))
            for name in self._numbers
        }
        try:
            self._writer.flush()
            self._writer.add_metadata(REPORT, report_as_metadata(tallies))
            self._writer.finish()
            self._file.flush()
            os.fdatasync(self._file.fileno())
        except OSError as exc:
            raise self._unwritable(exc) from exc
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file as it is: what a broken recording is."""
        try:
            self._file.close()
        except OSError as exc:
            self._file.raw.close()  # what is buffered will never get there
            raise self._unwritable(exc) from exc

    def close(self) -> None:
        """As :meth:`finish`. Closing twice is fine."""
        self.finish()

    def _check_open(self) -> None:
        if self.closed:
            raise RecordingError(f"the recording {self.path} was closed")

    def _unwritable(self, error: OSError) -> RecordingError:
        return RecordingError(f"cannot write {self.path}: {error.strerror}")
