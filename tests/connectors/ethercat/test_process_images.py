"""Images of SubDevices over SOEM's own: any mixture of sizes, bits packed across bytes."""

from __future__ import annotations

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.process_images import Portion, ProcessImages
from taktora.connectors.ethercat.spans import Span
from taktora.errors import BusError

pytestmark = pytest.mark.rule("SOEM-04")


@define
class Slave:
    """Its images as pysoem shows them: the first byte only where there are fewer than 8 bits, and a
    setter that copies whatever it is given.
    """

    memory: bytearray
    outputs: Span
    inputs: Span

    def _shown(self, span: Span) -> bytes:
        size = span.bits // 8 or (span.bits > 0)
        return bytes(self.memory[span.first_byte : span.first_byte + size])

    @property
    def input(self) -> bytes:
        return self._shown(self.inputs)

    @property
    def output(self) -> bytes:
        return self._shown(self.outputs)

    @output.setter
    def output(self, data: bytes) -> None:
        at = self.outputs.first_byte
        assert len(data) == self.outputs.bytes_touched
        self.memory[at : at + len(data)] = data


class Bus:
    """As SOEM lays it out: outputs of all, then inputs; bits packed, whole bytes aligned."""

    def __init__(self, sizes: list[tuple[int, int]]) -> None:
        at, spans = 0, []
        for which in (0, 1):
            its = []
            for bits in (size[which] for size in sizes):
                if bits >= 8:
                    at = (at + 7) // 8 * 8
                its.append(Span(at, bits, physical=13) if bits else Span(0, 0))
                at += bits
            at = (at + 7) // 8 * 8
            spans.append(its)
        self.memory = bytearray(at // 8)
        self.slaves = [Slave(self.memory, out, in_) for out, in_ in zip(*spans, strict=True)]
        self.asked = 0
        self.images = ProcessImages(
            [Portion(one, one.outputs, one.inputs) for one in self.slaves], self.read
        )

    def read(self, position: int, address: int, size: int) -> bytes:
        """The SubDevice's own memory: bit 5 of byte 1 is its first one."""
        its = self.slaves[position - 1].inputs
        assert (address, size) == (1, (5 + its.bits + 7) // 8)
        self.asked += 1
        return (self.bits(its) << 5 | 0x1F).to_bytes(size, "little")

    def bits(self, span: Span) -> int:
        return int.from_bytes(self.memory, "little") >> span.start & ((1 << span.bits) - 1)

    def put(self, span: Span, value: int) -> None:
        whole = int.from_bytes(self.memory, "little")
        mask = ((1 << span.bits) - 1) << span.start
        self.memory[:] = ((whole & ~mask) | value << span.start).to_bytes(
            len(self.memory), "little"
        )


bits = st.integers(0, 7) | st.sampled_from([8, 16, 24])
buses = st.lists(st.tuples(bits, bits), min_size=1, max_size=12)


@given(buses, st.data())
def test_what_is_written_and_read_is_each_ones_own_and_no_other_bit_changes(
    sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    bus = Bus(sizes)
    for _ in range(2):
        outputs = [data.draw(st.integers(0, 2**out - 1)) for out, _ in sizes]
        inputs = [data.draw(st.integers(0, 2**in_ - 1)) for _, in_ in sizes]
        for one, value in zip(bus.images.outputs, outputs, strict=True):
            one[:] = value.to_bytes(len(one), "little")
        for slave, value in zip(bus.slaves, inputs, strict=True):
            bus.put(slave.inputs, value)
        bus.images.send()
        bus.images.receive()
        assert [bus.bits(one.outputs) for one in bus.slaves] == outputs
        assert [bus.bits(one.inputs) for one in bus.slaves] == inputs
        assert [int.from_bytes(one, "little") for one in bus.images.inputs] == inputs


@given(buses)
def test_bits_that_do_not_belong_to_an_image_are_not_written(sizes: list[tuple[int, int]]) -> None:
    bus = Bus(sizes)
    for one in bus.images.outputs:
        one[:] = b"\xff" * len(one)
    bus.images.send()
    assert [bus.bits(one.outputs) for one in bus.slaves] == [2**out - 1 for out, _ in sizes]
    assert sum(map(int.bit_count, bus.memory)) == sum(out for out, _ in sizes)
    assert all(bus.bits(one.inputs) == 0 for one in bus.slaves)


def test_only_bits_that_pysoem_does_not_show_cost_a_frame_of_their_own() -> None:
    bus = Bus([(0, 4), (0, 4), (0, 8), (0, 6), (0, 4)])
    bus.images.receive()
    assert bus.asked == 1


def test_inputs_that_could_not_be_read_stay_as_they_were() -> None:
    bus = Bus([(0, 6), (0, 6)])
    images = ProcessImages(
        [Portion(one, one.outputs, one.inputs) for one in bus.slaves], lambda *_: None
    )
    bus.put(bus.slaves[0].inputs, 0x2A)
    bus.put(bus.slaves[1].inputs, 0x3F)
    images.receive()
    assert [bytes(one) for one in images.inputs] == [b"\x2a", b"\0"]


def test_an_image_takes_exactly_its_bytes_and_inputs_cannot_be_written() -> None:
    images = Bus([(16, 16)]).images
    with pytest.raises(ValueError, match="different structures"):
        images.outputs[0][:] = b"abc"
    with pytest.raises(TypeError, match="read-only"):
        images.inputs[0][0] = 1


def test_a_length_that_differs_from_the_maindevices_is_refused() -> None:
    slave = Slave(bytearray(8), Span(0, 24), Span(24, 8))
    with pytest.raises(BusError, match="SubDevice 1 has mapped 16 bits of outputs"):
        ProcessImages([Portion(slave, Span(0, 16), slave.inputs)], lambda *_: None)
