"""Basic data types of CoE (CiA 301, ETG.1000.6 and ETG.1020), and how their values are bits.

Everything is little-endian. A value of so many bits takes up the bytes that hold them; a value in
process data takes up exactly its bits.
"""

from __future__ import annotations

import enum
import math
import struct
from typing import Final

from taktora.errors import InvalidArgument, WrongType
from taktora.segment.aborts import Abort, Refused

__all__ = ["DataType", "Value", "check_value", "decode", "encode", "from_raw", "to_raw"]

Value = bool | int | float | str | bytes
"""What an entry may hold."""


class DataType(enum.IntEnum):
    """By the index that it has in the object dictionary."""

    BOOLEAN = 0x0001
    INTEGER8 = 0x0002
    INTEGER16 = 0x0003
    INTEGER32 = 0x0004
    UNSIGNED8 = 0x0005
    UNSIGNED16 = 0x0006
    UNSIGNED32 = 0x0007
    REAL32 = 0x0008
    VISIBLE_STRING = 0x0009
    OCTET_STRING = 0x000A
    REAL64 = 0x0011
    INTEGER64 = 0x0015
    UNSIGNED64 = 0x001B
    BIT2 = 0x0031
    BIT3 = 0x0032
    BIT4 = 0x0033
    BIT5 = 0x0034
    BIT6 = 0x0035
    BIT7 = 0x0036
    BIT8 = 0x0037

    @property
    def bits(self) -> int:
        """How long its values are; 0: as long as the entry says."""
        return _BITS[self]

    @property
    def is_text(self) -> bool:
        """Of any length, up to what the entry says."""
        return self in (DataType.VISIBLE_STRING, DataType.OCTET_STRING)

    @property
    def is_real(self) -> bool:
        """A floating point number."""
        return self in _REALS

    @property
    def is_signed(self) -> bool:
        """An integer that may be negative."""
        return self.name.startswith("INTEGER")

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest value of an integer type."""
        if self.is_signed:
            return -(1 << self.bits - 1), (1 << self.bits - 1) - 1
        return 0, (1 << self.bits) - 1


_REALS: Final = {DataType.REAL32: struct.Struct("<f"), DataType.REAL64: struct.Struct("<d")}


def _bits(kind: DataType) -> int:
    if kind is DataType.BOOLEAN:
        return 1
    digits = kind.name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
    return int(digits) if digits else 0


_BITS: Final = {kind: _bits(kind) for kind in DataType}


def check_value(kind: DataType, bits: int, value: Value, what: str) -> None:
    """See that Python may put ``value`` there.

    Args:
        kind: its type.
        bits: how much room there is.
        value: to be looked at.
        what: so it is called in errors.

    Raises:
        WrongType: a value of another type.
        InvalidArgument: it does not fit.
    """
    wanted: type | tuple[type, ...]
    if kind is DataType.BOOLEAN:
        wanted = bool
    elif kind is DataType.VISIBLE_STRING:
        wanted = str
    elif kind is DataType.OCTET_STRING:
        wanted = bytes
    else:
        wanted = (int, float) if kind.is_real else int
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not DataType.BOOLEAN):
        raise WrongType(f"{what} is of type {kind.name}, which {value!r} is not")
    if isinstance(value, str | bytes):
        try:
            size = len(value.encode("latin-1")) if isinstance(value, str) else len(value)
        except UnicodeEncodeError:
            raise InvalidArgument(f"{what} holds Latin-1 text, which {value!r} is not") from None
        if size > bits // 8:
            raise InvalidArgument(f"{what} holds up to {bits // 8} bytes, not {size}")
    elif kind in _REALS:
        try:
            _REALS[kind].pack(value)
        except OverflowError:
            raise InvalidArgument(
                f"{what} is of type {kind.name}: {value!r} is too large"
            ) from None
    else:
        least, most = kind.limits
        if not least <= value <= most:
            raise InvalidArgument(f"{what} must be {least} to {most}, not {value}")


def encode(kind: DataType, value: Value) -> bytes:
    """The bytes of a value that fits."""
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, bytes):
        return value
    return to_raw(kind, value).to_bytes((kind.bits + 7) // 8, "little")


def decode(kind: DataType, bits: int, data: bytes) -> Value:
    """The value that a MainDevice has written as ``data``.

    Raises:
        Refused: too long, too short, or bits beyond the type's are set.
    """
    size = (bits + 7) // 8
    if len(data) > size:
        raise Refused(Abort.TOO_LONG)
    if kind is DataType.VISIBLE_STRING:
        return data.decode("latin-1")
    if kind is DataType.OCTET_STRING:
        return data
    if len(data) < size:
        raise Refused(Abort.TOO_SHORT)
    raw = int.from_bytes(data, "little")
    if raw >> bits:
        raise Refused(Abort.VALUE_TOO_GREAT)
    return from_raw(kind, raw)


def to_raw(kind: DataType, value: Value) -> int:
    """A number as an unsigned integer of the type's bits, as it lies in process data."""
    if kind in _REALS:
        return int.from_bytes(_REALS[kind].pack(value), "little")
    assert not isinstance(value, str | bytes)
    return int(value) & ((1 << kind.bits) - 1)


def from_raw(kind: DataType, raw: int) -> Value:
    """The number whose bits are ``raw``."""
    if kind is DataType.BOOLEAN:
        return raw != 0
    if kind in _REALS:
        real: float = _REALS[kind].unpack(raw.to_bytes(kind.bits // 8, "little"))[0]
        return real
    if kind.is_signed and raw >> kind.bits - 1:
        return raw - (1 << kind.bits)
    return raw


def is_within(value: Value, least: float | None, most: float | None) -> Abort | None:
    """Why a number is out of its range; ``None``: it is not. Not-a-number is within no range."""
    if isinstance(value, str | bytes):
        return None
    if math.isnan(value) and (least is not None or most is not None):
        return Abort.VALUE_RANGE
    if most is not None and value > most:
        return Abort.VALUE_TOO_GREAT
    if least is not None and value < least:
        return Abort.VALUE_TOO_SMALL
    return None
