"""Where a SubDevice's process data lie in the logical process image, by its FMMUs. Pure.

An FMMU maps bits of a SubDevice's memory to bits of the image that all share (ETG.1000.4, 6.6;
registers from 0x0600 on, 16 bytes each). A SubDevice with fewer than 8 bits may share a byte with
others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from attrs import frozen

from taktora.errors import BusError

__all__ = ["FMMU_LENGTH", "FMMU_REGISTERS", "Span", "spans_of"]

FMMU_REGISTERS: Final = 0x0600
FMMU_LENGTH: Final = 16

_FMMU: Final = struct.Struct("<IHBBHBBB3x")
_READ: Final = 1
_WRITE: Final = 2


@frozen
class Span:
    """Consecutive bits of the logical image."""

    start: int
    """Its first bit, counted from logical address 0."""
    bits: int
    physical: int = 0
    """Its first bit in the SubDevice's own memory."""

    @property
    def end(self) -> int:
        """The bit behind its last."""
        return self.start + self.bits

    @property
    def first_byte(self) -> int:
        """Logical address of the byte with its first bit."""
        return self.start // 8

    @property
    def bytes_touched(self) -> int:
        """How many bytes of the logical image hold bits of it."""
        return (self.end + 7) // 8 - self.first_byte if self.bits else 0

    @property
    def size(self) -> int:
        """Bytes of an image that holds these bits from bit 0 on."""
        return (self.bits + 7) // 8


NOWHERE: Final = Span(0, 0)


def spans_of(fmmus: bytes, position: int) -> tuple[Span, Span]:
    """Outputs and inputs of the SubDevice whose FMMU registers read ``fmmus``.

    Raises:
        BusError: what belongs together does not lie together.
    """
    outputs: list[Span] = []
    inputs: list[Span] = []
    for at in range(0, len(fmmus) - FMMU_LENGTH + 1, FMMU_LENGTH):
        address, length, first, last, memory, bit, kind, active = _FMMU.unpack_from(fmmus, at)
        if not active & 1 or not length:
            continue
        span = Span(8 * address + first, 8 * (length - 1) + last + 1 - first, 8 * memory + bit)
        if kind & _WRITE:
            outputs.append(span)
        if kind & _READ:
            inputs.append(span)
    return _joined(outputs, position), _joined(inputs, position)


def _joined(spans: Iterable[Span], position: int) -> Span:
    whole = NOWHERE
    for span in sorted(spans, key=lambda one: one.start):
        if whole.bits and span.start != whole.end:
            raise BusError(
                f"process data of SubDevice {position} lie in pieces: bits {whole.start} to "
                f"{whole.end - 1} and from {span.start} on; give it fewer SyncManagers"
            )
        first = whole if whole.bits else span
        whole = Span(first.start, whole.bits + span.bits, first.physical)
    return whole
