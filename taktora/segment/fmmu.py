"""FMMUs: where logical process data lies in a controller's memory, to the bit.

Registers 0x0600 + 16n (ETG.1000.4, FMMU attributes): logical start, length in bytes touched, first and
last bit, physical start and bit, type, activate.
"""

from __future__ import annotations

import struct

from attrs import frozen

from taktora.segment.registers import FMMU, FMMUS

__all__ = ["Fmmu", "Part", "active_fmmus", "insert_bits", "take_bits"]

_LAYOUT = struct.Struct("<IHBBHBBB")


@frozen
class Part:
    """What one FMMU maps of one datagram: bits counted from the datagram's and the memory's first."""

    logical: int
    """First bit, counted from the start of the datagram's data."""
    physical: int
    """First bit, counted from address 0."""
    bits: int

    @property
    def is_bytes(self) -> bool:
        """Whether both sides begin and end with whole bytes."""
        return not (self.logical | self.physical | self.bits) & 7


@frozen
class Fmmu:
    """One activated FMMU. Bits are counted LSB first, contiguous on both sides."""

    logical: int
    """First logical bit: address times 8, plus start bit."""
    physical: int
    bits: int
    reads: bool
    """The wire reads through it."""
    writes: bool

    @classmethod
    def load(cls, registers: bytes | bytearray) -> Fmmu | None:
        """From its 16 register bytes; ``None`` when it is not active, or maps nothing."""
        address, length, first, last, physical, bit, kind, active = _LAYOUT.unpack_from(registers)
        first, last, bit = first & 7, last & 7, bit & 7
        bits = length * 8 - first - (7 - last)
        if not active & 1 or length == 0 or bits <= 0 or not kind & 3:
            return None
        return cls(address * 8 + first, physical * 8 + bit, bits, bool(kind & 1), bool(kind & 2))

    def part(self, address: int, length: int) -> Part | None:
        """What of a datagram of ``length`` bytes at logical ``address`` it maps."""
        low = max(self.logical, address * 8)
        high = min(self.logical + self.bits, (address + length) * 8)
        if low >= high:
            return None
        return Part(low - address * 8, self.physical + low - self.logical, high - low)


def active_fmmus(memory: bytearray) -> tuple[Fmmu, ...]:
    """All that are active, in the order of their numbers."""
    loaded = (
        Fmmu.load(memory[FMMU + 16 * number : FMMU + 16 * number + 16]) for number in range(FMMUS)
    )
    return tuple(fmmu for fmmu in loaded if fmmu is not None)


def take_bits(source: bytes | bytearray, first: int, bits: int) -> int:
    """``bits`` bits from bit ``first`` on, as a number."""
    low, high = first >> 3, (first + bits + 7) >> 3
    return int.from_bytes(source[low:high], "little") >> (first & 7) & ((1 << bits) - 1)


def insert_bits(target: bytearray, first: int, bits: int, value: int) -> None:
    """Replace ``bits`` bits from bit ``first`` on; their neighbours stay."""
    low, high = first >> 3, (first + bits + 7) >> 3
    mask = ((1 << bits) - 1) << (first & 7)
    old = int.from_bytes(target[low:high], "little")
    target[low:high] = (old & ~mask | value << (first & 7)).to_bytes(high - low, "little")
