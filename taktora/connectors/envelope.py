"""The fixed header in front of every payload, made and verified in pure code.

64 bytes, little-endian (API.md, Connectors):

======  ====  ================  =================================================================
offset  size  field             meaning
======  ====  ================  =================================================================
0       8     sequence          number among the frames of its writer: 0, 1, 2, ...
8       8     timestamp_ns      nanoseconds since 1970, UTC, when it was sent
16      32    correlation_id    whatever ties it to another one; all zero: nothing
48      4     payload_len       bytes of payload
52      4     reserved          for the protocol; 0 unless it uses it
56      4     crc32             CRC-32 (IEEE 802.3, as zlib's) of the header without this field,
                                then the payload
60      2     version           2
62      2     flags             0; 1: the checksum is of the header alone
64      n     payload
======  ====  ================  =================================================================
"""

from __future__ import annotations

import enum
import struct
from functools import partial
from typing import Any, Final, Literal, NamedTuple

from taktora.connectors.checksum import crc32

__all__ = [
    "CORRELATION_ID_SIZE",
    "HEADER_SIZE",
    "VERSION",
    "WHOLE_UP_TO",
    "Checksum",
    "Envelope",
    "Rejection",
    "compose",
    "seal",
    "unseal",
]

HEADER_SIZE: Final = 64
"""Bytes in front of the payload."""
CORRELATION_ID_SIZE: Final = 32
"""Bytes of a correlation id."""
VERSION: Final = 2
"""Of the layout."""
WHOLE_UP_TO: Final = 65_536
"""Bytes of payload up to which the checksum ``"auto"`` guards the payload too."""

# What follows runs once per message: methods are bound once, and nothing is packed twice.
_CRC_AT: Final = 56
_AFTER_CRC: Final = 60
_END_WHOLE: Final = struct.pack("<HH", VERSION, 0)  # version and flags, behind the checksum
_END_ALONE: Final = struct.pack("<HH", VERSION, 1)
_WHOLE: Final = int.from_bytes(_END_WHOLE, "little")
_ALONE: Final = int.from_bytes(_END_ALONE, "little")
_NO_ID: Final = bytes(CORRELATION_ID_SIZE)
_pack_summed: Final = struct.Struct("<QQ32sII4s").pack  # the header without the checksum
_pack_whole: Final = struct.Struct("<56sI4s").pack  # takes the first 56 bytes of that
_unpack: Final = struct.Struct("<QQ32sIIII").unpack_from


Checksum = Literal["auto", "frame", "header"]
"""What a checksum guards. ``"frame"``: the header and the payload; ``"header"``: the header alone;
``"auto"``: as ``"frame"`` up to :data:`WHOLE_UP_TO` bytes of payload, as ``"header"`` above."""

_GUARDED: Final = {
    "auto": WHOLE_UP_TO,
    "frame": 2**32,
    "header": -1,
}  # payloads up to so many bytes


class Rejection(enum.Enum):
    """Why a frame is not what it should be."""

    SHORT = "short frame"
    """Less than a header."""
    VERSION = "unknown version"
    """Of a layout that this release does not know: another version, or unknown flags."""
    LENGTH = "wrong length"
    """The header promises more payload than there is."""
    CHECKSUM = "wrong checksum"
    """Something was changed on the way."""


class Envelope(NamedTuple):
    """What a header says."""

    sequence: int
    """Number among the frames of its writer, from 0."""
    timestamp_ns: int
    """Nanoseconds since 1970, UTC."""
    correlation_id: bytes | None
    """32 bytes; ``None``: all zero."""
    payload_len: int
    """Bytes of payload."""
    reserved: int = 0
    """For the protocol."""


_envelope: Final = partial(
    tuple.__new__, Envelope
)  # what Envelope(...) comes to, without its frame


def compose(
    payload: bytes | memoryview,
    sequence: int,
    timestamp_ns: int,
    correlation_id: bytes | None = None,
    reserved: int = 0,
    *,
    checksum: Checksum = "auto",
) -> bytes:
    """The header that belongs in front of ``payload``. Any thread.

    Values are not checked, they are the writer's own: a shorter correlation id is filled up with
    zeros, a longer one cut.

    Raises:
        struct.error: a number that its field cannot hold.
    """
    size = len(payload)
    whole = size <= _GUARDED[checksum]
    end = _END_WHOLE if whole else _END_ALONE
    summed = _pack_summed(sequence, timestamp_ns, correlation_id or b"", size, reserved, end)
    crc = crc32(summed)
    if whole:
        crc = crc32(payload, crc)
    return _pack_whole(summed, crc, end)


def seal(
    buffer: Any,
    payload_len: int,
    *,
    sequence: int,
    timestamp_ns: int,
    correlation_id: bytes | None = None,
    reserved: int = 0,
    checksum: Checksum = "auto",
) -> None:
    """Write the header into ``buffer``, whose payload is already there, behind it.

    ``buffer`` is a writable memoryview of bytes, of at least ``HEADER_SIZE + payload_len``; what is
    behind the payload stays as it is. The rest as :func:`compose`.
    """
    payload = buffer[HEADER_SIZE : HEADER_SIZE + payload_len]
    buffer[:HEADER_SIZE] = compose(
        payload, sequence, timestamp_ns, correlation_id, reserved, checksum=checksum
    )


def unseal(frame: Any) -> Envelope | Rejection:
    """What the header of ``frame`` says, once it is verified; else why it is not a frame.

    ``frame`` is a memoryview of bytes, or bytes. The payload is
    ``frame[HEADER_SIZE : HEADER_SIZE + payload_len]``; what is behind it is of no meaning. Whatever
    the bytes are, nothing is raised. Any thread.
    """
    room = len(frame) - HEADER_SIZE
    if room < 0:
        return Rejection.SHORT
    sequence, timestamp, correlation, length, reserved, crc, end = _unpack(frame)
    if end == _WHOLE:
        summed = HEADER_SIZE + length
    elif end == _ALONE:
        summed = HEADER_SIZE
    else:
        return Rejection.VERSION
    if length > room:
        return Rejection.LENGTH
    if crc32(frame[_AFTER_CRC:summed], crc32(frame[:_CRC_AT])) != crc:
        return Rejection.CHECKSUM
    if correlation == _NO_ID:
        correlation = None
    return _envelope((sequence, timestamp, correlation, length, reserved))
