"""What is in a recording and where, from the summary at its end."""

from __future__ import annotations

import zlib
from collections import Counter
from typing import Any, BinaryIO, NamedTuple

from attrs import Factory, define

from taktora.errors import InvalidArgument
from taktora.replay.facts import Break, RecordedChannel, Tally
from taktora.replay.framing import MAGIC, Cut, Frame, parsed, walk
from taktora.replay.library import damage
from taktora.replay.schema import REPORT, channel_from, report_from
from taktora.time import Nanos

__all__ = ["Index", "Place", "channel_of", "chunk_records", "report_at", "summarised"]

_FOOTER_BYTES = 9 + 20


class Place(NamedTuple):
    """A chunk, and the time that it covers."""

    frame: Frame
    first_ns: Nanos
    last_ns: Nanos


@define
class Index:
    """All about a recording but its messages."""

    channels: dict[int, RecordedChannel] = Factory(dict)
    """By the number that its messages carry."""
    places: list[Place] = Factory(list)
    tallies: dict[str, Tally] = Factory(dict)
    start_ns: Nanos | None = None
    end_ns: Nanos | None = None
    broken: Break | None = None


def chunk_records(file: BinaryIO, frame: Frame, mcap: Any) -> list[Any]:
    """The schemas, channels and messages of a chunk, in order.

    Raises:
        Cut: it is not whole, or damaged.
    """
    chunk = parsed(file, frame, mcap.records.Chunk)
    try:
        records: list[Any] = mcap.stream_reader.breakup_chunk(chunk, validate_crc=True)
    except damage() as exc:
        raise Cut(frame.offset, f"a damaged chunk ({type(exc).__name__}: {exc})") from exc
    return records


def summarised(file: BinaryIO, size: int, mcap: Any) -> Index:
    """From the summary.

    Raises:
        Cut: there is none that is whole.
    """
    records, opcodes = mcap.records, mcap.opcode.Opcode
    at = size - len(MAGIC) - _FOOTER_BYTES
    if at < len(MAGIC):
        raise Cut(0, "too short for a summary")
    last = next(walk(file, size, at))
    if last.opcode != opcodes.FOOTER:
        raise Cut(at, "no footer")
    footer = parsed(file, last, records.Footer)
    _check_summary(file, footer, at)
    index = Index()
    schemas: dict[int, Any] = {}
    counts: Counter[int] = Counter()
    report: dict[str, str] = {}
    for frame in walk(file, size, footer.summary_start):
        if frame.opcode == opcodes.SCHEMA:
            schema = parsed(file, frame, records.Schema)
            schemas[schema.id] = schema
        elif frame.opcode == opcodes.CHANNEL:
            channel = parsed(file, frame, records.Channel)
            index.channels[channel.id] = channel_of(channel, schemas, frame)
        elif frame.opcode == opcodes.CHUNK_INDEX:
            one = parsed(file, frame, records.ChunkIndex)
            whole = Frame(opcodes.CHUNK, one.chunk_start_offset, one.chunk_length - 9)
            index.places.append(Place(whole, one.message_start_time, one.message_end_time))
        elif frame.opcode == opcodes.STATISTICS:
            statistics = parsed(file, frame, records.Statistics)
            counts.update(statistics.channel_message_counts)
            if statistics.message_count:
                index.start_ns = statistics.message_start_time
                index.end_ns = statistics.message_end_time
        elif frame.opcode == opcodes.METADATA_INDEX:
            place = parsed(file, frame, records.MetadataIndex)
            report |= report_at(file, Frame(opcodes.METADATA, place.offset, place.length - 9), mcap)
    messages = {one.name: counts[number] for number, one in index.channels.items()}
    try:
        index.tallies = report_from(report, messages)
    except InvalidArgument as exc:
        raise Cut(footer.summary_start, str(exc)) from exc
    return index


def _check_summary(file: BinaryIO, footer: Any, at: int) -> None:
    """What looks like an end may be payload that a cut has left there: the checksum tells."""
    if not len(MAGIC) < footer.summary_start < at:
        raise Cut(at, "no summary")
    file.seek(footer.summary_start)
    covered = file.read(at - footer.summary_start + _FOOTER_BYTES - 4)
    if zlib.crc32(covered) != footer.summary_crc:
        raise Cut(at, "a damaged summary")


def report_at(file: BinaryIO, frame: Frame, mcap: Any) -> dict[str, str]:
    """The report in a metadata record; empty if it is another one."""
    metadata = parsed(file, frame, mcap.records.Metadata)
    return dict(metadata.metadata) if metadata.name == REPORT else {}


def channel_of(channel: Any, schemas: dict[int, Any], frame: Frame) -> RecordedChannel:
    """The facts that the library's ``channel`` and its schema hold.

    Raises:
        Cut: there are none that can be read.
    """
    schema = schemas.get(channel.schema_id)
    if schema is None:
        raise Cut(frame.offset, f"channel {channel.topic!r} has no schema")
    try:
        return channel_from(channel.topic, schema.data, channel.metadata)
    except InvalidArgument as exc:
        raise Cut(frame.offset, str(exc)) from exc
