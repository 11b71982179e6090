"""Numbers as the bits of a field, and back. Pure."""

from __future__ import annotations

import enum
import operator
import struct
from typing import Any, Final

from taktora.connectors.ethercat.words import bits, bytes_, number
from taktora.errors import InvalidArgument, WrongType

__all__ = ["FLOATS", "from_bits", "to_bits"]

FLOATS: Final = {32: struct.Struct("<f"), 64: struct.Struct("<d")}
"""IEEE 754 numbers, by their bits."""


def to_bits(value: Any, *, bit_length: int, kind: str, signed: bool, big: bool) -> bytes:
    """``value`` in ``bit_length`` bits: the first bit lowest in the first byte, what is above zero.

    Bytes are taken as they are, whatever the ``kind``. ``big``: of numbers, the bytes are in the
    other order.

    Raises:
        InvalidArgument: it does not fit.
        WrongType: it is nothing that such a field has.
    """
    size = (bit_length + 7) >> 3
    if isinstance(value, bytes | bytearray | memoryview):
        return _checked(bytes(value), bit_length, size)
    if isinstance(value, enum.Enum) and not isinstance(value, int | float):
        value = value.value
    if kind == "float":
        data = _float_bytes(value, bit_length)
    elif kind == "int":
        data = _int_bytes(value, bit_length, size, signed=signed)
    else:
        raise WrongType(f"a field of bytes takes bytes, not {value!r}")
    return data[::-1] if big else data


def from_bits(data: bytes, *, bit_length: int, kind: str, signed: bool, big: bool) -> Any:
    """What :func:`to_bits` was given: an ``int``, a ``float``, or bytes.

    Raises:
        InvalidArgument: ``data`` is not as long as the field, or has a bit above it.
    """
    _checked(data, bit_length, (bit_length + 7) >> 3)
    if kind == "bytes":
        return data
    if big:
        data = data[::-1]
    if kind == "float":
        return FLOATS[bit_length].unpack(data)[0]
    value = int.from_bytes(data, "little")
    if signed and value >> (bit_length - 1):
        value -= 1 << bit_length
    return value


def _checked(data: bytes, bit_length: int, size: int) -> bytes:
    if len(data) != size:
        raise InvalidArgument(f"a field of {bits(bit_length)} is {bytes_(size)}, not {len(data)}")
    if bit_length & 7 and data[-1] >> (bit_length & 7):
        raise InvalidArgument(f"{data.hex(' ')} has a 1 above the {bits(bit_length)} of the field")
    return data


def _int_bytes(value: Any, bit_length: int, size: int, *, signed: bool) -> bytes:
    if isinstance(value, bool) and bit_length != 1:
        raise WrongType(
            f"{value!r} goes into a field of 1 bit; this one has {bit_length}, send {int(value)}"
        )
    try:
        whole = operator.index(value)
    except TypeError:
        raise WrongType(f"a field of whole numbers takes an int, not {value!r}") from None
    half = 1 << (bit_length - 1)
    least, most = (-half, half - 1) if signed else (0, 2 * half - 1)
    if not least <= whole <= most:
        what = "signed" if signed else "unsigned"
        raise InvalidArgument(
            f"{number(whole)} does not fit in {bits(bit_length)}, {what}: {least} to {most}"
        )
    return (whole & (2 * half - 1)).to_bytes(size, "little")


def _float_bytes(value: Any, bit_length: int) -> bytes:
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise WrongType(f"a field of kind float takes a number, not {value!r}")
    try:
        return FLOATS[bit_length].pack(float(value))
    except OverflowError:
        raise InvalidArgument(
            f"{number(value)} does not fit in a float of {bit_length} bits"
        ) from None
