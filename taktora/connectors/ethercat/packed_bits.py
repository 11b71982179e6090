"""Images of fewer than 8 bits, which SOEM packs one behind the other, across bytes.

pysoem shows the first byte of each, and takes as many as it is given. What no image begins in is read
from the SubDevice itself, at one more frame per cycle: the last of a row of such SubDevices, at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import frozen

from taktora.connectors.ethercat.spans import Span

__all__ = ["HasImages", "PackedImage", "PackedInputs", "hand_over_packed"]


class HasImages(Protocol):
    """A SubDevice as pysoem has it."""

    input: bytes
    output: bytes


@frozen
class PackedImage:
    """One of them."""

    position: int
    slave: HasImages
    own: memoryview
    """The image that users see: from bit 0 on."""
    span: Span
    """Where it lies in SOEM's."""

    @property
    def mask(self) -> int:
        """Its bits."""
        return (1 << self.span.bits) - 1


def hand_over_packed(outputs: Sequence[PackedImage]) -> None:
    """Give all of them to SOEM: those that share a byte give the same one."""
    shared: dict[int, int] = {}
    for one in outputs:
        bits = (int.from_bytes(one.own, "little") & one.mask) << one.span.start % 8
        for number in range(one.span.bytes_touched):
            address = one.span.first_byte + number
            shared[address] = shared.get(address, 0) | bits >> 8 * number & 0xFF
    for one in outputs:
        first = one.span.first_byte
        one.slave.output = bytes(shared[first + n] for n in range(one.span.bytes_touched))


class PackedInputs:
    """Inputs of all of them. One thread.

    Args:
        images: in the order of their positions.
        read: reads bytes of the memory of a SubDevice, by its position, address and their number;
            ``None``: it did not answer.
    """

    def __init__(
        self, images: Sequence[PackedImage], read: Callable[[int, int, int], bytes | None]
    ) -> None:
        self._read = read
        self._images = images
        self._shown = {one.span.first_byte: one.slave for one in images}
        self._seen = [one for one in images if self._is_shown(one.span)]
        self._hidden = [one for one in images if not self._is_shown(one.span)]

    def take(self) -> bool:
        """Take them from SOEM, and what it does not show from the SubDevice; whether any has changed."""
        before = [one.own[0] for one in self._images]
        found = {address: slave.input[0] for address, slave in self._shown.items()}
        for one in self._seen:
            whole = found[one.span.first_byte]
            if one.span.bytes_touched > 1:
                whole |= found[one.span.first_byte + 1] << 8
            one.own[0] = whole >> one.span.start % 8 & one.mask
        for one in self._hidden:
            first, skipped = divmod(one.span.physical, 8)
            data = self._read(one.position, first, (skipped + one.span.bits + 7) // 8)
            if data is not None:
                one.own[0] = int.from_bytes(data, "little") >> skipped & one.mask
        return before != [one.own[0] for one in self._images]

    def _is_shown(self, span: Span) -> bool:
        return span.bytes_touched == 1 or span.first_byte + 1 in self._shown
