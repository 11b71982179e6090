"""Logical addressing against an oracle that moves single bits, SubDevice after SubDevice."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.fmmu import Fmmu, insert_bits, take_bits
from taktora.segment.frames import Command

from .bench import Bench, Probe

_MEMORY = 0x2000
"""Plain memory in these tests: without a SyncManager, so that each access succeeds."""
_SPAN = 12
_BASE = 0x0001_0000

Mapping = tuple[int, int, int, int]
"""Logical bit (from the base), physical bit (from the memory), bits, kind."""


def bits_of(data: bytes | bytearray) -> list[int]:
    return [byte >> shift & 1 for byte in data for shift in range(8)]


def bytes_of(bits: list[int]) -> bytes:
    return bytes(sum(bits[at + n] << n for n in range(8)) for at in range(0, len(bits), 8))


def oracle(
    command: int, datagram: list[int], at: int, memories: list[list[int]], maps: list[list[Mapping]]
) -> int:
    """Every bit on its own; the working counter. Changes ``datagram`` and ``memories``."""
    counted = 0
    for memory, fmmus in zip(memories, maps, strict=True):
        incoming, before, read, written = list(datagram), list(memory), False, False
        for writing in (True, False):
            for logical, physical, bits, kind in fmmus:
                if not kind & (2 if writing else 1):
                    continue
                if command == (Command.LRD if writing else Command.LWR):
                    continue
                for bit in range(bits):
                    place = logical + bit - at
                    if not 0 <= place < len(datagram):
                        continue
                    if writing:
                        memory[physical + bit], written = incoming[place], True
                    else:
                        datagram[place], read = before[physical + bit], True
        counted += int(read) + int(written) * (2 if command == Command.LRW else 1)
    return counted


mappings = st.lists(
    st.tuples(
        st.integers(0, _SPAN * 8),
        st.integers(0, 80),
        st.integers(1, 40),
        st.sampled_from([1, 2, 3]),
    ),
    max_size=3,
)


@pytest.mark.rule("ESC-50", "ESC-51")
@given(
    st.lists(st.tuples(mappings, st.binary(min_size=16, max_size=16)), min_size=1, max_size=3),
    st.lists(
        st.tuples(
            st.sampled_from([Command.LRD, Command.LWR, Command.LRW]),
            st.integers(0, 4),
            st.binary(min_size=1, max_size=_SPAN + 6),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_each_bit_goes_where_the_fmmus_say(
    subdevices: list[tuple[list[Mapping], bytes]], datagrams: list[tuple[Command, int, bytes]]
) -> None:
    bench = Bench([Probe(0, 0) for _ in subdevices])
    memories, maps = [], []
    for position, (fmmus, memory) in enumerate(subdevices, 1):
        bench.write(position, _MEMORY, memory)
        for number, (logical, physical, bits, kind) in enumerate(fmmus):
            there = (_BASE + logical // 8, logical % 8)
            here = (_MEMORY + physical // 8, physical % 8)
            bench.set_fmmu(number, there, here, bits, kind, position=position)
        memories.append(bits_of(memory))
        maps.append(fmmus)
    for command, at, data in datagrams:
        expected = bits_of(data)
        counted = oracle(command, expected, at * 8, memories, maps)
        got = bench.logical(command, _BASE + at, data)
        assert got.data == bytes_of(expected)
        assert got.working_counter == counted
    for position, memory in enumerate(memories, 1):
        assert bench.read(position, _MEMORY, 16) == bytes_of(memory)


@pytest.mark.rule("ESC-52")
@given(
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=2, max_size=3),
    st.lists(
        st.tuples(
            st.sampled_from([Command.LRD, Command.LWR, Command.LRW]),
            st.integers(0, 3),
            st.binary(min_size=14, max_size=14),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_whole_buffers_of_process_data_give_what_moving_bits_gives(
    places: list[tuple[int, int]], datagrams: list[tuple[Command, int, bytes]]
) -> None:
    """Outputs and inputs of 3 bytes anywhere, overlapping too, as long as they are reached whole."""
    bench = Bench([Probe(24, 24) for _ in places])
    memories, maps = [], []
    for position, (out, back) in enumerate(places, 1):
        bench.configure(position)
        process = bench.segment.controller(position).process
        given_inputs = bytes([position] * 3)
        process.put_inputs(given_inputs)
        bench.set_fmmu(0, (_BASE + 3 + out, 0), (process.out.start, 0), 24, 2, position=position)
        bench.set_fmmu(1, (_BASE + 3 + back, 0), (process.back.start, 0), 24, 1, position=position)
        memories.append(bits_of(bytes(3) + given_inputs))
        maps.append([((3 + out) * 8, 0, 24, 2), ((3 + back) * 8, 24, 24, 1)])
    for command, at, data in datagrams:
        whole = data.ljust(20, b"\xa5")
        expected = bits_of(whole)
        counted = oracle(command, expected, at * 8, memories, maps)
        got = bench.logical(command, _BASE + at, whole)
        assert got.data == bytes_of(expected)
        assert got.working_counter == counted
    for position, memory in enumerate(memories, 1):
        assert bench.segment.outputs(position) == bytes_of(memory)[:3]


@pytest.mark.rule("ESC-50")
def test_four_devices_of_four_bits_share_two_bytes_each_way() -> None:
    bench = Bench([Probe(4, 4) for _ in range(4)])
    for position in range(1, 5):
        bench.configure(position)
        process = bench.segment.controller(position).process
        place = (position - 1) // 2, 4 * ((position - 1) % 2)
        bench.set_fmmu(0, place, (process.out.start, 0), 4, 2, position=position)
        inputs = place[0] + 2, place[1]
        bench.set_fmmu(1, inputs, (process.back.start, 0), 4, 1, position=position)
        bench.devices[position - 1].gives = bytes([position])
        for state in (2, 4):
            assert bench.request(state, position) == (state, 0)
    got = bench.logical(Command.LRW, 0, bytes.fromhex("21 43 00 00"))
    assert got.working_counter == 12
    assert got.data == bytes.fromhex("21 43 21 43")
    assert [bench.segment.outputs(n) for n in range(1, 5)] == [bytes([n]) for n in range(1, 5)]


@pytest.mark.rule("ESC-51")
def test_outputs_and_inputs_at_one_address_change_places() -> None:
    bench = Bench([Probe(16, 16)])
    bench.configure()
    process = bench.segment.controller(1).process
    bench.set_fmmu(0, (0, 0), (process.out.start, 0), 16, 2)
    bench.set_fmmu(1, (0, 0), (process.back.start, 0), 16, 1)
    process.put_inputs(b"in")
    got = bench.logical(Command.LRW, 0, b"ou")
    assert (got.data, got.working_counter) == (b"in", 3)
    assert bench.segment.outputs(1) == b"ou"


@pytest.mark.rule("ESC-52")
def test_a_mapping_of_a_part_of_a_buffer_reaches_no_more_than_that() -> None:
    bench = Bench([Probe(32, 32)])
    bench.configure()
    process = bench.segment.controller(1).process
    bench.set_fmmu(0, (0, 0), (process.out.start, 0), 16, 2)
    bench.set_fmmu(1, (4, 0), (process.back.start, 0), 24, 1)
    process.put_inputs(b"INPT")
    got = bench.logical(Command.LRW, 0, b"abcdefgh")
    assert (got.data, got.working_counter) == (b"abcdINPh", 3)
    assert bench.segment.outputs(1) == b"ab\x00\x00"
    assert process.outputs is None  # not whole


@pytest.mark.rule("ESC-52")
@pytest.mark.parametrize("offset", [1, -1])
def test_a_mapping_beside_a_buffer_is_not_a_mapping_of_it(offset: int) -> None:
    bench = Bench([Probe(16, 0)])
    bench.configure()
    process = bench.segment.controller(1).process
    bench.set_fmmu(0, (0, 0), (process.out.start + offset, 0), 16, 2)
    got = bench.logical(Command.LWR, 0, b"ab")
    assert got.working_counter == (1 if offset < 0 else 0)  # from its first byte on, or not at all
    assert bench.segment.outputs(1) == (b"b\x00" if offset < 0 else bytes(2))


@pytest.mark.rule("ESC-52")
def test_where_two_sync_managers_rule_both_have_to_agree() -> None:
    bench = Bench([Probe(16, 16)])
    bench.configure()
    bench.map_all()
    assert bench.logical(Command.LWR, 0, b"ab").working_counter == 1
    bench.set_manager(5, bench.segment.controller(1).process.out.start, 1, 0x20)
    assert bench.logical(Command.LWR, 0, b"cd").working_counter == 0
    assert bench.segment.outputs(1) == b"ab"


@pytest.mark.rule("ESC-51")
def test_registers_can_be_mapped_too() -> None:
    """As masters do for the state of many mailboxes at once."""
    bench = Bench([Probe(mailbox=True), Probe(mailbox=True)])
    for position in (1, 2):
        bench.configure(position)
        bench.set_fmmu(0, (0, position), (0x080D, 3), 1, 1, position=position)
        assert bench.request(2, position) == (2, 0)
    bench.write(2, 0x1000, bytes(64))
    got = bench.logical(Command.LRD, 0, b"\xff")
    assert (got.data, got.working_counter) == (b"\xfd", 2)


@pytest.mark.rule("ESC-52")
def test_a_mapping_counts_from_the_next_datagram_on() -> None:
    bench = Bench([Probe(16, 16), Probe(16, 16)])
    end = bench.map_all()
    assert end == 0
    for position in (1, 2):
        bench.configure(position)
    end = bench.map_all()
    assert bench.logical(Command.LRW, 0, bytes(end)).working_counter == 6
    bench.write(1, 0x060C, b"\x00")
    assert bench.logical(Command.LRW, 0, bytes(end)).working_counter == 4
    start = bench.segment.controller(2).process.out.start
    bench.set_manager(0, start, 2, 0x60, position=2)  # that is for reading: no writes any more
    assert bench.logical(Command.LRW, 0, bytes(end)).working_counter == 2
    bench.segment.power_cycle(2, bench.now)
    assert bench.logical(Command.LRW, 0, bytes(end)).working_counter == 1
    assert bench.logical(Command.LRW, end, bytes(4)).working_counter == 0


@pytest.mark.rule("ESC-50")
@pytest.mark.parametrize(
    "registers",
    [
        struct.pack("<IHBBHBBB", 0, 4, 0, 7, 0x1000, 0, 1, 0),  # not active
        struct.pack("<IHBBHBBB", 0, 0, 0, 7, 0x1000, 0, 1, 1),  # no length
        struct.pack("<IHBBHBBB", 0, 1, 5, 4, 0x1000, 0, 1, 1),  # ends before it begins
        struct.pack("<IHBBHBBB", 0, 4, 0, 7, 0x1000, 0, 0, 1),  # neither reads nor writes
    ],
)
def test_an_fmmu_that_maps_nothing_does_not_count(registers: bytes) -> None:
    assert Fmmu.load(registers + bytes(3)) is None


@pytest.mark.rule("ESC-50")
@given(st.binary(min_size=1, max_size=12), st.data())
def test_bits_are_taken_and_put_in_without_touching_their_neighbours(
    memory: bytes, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(memory) * 8 - 1))
    bits = data.draw(st.integers(1, len(memory) * 8 - first))
    value = data.draw(st.integers(0, 2**bits - 1))
    target = bytearray(memory)
    insert_bits(target, first, bits, value)
    expected = bits_of(memory)
    expected[first : first + bits] = [value >> n & 1 for n in range(bits)]
    assert target == bytes_of(expected)
    assert take_bits(target, first, bits) == value
