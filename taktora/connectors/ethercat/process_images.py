"""Each SubDevice's own image of its outputs and inputs, kept in step with the MainDevice's.

pysoem copies an image at each access, and its setter copies as many bytes as it is given, past the
end of the image if there are more. So images live here, at one place from bring-up to close; outputs
are handed over when they have changed, and exactly as many bytes as there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress

from attrs import frozen

from taktora.connectors.ethercat.packed_bits import (
    HasImages,
    PackedImage,
    PackedInputs,
    hand_over_packed,
)
from taktora.connectors.ethercat.spans import Span
from taktora.errors import BusError

__all__ = ["Portion", "ProcessImages"]


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
        read: as :class:`PackedInputs` has it.

    Raises:
        BusError: what a SubDevice has mapped and what the MainDevice has for it differ in length.
    """

    def __init__(
        self, portions: Sequence[Portion], read: Callable[[int, int, int], bytes | None]
    ) -> None:
        for position, one in enumerate(portions, 1):
            _check(one.outputs, len(one.slave.output), position, "outputs")
            _check(one.inputs, len(one.slave.input), position, "inputs")
        self._outputs = bytearray(sum(one.outputs.size for one in portions))
        self._sent = bytes(self._outputs)
        self.outputs = tuple(_cut(self._outputs, (one.outputs.size for one in portions)))
        """Written by whoever sends."""
        received = bytearray(sum(one.inputs.size for one in portions))
        inputs = tuple(_cut(received, (one.inputs.size for one in portions)))
        self.inputs = tuple(one.toreadonly() for one in inputs)
        """As the last :meth:`receive` left them."""
        slaves = [one.slave for one in portions]
        self._whole_outputs = [
            (slave, start, start + span.size)
            for slave, span, start in zip(
                slaves, (one.outputs for one in portions), _starts(self.outputs), strict=True
            )
            if span.bits >= _BITS
        ]
        whole = [one.inputs.bits >= _BITS for one in portions]
        self._whole_slaves = list(compress(slaves, whole))
        self._whole_inputs = list(compress(inputs, whole))
        self._received: list[bytes] = []  # of those, at last
        self._packed_outputs = [
            PackedImage(position, one.slave, own, one.outputs)
            for position, (one, own) in enumerate(zip(portions, self.outputs, strict=True), 1)
            if 0 < one.outputs.bits < _BITS
        ]
        packed = [
            PackedImage(position, one.slave, own, one.inputs)
            for position, (one, own) in enumerate(zip(portions, inputs, strict=True), 1)
            if 0 < one.inputs.bits < _BITS
        ]
        self._packed_inputs = PackedInputs(packed, read) if packed else None
        self._hand_over(always=True)

    def send(self) -> None:
        """Hand over the outputs, if they have changed."""
        if self._outputs != self._sent:
            self._hand_over()

    def receive(self) -> bool:
        """Take over the inputs; whether any is another than it was. Costs little if none is."""
        received = [slave.input for slave in self._whole_slaves]
        changed = received != self._received
        if changed:
            self._received = received
            for own, data in zip(self._whole_inputs, received, strict=True):
                own[:] = data
        if self._packed_inputs is not None and self._packed_inputs.take():
            changed = True
        return changed

    def _hand_over(self, *, always: bool = False) -> None:
        sent, self._sent = self._sent, bytes(self._outputs)
        for slave, start, end in self._whole_outputs:
            image = self._sent[start:end]
            if always or image != sent[start:end]:
                slave.output = image
        if self._packed_outputs:
            hand_over_packed(self._packed_outputs)


_BITS = 8
"""From so many on, SOEM begins an image at a byte of its own."""


def _check(span: Span, size: int, position: int, what: str) -> None:
    packed = 0 < span.bits < _BITS
    if not packed and (span.start % 8 or span.size != size):
        raise BusError(
            f"SubDevice {position} has mapped {span.bits} bits of {what} from bit {span.start % 8} "
            f"on, and the MainDevice has {size} bytes for them"
        )


def _cut(whole: bytearray, sizes: Iterable[int]) -> Iterator[memoryview]:
    view, start = memoryview(whole), 0
    for size in sizes:
        yield view[start : start + size]
        start += size


def _starts(views: Iterable[memoryview]) -> Iterator[int]:
    start = 0
    for view in views:
        yield start
        start += len(view)
