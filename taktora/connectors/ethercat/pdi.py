"""Slices of bits in a process image: any length at any place, the neighbours untouched.

Bit 0 is the lowest bit of byte 0, bit 8 the lowest of byte 1, and so on: the order in which EtherCAT
packs process data (ETG.1000.6, PDO mapping), and in which an FMMU counts its start and stop bit
(registers 0x0606 and 0x0607 of the first).
Pure: an image is whatever has bytes, such as a ``bytearray`` or a ``memoryview`` of format ``B``.
"""

from __future__ import annotations

import operator
from typing import Any, Final

from attrs import field, frozen

from taktora.connectors.ethercat.words import bits, bytes_, number
from taktora.errors import InvalidArgument, PayloadOverflow, WrongType

__all__ = ["LONGEST_FIELD", "Field", "read_bits", "write_bits"]

LONGEST_FIELD: Final = 1486 * 8
"""Bits of process data that one Ethernet frame has room for (ETG.1000.4: 1500 less the headers)."""
_LONGEST_NUMBER: Final = 64


def read_bits(
    image: bytes | bytearray | memoryview, bit_offset: int, bit_length: int, *, signed: bool = False
) -> int:
    """The number that stands in ``bit_length`` (1 to 64) bits of ``image`` from ``bit_offset``.

    ``signed``: as two's complement.

    Raises:
        PayloadOverflow: they are not all inside ``image``.
        InvalidArgument: ``bit_offset`` is negative, or ``bit_length`` not 1 to 64.
    """
    first, last = _bytes_of(image, bit_offset, bit_length)
    value = int.from_bytes(image[first:last], "little") >> (bit_offset & 7)
    value &= (1 << bit_length) - 1
    if signed and value >> (bit_length - 1):
        value -= 1 << bit_length
    return value


def write_bits(
    image: bytearray | memoryview,
    bit_offset: int,
    bit_length: int,
    value: int,
    *,
    signed: bool = False,
) -> None:
    """Write ``value`` into ``bit_length`` (1 to 64) bits of ``image`` from ``bit_offset``.

    Every other bit stays as it was; so does every bit, if this raises.

    Raises:
        PayloadOverflow: they are not all inside ``image``.
        InvalidArgument: ``value`` does not fit, ``bit_offset`` is negative, or ``bit_length`` not
            1 to 64.
        WrongType: ``value`` is no whole number.
    """
    first, last = _bytes_of(image, bit_offset, bit_length)
    try:
        value = operator.index(value)
    except TypeError:
        raise WrongType(f"a field of bits takes a whole number, not {value!r}") from None
    least, most = (
        (-(1 << (bit_length - 1)), (1 << (bit_length - 1)) - 1)
        if signed
        else (0, (1 << bit_length) - 1)
    )
    if not least <= value <= most:
        kind = "signed" if signed else "unsigned"
        raise InvalidArgument(
            f"{number(value)} does not fit in {bits(bit_length)}, {kind}: {least} to {most}"
        )
    shift = bit_offset & 7
    mask = ((1 << bit_length) - 1) << shift
    there = int.from_bytes(image[first:last], "little")
    there = there & ~mask | (value << shift) & mask
    image[first:last] = there.to_bytes(last - first, "little")


def _bytes_of(
    image: bytes | bytearray | memoryview, bit_offset: int, bit_length: int
) -> tuple[int, int]:
    """Which bytes the bits are in: the first, and the one behind the last."""
    if not 1 <= bit_length <= _LONGEST_NUMBER:
        raise InvalidArgument(f"bit_length must be 1 to {_LONGEST_NUMBER}, not {bit_length}")
    if bit_offset < 0:
        raise InvalidArgument(f"bit_offset must be 0 or more, not {bit_offset}")
    last = (bit_offset + bit_length + 7) >> 3
    if last > len(image):
        raise _outside(bit_offset, bit_length, len(image))
    return bit_offset >> 3, last


def _outside(bit_offset: int, bit_length: int, size: int) -> PayloadOverflow:
    end = bit_offset + bit_length
    return PayloadOverflow(
        (end + 7) >> 3,
        size,
        text=f"bits {bit_offset} to {end - 1} are not all in the image, which has {bits(8 * size)}",
    )


@frozen
class Field:
    """A slice of bits, with all that can be known of it beforehand: made once, used every cycle.

    What it reads and writes are the bits as bytes, the first bit lowest in the first byte, as many
    bytes as are needed; bits of the last byte that belong to nothing are zero.

    Args:
        bit_offset: of the first bit, from 0.
        bit_length: 1 to :data:`LONGEST_FIELD`.

    Raises:
        InvalidArgument, WrongType: one of them cannot be.
    """

    bit_offset: int
    bit_length: int
    size: int = field(init=False, eq=False, repr=False)
    """Bytes of what is read and written."""
    end: int = field(init=False, eq=False, repr=False)
    """Bytes that an image must have."""
    _first: int = field(init=False, eq=False, repr=False)
    _shift: int = field(init=False, eq=False, repr=False)
    _mask: int = field(init=False, eq=False, repr=False)  # not shifted
    _form: int = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        offset, length = self.bit_offset, self.bit_length
        for name, value, least, most in (
            ("bit_offset", offset, 0, 2**31),
            ("bit_length", length, 1, LONGEST_FIELD),
        ):
            its: Any = value
            if isinstance(its, bool) or not isinstance(its, int):
                raise WrongType(f"{name} must be an integer, not {its!r}")
            if not least <= its <= most:
                raise InvalidArgument(f"{name} must be {least} to {most}, not {its}")
        set_ = object.__setattr__
        first, end = offset >> 3, (offset + length + 7) >> 3
        set_(self, "size", (length + 7) >> 3)
        set_(self, "end", end)
        set_(self, "_first", first)
        set_(self, "_shift", offset & 7)
        set_(self, "_mask", (1 << length) - 1)
        whole = not offset & 7 and not length & 7
        set_(self, "_form", _WHOLE if whole else _IN_ONE if end - first == 1 else _ACROSS)

    def read(self, image: bytes | bytearray | memoryview) -> bytes:
        """Its bits, as bytes.

        Raises:
            PayloadOverflow: they are not all inside ``image``.
        """
        if len(image) < self.end:
            raise _outside(self.bit_offset, self.bit_length, len(image))
        if self._form == _WHOLE:
            return bytes(image[self._first : self.end])
        if self._form == _IN_ONE:
            return _BYTES[image[self._first] >> self._shift & self._mask]
        there = int.from_bytes(image[self._first : self.end], "little")
        return (there >> self._shift & self._mask).to_bytes(self.size, "little")

    def write(self, image: bytearray | memoryview, payload: bytes | bytearray | memoryview) -> None:
        """Write what :meth:`read` would give. Nothing is changed if this raises.

        Raises:
            PayloadOverflow: the bits are not all inside ``image``.
            InvalidArgument: ``payload`` has not :attr:`size` bytes, or a bit that belongs to nothing.
        """
        if len(image) < self.end:
            raise _outside(self.bit_offset, self.bit_length, len(image))
        if len(payload) != self.size:
            raise InvalidArgument(
                f"{bits(self.bit_length)} are {bytes_(self.size)} as payload, not {len(payload)}"
            )
        if self._form == _WHOLE:
            image[self._first : self.end] = payload
            return
        value = int.from_bytes(payload, "little")
        if value > self._mask:
            raise InvalidArgument(
                f"the payload of {bits(self.bit_length)} has a 1 above them: {bytes(payload).hex(' ')}"
            )
        mask, value = self._mask << self._shift, value << self._shift
        if self._form == _IN_ONE:
            image[self._first] = image[self._first] & ~mask | value
            return
        there = int.from_bytes(image[self._first : self.end], "little") & ~mask | value
        image[self._first : self.end] = there.to_bytes(self.end - self._first, "little")

    def overlaps(self, other: Field) -> bool:
        """Whether there is a bit that belongs to both."""
        return (
            self.bit_offset < other.bit_offset + other.bit_length
            and other.bit_offset < self.bit_offset + self.bit_length
        )


_WHOLE: Final = 0  # bytes, and all of each
_IN_ONE: Final = 1  # part of one byte
_ACROSS: Final = 2
_BYTES: Final = tuple(bytes((value,)) for value in range(256))
