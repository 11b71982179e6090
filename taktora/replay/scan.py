"""What is in a recording that was not finished: every chunk is read, up to the break."""

from __future__ import annotations

from collections import Counter
from typing import Any, BinaryIO

from taktora.errors import InvalidArgument
from taktora.replay.facts import Break, Tally
from taktora.replay.framing import MAGIC, Cut, Frame, walk
from taktora.replay.index import Index, Place, channel_of, chunk_records, report_at
from taktora.replay.schema import report_from

__all__ = ["scanned"]


def scanned(file: BinaryIO, size: int, mcap: Any) -> Index:
    """The index of all that is whole, and where that ends."""
    scan = _Scan(file, mcap)
    offset, reason = len(MAGIC), "its summary is damaged"
    try:
        for frame in walk(file, size):
            offset = frame.offset
            scan.take_in(frame)
    except Cut as cut:
        offset, reason = cut.offset, cut.reason
    if scan.complete:
        reason += " (behind the messages: none is missing)"
    index = scan.index
    index.tallies = scan.tallies()
    index.broken = Break(offset, size, reason, scan.counts.total(), index.end_ns, index.start_ns)
    return index


class _Scan:
    """What was read so far."""

    def __init__(self, file: BinaryIO, mcap: Any) -> None:
        self.index = Index()
        self.counts: Counter[str] = Counter()
        self.complete = False
        self._file, self._mcap = file, mcap
        self._schemas: dict[int, Any] = {}
        self._bytes: Counter[str] = Counter()
        self._report: dict[str, str] = {}

    def take_in(self, frame: Frame) -> None:
        """Add what a record holds, all of it or, raising ``Cut``, none of its messages."""
        opcodes = self._mcap.opcode.Opcode
        if frame.opcode == opcodes.CHUNK:
            self._chunk(frame)
        elif frame.opcode == opcodes.METADATA:
            self._report |= report_at(self._file, frame, self._mcap)
        elif frame.opcode == opcodes.DATA_END:
            self.complete = True

    def _chunk(self, frame: Frame) -> None:
        records, index = self._mcap.records, self.index
        messages = []
        for record in chunk_records(self._file, frame, self._mcap):
            if isinstance(record, records.Schema):
                self._schemas[record.id] = record
            elif isinstance(record, records.Channel):
                index.channels[record.id] = channel_of(record, self._schemas, frame)
            else:
                messages.append(record)
        strange = {one.channel_id for one in messages} - index.channels.keys()
        if strange:
            raise Cut(frame.offset, f"messages of channel {min(strange)}, which is not declared")
        if not messages:
            return
        for message in messages:
            name = index.channels[message.channel_id].name
            self.counts[name] += 1
            self._bytes[name] += len(message.data)
        first, last = messages[0].log_time, messages[-1].log_time
        index.places.append(Place(frame, first, last))
        index.start_ns = first if index.start_ns is None else index.start_ns
        index.end_ns = last

    def tallies(self) -> dict[str, Tally]:
        """By channel."""
        try:
            told = report_from(self._report, self.counts)
        except InvalidArgument:  # damaged, as is the file: it is called broken anyway
            told = {}
        return {
            one.name: Tally(
                self.counts[one.name],
                self._bytes[one.name],
                told[one.name].full_reads if one.name in told else 0,
            )
            for one in self.index.channels.values()
        }
