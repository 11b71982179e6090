"""The records of an MCAP file one by one, as far as they are whole.

The library's own readers take it for granted that a file is finished: at the end of a file that was
cut off they return less data than they were asked for, or raise whatever comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO, Final, NamedTuple

from taktora.replay.library import damage

__all__ = ["MAGIC", "Cut", "Frame", "body_of", "parsed", "walk"]

MAGIC: Final = b"\x89MCAP0\r\n"
_HEAD: Final = 9  # a byte that says what it is, eight for the length
_FOOTER: Final = 0x02
_LIBRARY_READS: Final = 1 << 32  # bytes; more in one record is refused by the library itself


class Frame(NamedTuple):
    """Where one record lies."""

    opcode: int
    offset: int
    """Of its first byte."""
    length: int
    """Of what follows its first nine bytes."""

    @property
    def end(self) -> int:
        """Of the byte after its last one."""
        return self.offset + _HEAD + self.length


class Cut(Exception):
    """The record at ``offset`` cannot be read."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


def walk(file: BinaryIO, size: int, start: int = len(MAGIC)) -> Iterator[Frame]:
    """Each whole record from ``start`` on, up to the footer and the magic bytes behind it.

    Raises:
        Cut: the file ends before, or holds something that is no record.
    """
    offset = start
    while True:
        file.seek(offset)
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            at_record = not head
            raise Cut(offset, "the file was not finished" if at_record else _INSIDE)
        frame = Frame(head[0], offset, int.from_bytes(head[1:], "little"))
        if not frame.opcode:
            raise Cut(offset, "zeros where a record should be")
        if frame.end > size or frame.length > _LIBRARY_READS:
            raise Cut(offset, _INSIDE)
        yield frame
        offset = frame.end
        if frame.opcode == _FOOTER:
            file.seek(offset)
            if file.read(len(MAGIC)) != MAGIC:
                raise Cut(offset, "the file ends in its last bytes")
            return


_INSIDE: Final = "the file ends inside a record"


def body_of(file: BinaryIO, frame: Frame) -> bytes:
    """What the record holds.

    Raises:
        Cut: the file became shorter meanwhile.
    """
    file.seek(frame.offset + _HEAD)
    body = file.read(frame.length)
    if len(body) < frame.length:
        raise Cut(frame.offset, _INSIDE)
    return body


def parsed(file: BinaryIO, frame: Frame, record: Any) -> Any:
    """The record as an instance of the library's class ``record``.

    Raises:
        Cut: it is damaged.
    """
    from mcap.data_stream import ReadDataStream

    body = body_of(file, frame)
    try:
        return record.read(ReadDataStream(BytesIO(body)))
    except damage() as exc:
        raise Cut(frame.offset, f"a damaged record ({type(exc).__name__}: {exc})") from exc
