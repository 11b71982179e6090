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
62      2     padding           0
64      n     payload
======  ====  ================  =================================================================
"""

from __future__ import annotations

import enum
import struct
from typing import Any, Final

from attrs import frozen

from taktora.connectors.checksum import crc32

__all__ = [
    "CORRELATION_ID_SIZE",
    "HEADER_SIZE",
    "VERSION",
    "Envelope",
    "Rejection",
    "seal",
    "unseal",
]

HEADER_SIZE: Final = 64
"""Bytes in front of the payload."""
CORRELATION_ID_SIZE: Final = 32
"""Bytes of a correlation id."""
VERSION: Final = 2
"""Of the layout."""

_HEADER: Final = struct.Struct("<QQ32sIIIHH")
_FRONT: Final = struct.Struct("<QQ32sII")  # before the checksum
_BACK: Final = struct.Struct("<HH")  # behind it
_BACK_BYTES: Final = _BACK.pack(VERSION, 0)
_NO_ID: Final = bytes(CORRELATION_ID_SIZE)
_CRC_AT: Final = 56
_crc32 = crc32


class Rejection(enum.Enum):
    """Why a frame is not what it should be."""

    SHORT = "short frame"
    """Less than a header."""
    VERSION = "unknown version"
    """Of a layout that this release does not know."""
    LENGTH = "wrong length"
    """The header promises more payload than there is."""
    CHECKSUM = "wrong checksum"
    """Something was changed on the way."""


@frozen(slots=True)
class Envelope:
    """What a header says."""

    sequence: int
    timestamp_ns: int
    correlation_id: bytes | None
    """``None``: all zero."""
    payload_len: int
    reserved: int = 0


def seal(
    buffer: Any,
    payload_len: int,
    *,
    sequence: int,
    timestamp_ns: int,
    correlation_id: bytes | None = None,
    reserved: int = 0,
) -> None:
    """Write the header into ``buffer``, whose payload is already there, behind it.

    ``buffer`` is writable, and holds at least ``HEADER_SIZE + payload_len`` bytes. Values are not
    checked: they are the writer's own. A shorter correlation id is filled up with zeros.
    """
    front = _FRONT.pack(sequence, timestamp_ns, correlation_id or _NO_ID, payload_len, reserved)
    crc = _crc32(_BACK_BYTES, _crc32(front))
    crc = _crc32(buffer[HEADER_SIZE : HEADER_SIZE + payload_len], crc)
    _HEADER.pack_into(
        buffer,
        0,
        sequence,
        timestamp_ns,
        correlation_id or _NO_ID,
        payload_len,
        reserved,
        crc,
        VERSION,
        0,
    )


def unseal(frame: Any) -> Envelope | Rejection:
    """What the header of ``frame`` says, once it is verified; else why it is not a frame.

    ``frame`` is a memoryview of bytes, or bytes. The payload is
    ``frame[HEADER_SIZE : HEADER_SIZE + payload_len]``; what is behind it is of no meaning. Whatever
    the bytes are, nothing is raised.
    """
    if len(frame) < HEADER_SIZE:
        return Rejection.SHORT
    sequence, timestamp, correlation, length, reserved, crc, version, _ = _HEADER.unpack_from(frame)
    if version != VERSION:
        return Rejection.VERSION
    if length > len(frame) - HEADER_SIZE:
        return Rejection.LENGTH
    actual = _crc32(frame[_CRC_AT + 4 : HEADER_SIZE], _crc32(frame[:_CRC_AT]))
    if _crc32(frame[HEADER_SIZE : HEADER_SIZE + length], actual) != crc:
        return Rejection.CHECKSUM
    return Envelope(
        sequence, timestamp, None if correlation == _NO_ID else correlation, length, reserved
    )
