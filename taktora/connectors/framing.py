"""Frames as ports make and look at them: the header apart from its payload, and no objects in between.

What is written is what :func:`~taktora.connectors.envelope.seal` would write, and what is read is
what :func:`~taktora.connectors.envelope.unseal` would say, with one addition: a frame that has 1 in
its last two bytes of the header is guarded by a checksum of the header alone. Of a large payload the
checksum costs as much as the copy; memory that nobody writes to twice may do without it.
"""

from __future__ import annotations

import struct
from typing import Any, Final, Literal, get_args

from taktora.connectors.checksum import crc32
from taktora.connectors.envelope import CORRELATION_ID_SIZE, HEADER_SIZE, VERSION, Rejection
from taktora.errors import CodecError, InvalidArgument

__all__ = [
    "Checksum",
    "Facts",
    "check_checksum",
    "check_correlation_id",
    "compose",
    "examine",
    "octets",
]

Checksum = Literal["frame", "header"]
"""What a checksum guards: the header and the payload, or the header alone."""

Facts = tuple[int, int, bytes | None, int, int]
"""Sequence, timestamp, correlation id (``None``: all zero), length of the payload, reserved."""

_HEADER: Final = struct.Struct("<QQ32sIIIHH")
_FRONT: Final = struct.Struct("<QQ32sII")
_CRC: Final = struct.Struct("<I")
_CRC_AT: Final = _FRONT.size
_HEADER_ONLY: Final = 1
_TAILS: Final = {
    "frame": struct.pack("<HH", VERSION, 0),
    "header": struct.pack("<HH", VERSION, _HEADER_ONLY),
}
_NO_ID: Final = bytes(CORRELATION_ID_SIZE)


def compose(
    payload: bytes | memoryview,
    sequence: int,
    timestamp_ns: int,
    correlation_id: bytes | None = None,
    reserved: int = 0,
    *,
    checksum: Checksum = "frame",
) -> bytes:
    """The header that belongs in front of ``payload``. Values are not checked.

    Raises:
        struct.error: a number that its field cannot hold.
    """
    front = _FRONT.pack(sequence, timestamp_ns, correlation_id or _NO_ID, len(payload), reserved)
    tail = _TAILS[checksum]
    crc = crc32(tail, crc32(front))
    if checksum == "frame":
        crc = crc32(payload, crc)
    return front + _CRC.pack(crc) + tail


def examine(frame: memoryview) -> Facts | Rejection:
    """What the header of ``frame`` says, once it is verified; else why it is not a frame.

    Whatever the bytes are, nothing is raised.
    """
    size = len(frame)
    if size < HEADER_SIZE:
        return Rejection.SHORT
    sequence, stamp, correlation, length, reserved, crc, version, flags = _HEADER.unpack_from(frame)
    if version != VERSION:
        return Rejection.VERSION
    if length > size - HEADER_SIZE:
        return Rejection.LENGTH
    end = HEADER_SIZE if flags == _HEADER_ONLY else HEADER_SIZE + length
    if crc32(frame[_CRC_AT + 4 : end], crc32(frame[:_CRC_AT])) != crc:
        return Rejection.CHECKSUM
    return sequence, stamp, None if correlation == _NO_ID else correlation, length, reserved


def octets(data: Any, what: str) -> bytes | memoryview:
    """``data`` as plain bytes, copied only if it does not lie in one piece.

    Raises:
        CodecError: it is nothing bytes-like; ``what`` is who made it.
    """
    if type(data) is bytes:
        return data
    try:
        view = memoryview(data)
    except TypeError:
        raise CodecError(what, f"{type(data).__name__} is not bytes-like") from None
    if not view.c_contiguous:
        return view.tobytes()
    try:
        return view.cast("B")
    except (TypeError, ValueError):  # of a format, or a shape, that memoryview does not know
        return view.tobytes()


def check_checksum(checksum: Any) -> Checksum:
    """``checksum``, or ``InvalidArgument``."""
    if checksum not in get_args(Checksum):
        raise InvalidArgument(f"checksum must be 'frame' or 'header', not {checksum!r}")
    return checksum  # type: ignore[no-any-return]


def check_correlation_id(given: Any) -> None:
    """Raise ``InvalidArgument`` unless it can be a correlation id."""
    if not isinstance(given, bytes) or len(given) > CORRELATION_ID_SIZE:
        raise InvalidArgument(
            f"a correlation id is at most {CORRELATION_ID_SIZE} bytes, not {given!r}"
        )
