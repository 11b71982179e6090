"""Each SubDevice's own image of its outputs and inputs, kept in step with the MainDevice's.

pysoem copies an image at each access, and its setter copies as many bytes as it is given, past the
end of the image if there are more. So images live here, at one place from bring-up to close; outputs
are handed over when they have changed, and exactly as many bytes as there are.

SOEM packs images of fewer than 8 bits one behind the other, across bytes, and pysoem shows the first
byte of each. What no image begins in is read from the SubDevice itself, at one more frame per cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from attrs import frozen

from taktora.connectors.ethercat.spans import Span
from taktora.errors import BusError

__all__ = ["Portion", "ProcessImages"]


class HasImages(Protocol):
    """A SubDevice as pysoem has it."""

    input: bytes
    output: bytes


@frozen
class Portion:
    """A SubDevice and where its process data lie."""

    slave: HasImages
    outputs: Span
    inputs: Span


class ProcessImages:
    """Images of all SubDevices, in the order of their positions. One thread.

    Args:
        portions: of the SubDevices.
        read: reads bytes of the memory of a SubDevice, by its position, address and their number;
            ``None``: it did not answer.

    Raises:
        BusError: what the SubDevice has mapped and what the MainDevice has for it differ in length.
    """

    def __init__(
        self, portions: Sequence[Portion], read: Callable[[int, int, int], bytes | None]
    ) -> None:
        self._read = read
        self._outputs = bytearray(sum(one.outputs.size for one in portions))
        self._inputs = bytearray(sum(one.inputs.size for one in portions))
        self.outputs = tuple(_cut(self._outputs, (one.outputs.size for one in portions)))
        """Written by whoever sends."""
        inputs = tuple(_cut(self._inputs, (one.inputs.size for one in portions)))
        self.inputs = tuple(view.toreadonly() for view in inputs)
        """As the last :meth:`receive` left them."""
        self._sent = bytes(self._outputs)
        self._whole_outputs: list[tuple[HasImages, memoryview]] = []
        whole_inputs: list[tuple[HasImages, memoryview]] = []
        self._bit_outputs: list[tuple[HasImages, memoryview, Span]] = []
        bit_inputs: list[tuple[int, HasImages, memoryview, Span]] = []
        for position, (one, its_outputs, its_inputs) in enumerate(
            zip(portions, self.outputs, inputs, strict=True), 1
        ):
            if _is_whole(one.outputs, len(one.slave.output), position, "outputs"):
                self._whole_outputs.append((one.slave, its_outputs))
            else:
                self._bit_outputs.append((one.slave, its_outputs, one.outputs))
            if _is_whole(one.inputs, len(one.slave.input), position, "inputs"):
                whole_inputs.append((one.slave, its_inputs))
            else:
                bit_inputs.append((position, one.slave, its_inputs, one.inputs))
        self._whole_outputs = [one for one in self._whole_outputs if len(one[1])]
        whole_inputs = [one for one in whole_inputs if len(one[1])]
        self._whole_sources = [slave for slave, _ in whole_inputs]
        self._whole_inputs = [view for _, view in whole_inputs]
        self._received: list[bytes] = []
        self._shown_last: dict[int, int] = {}
        self._shown = {span.first_byte: slave for _, slave, _, span in bit_inputs}
        self._bit_inputs = [(view, span) for _, _, view, span in bit_inputs if self._is_shown(span)]
        self._hidden_inputs = [
            (position, view, span)
            for position, _, view, span in bit_inputs
            if not self._is_shown(span)
        ]
        self._hand_over()

    def send(self) -> None:
        """Hand over the outputs, if they have changed."""
        if self._outputs != self._sent:
            self._hand_over()

    def receive(self) -> bool:
        """Take over the inputs; whether any is another than it was. Cheap if none is."""
        received = [slave.input for slave in self._whole_sources]
        changed = received != self._received
        if changed:
            self._received = received
            for view, data in zip(self._whole_inputs, received, strict=True):
                view[:] = data
        if self._bit_inputs and self._take_bits():
            changed = True
        for position, view, span in self._hidden_inputs:
            if self._fetch(position, view, span):
                changed = True
        return changed

    def _hand_over(self) -> None:
        self._sent = bytes(self._outputs)
        for slave, view in self._whole_outputs:
            slave.output = bytes(view)
        if self._bit_outputs:
            shared: dict[int, int] = {}
            for _, view, span in self._bit_outputs:
                bits = (int.from_bytes(view, "little") & ((1 << span.bits) - 1)) << span.start % 8
                for number in range(span.bytes_touched):
                    address = span.first_byte + number
                    shared[address] = shared.get(address, 0) | bits >> 8 * number & 0xFF
            for slave, _, span in self._bit_outputs:
                slave.output = bytes(
                    shared[span.first_byte + number] for number in range(span.bytes_touched)
                )

    def _is_shown(self, span: Span) -> bool:
        return span.bytes_touched == 1 or span.first_byte + 1 in self._shown

    def _take_bits(self) -> bool:
        found = {address: slave.input[0] for address, slave in self._shown.items()}
        if found == self._shown_last:
            return False
        self._shown_last = found
        for view, span in self._bit_inputs:
            whole = found[span.first_byte]
            if span.bytes_touched > 1:
                whole |= found[span.first_byte + 1] << 8
            bits = whole >> span.start % 8 & ((1 << span.bits) - 1)
            view[:] = bits.to_bytes(span.size, "little")
        return True

    def _fetch(self, position: int, view: memoryview, span: Span) -> bool:
        first, skipped = divmod(span.physical, 8)
        found = self._read(position, first, (skipped + span.bits + 7) // 8)
        if found is None:
            return False
        bits = int.from_bytes(found, "little") >> skipped & ((1 << span.bits) - 1)
        data = bits.to_bytes(span.size, "little")
        if view == data:
            return False
        view[:] = data
        return True


def _cut(whole: bytearray, sizes: Iterable[int]) -> Iterable[memoryview]:
    view, start = memoryview(whole), 0
    for size in sizes:
        yield view[start : start + size]
        start += size


def _is_whole(span: Span, size: int, position: int, what: str) -> bool:
    """Whether the image is one of whole bytes; otherwise it has fewer than 8 bits, perhaps shared."""
    if 0 < span.bits < 8:
        return False
    if span.start % 8 or span.size != size:
        raise BusError(
            f"SubDevice {position} has mapped {span.bits} bits of {what} from bit {span.start % 8} "
            f"on, and the MainDevice has {size} bytes for them"
        )
    return True
