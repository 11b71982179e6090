"""Types of objects by the short names that people give them: ``u16``, ``f32``, ``string``. Pure.

A SubDevice names a type by a number (CiA 301, table 44; ETG.1020, base data types). Numbers are
little-endian, and take as many bytes as their bits need.
"""

from __future__ import annotations

import math
import struct
from types import MappingProxyType
from typing import Final, Literal

from attrs import frozen

from taktora.errors import BusError, InvalidArgument

__all__ = ["BYTES", "TYPES", "ObjectType", "Value", "decode", "encode", "in_words", "type_of"]

Value = bool | int | float | str | bytes
"""What an object may hold."""

_FLOATS: Final = {32: "<f", 64: "<d"}


@frozen
class ObjectType:
    """One of them."""

    name: str
    kind: Literal["bool", "unsigned", "signed", "float", "text", "bytes"]
    bits: int = 0
    """How long its values are; 0: any number of bytes."""

    @property
    def size(self) -> int:
        """Bytes; 0: any number."""
        return (self.bits + 7) // 8


def _known() -> dict[str, ObjectType]:
    every = [ObjectType("bool", "bool", 1)]
    for bits in range(8, 65, 8):
        every += [ObjectType(f"u{bits}", "unsigned", bits), ObjectType(f"i{bits}", "signed", bits)]
    every += [ObjectType(f"bit{bits}", "unsigned", bits) for bits in range(1, 9)]
    every += [ObjectType(f"f{bits}", "float", bits) for bits in _FLOATS]
    every += [ObjectType("string", "text"), ObjectType("bytes", "bytes")]
    return {one.name: one for one in every}


TYPES: Final = MappingProxyType(_known())
"""By name."""
BYTES: Final = TYPES["bytes"]

_BY_NUMBER: Final = {
    0x0001: "bool", 0x0002: "i8", 0x0003: "i16", 0x0004: "i32", 0x0005: "u8", 0x0006: "u16",
    0x0007: "u32", 0x0008: "f32", 0x0009: "string", 0x000A: "bytes", 0x000B: "bytes",
    0x000F: "bytes", 0x0010: "i24", 0x0011: "f64", 0x0012: "i40", 0x0013: "i48", 0x0014: "i56",
    0x0015: "i64", 0x0016: "u24", 0x0018: "u40", 0x0019: "u48", 0x001A: "u56", 0x001B: "u64",
    0x001E: "u8", 0x001F: "u16", 0x0020: "u32", 0x002D: "u8", 0x002E: "u16", 0x002F: "u32",
    0x0030: "bit1", 0x0031: "bit2", 0x0032: "bit3", 0x0033: "bit4", 0x0034: "bit5",
    0x0035: "bit6", 0x0036: "bit7", 0x0037: "bit8",
}  # fmt: skip
_LAST_BASIC: Final = 0x07FF  # above are a SubDevice's own: enumerations, and structures


def type_of(number: int, bits: int) -> ObjectType:
    """The type that a SubDevice calls ``number``, for an entry of so many bits.

    Enumerations and such are whole numbers if their length is that of one; all else is bytes.
    """
    known = TYPES.get(_BY_NUMBER.get(number, ""))
    if known is not None and known.bits in (0, bits):
        return known
    if number > _LAST_BASIC or known is not None:
        return TYPES.get(f"u{bits}") or TYPES.get(f"bit{bits}") or BYTES
    return BYTES


def decode(kind: ObjectType, data: bytes) -> Value:
    """The value that ``data`` are.

    Raises:
        BusError: they are none of that type.
    """
    if kind.kind == "bytes":
        return data
    if kind.kind == "text":
        return data.rstrip(b"\0").decode("latin-1")
    if len(data) != kind.size:
        raise BusError(f"the object has {len(data)} bytes; {_a(kind)} has {kind.size}")
    if kind.kind == "float":
        real: float = struct.unpack(_FLOATS[kind.bits], data)[0]
        return real
    number = int.from_bytes(data, "little", signed=kind.kind == "signed")
    return bool(number) if kind.kind == "bool" else number


def encode(kind: ObjectType, text: str) -> bytes:
    """What somebody typed, as bytes: ``12``, ``0x1F``, ``-3``, ``1.5``, ``true``, ``12 34 ab``.

    Raises:
        InvalidArgument: it is no value of that type.
    """
    if kind.kind == "text":
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            raise InvalidArgument(f"{text!r} has characters that are not in Latin-1") from None
    if kind.kind == "bytes":
        try:
            return bytes.fromhex(text.replace(":", " ").removeprefix("0x"))
        except ValueError:
            raise InvalidArgument(
                f"{text!r} is no bytes, as in '12 34 ab'; for a number, say its --type"
            ) from None
    if kind.kind == "float":
        return _float(kind, text)
    number = _whole(kind, text)
    signed = kind.kind == "signed"
    least, most = (-(1 << kind.bits - 1), (1 << kind.bits - 1) - 1) if signed else (
        0, (1 << kind.bits) - 1
    )  # fmt: skip
    if not least <= number <= most:
        raise InvalidArgument(f"{text} is not in the range of {_a(kind)}, {least} to {most}")
    return number.to_bytes(kind.size, "little", signed=signed)


def in_words(kind: ObjectType, data: bytes) -> str:
    """``data`` for people, decimal and hexadecimal: ``4660 (0x1234)``; of the wrong length: as bytes."""
    if kind.bits and len(data) != kind.size:
        kind = BYTES
    value = decode(kind, data)
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, bytes):
        number = int.from_bytes(value, "little")
        also = f" = {number} (0x{number:0{2 * len(value)}X})" if 1 <= len(value) <= 8 else ""
        return f"{value.hex(' ')}{also}" if value else "no bytes"
    shown = str(value).lower() if isinstance(value, bool) else f"{value:.9g}" if isinstance(
        value, float
    ) and kind.bits == 32 else repr(value)  # fmt: skip
    return f"{shown} (0x{int.from_bytes(data, 'little'):0{2 * kind.size}X})"


def _float(kind: ObjectType, text: str) -> bytes:
    try:
        value = float(text)
        data = struct.pack(_FLOATS[kind.bits], value)
    except ValueError:
        raise InvalidArgument(f"{text!r} is no number") from None
    except OverflowError:
        raise InvalidArgument(f"{text} is too large for {_a(kind)}") from None
    if math.isinf(value) and "inf" not in text.lower():
        raise InvalidArgument(f"{text} is too large for {_a(kind)}")
    return data


def _whole(kind: ObjectType, text: str) -> int:
    if kind.kind == "bool" and text.lower() in ("true", "false"):
        return int(text.lower() == "true")
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return int(text)  # with zeros in front, which Python takes for a mistake
    except ValueError:
        wanted = "true, false, 1 or 0" if kind.kind == "bool" else "a whole number"
        raise InvalidArgument(f"{text!r} is not {wanted}, as {_a(kind)} has") from None


def _a(kind: ObjectType) -> str:
    return f"{'an' if kind.name[0] in 'if' else 'a'} {kind.name}"
