"""Datagrams against an oracle that passes a frame from one SubDevice to the next, as the wire does."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.frames import Command, Datagram

from .bench import Bench, Probe

RAM = range(0x0F80, 0x10000)
"""Memory: without SyncManagers readable and writable."""
READ_ONLY = range(0x0E00, 0x0E20)
"""Registers that nothing may write."""
STATION = range(0x0010, 0x0012)


class Oracle:
    """One SubDevice: memory, and what the standard says of each command, byte for byte."""

    def __init__(self, station: int) -> None:
        self.memory = bytearray(0x10000)
        self.memory[0x10:0x12] = struct.pack("<H", station)

    def readable(self, at: int, length: int) -> bool:
        return length > 0 and at + length <= 0x10000 and not at < 0x0F00 < at + length

    def read(self, at: int, length: int) -> bytes | None:
        return bytes(self.memory[at : at + length]) if self.readable(at, length) else None

    def write(self, at: int, data: bytes) -> bool:
        if not self.readable(at, len(data)):
            return False
        places = [one for one in range(at, at + len(data)) if one in RAM or one in STATION]
        for place in places:
            self.memory[place] = data[place - at]
        return bool(places)

    def passes(self, datagram: Datagram) -> Datagram:
        """The datagram as it leaves this SubDevice."""
        command, station, data = datagram.command, datagram.station, datagram.data
        register, counted = datagram.address >> 16, datagram.working_counter
        name = Command(command).name
        own = int.from_bytes(self.memory[0x10:0x12], "little")
        addressed = {"A": station == 0, "F": station == own, "B": True}.get(name[0], False)
        if name[0] in "AB":
            station = (station + 1) % 0x10000
        if name in {"ARMW", "FRMW"}:
            reads, writes = addressed, not addressed
        else:
            reads = (addressed and name[2:] in {"RD", "RW"}) or name in {"BRD", "BRW"}
            writes = (addressed and name[2:] in {"WR", "RW"}) or name in {"BWR", "BRW"}
        old = self.read(register, len(data)) if reads else None
        if writes and self.write(register, data):
            counted += 2 if reads else 1
        if old is not None:
            counted += 1
            data = bytes(a | b for a, b in zip(old, data)) if name[0] == "B" else old  # noqa: B905
        return Datagram(command, register << 16 | station, data, counted)


PHYSICAL = [one for one in Command if one.name not in {"LRD", "LWR", "LRW"}]
STATIONS = [0x1001, 0x1002, 0x1002, 0x2000]

accesses = st.lists(
    st.builds(
        Datagram.physical,
        st.sampled_from(PHYSICAL),
        st.one_of(st.sampled_from([0, 0xFFFF, 0xFFFE, 0xFFFC, 1]), st.sampled_from(STATIONS)),
        st.sampled_from([0x0010, 0x0E00, 0x0E10, 0x0EFF, 0x0F80, 0x0F90, 0x0FFE, 0xFFFE]),
        st.binary(max_size=6),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.rule("ESC-10", "ESC-11", "ESC-12", "ESC-13", "ESC-14")
@given(st.lists(accesses, min_size=1, max_size=4))
def test_every_physical_command_does_what_passing_one_after_the_other_does(
    frames: list[list[Datagram]],
) -> None:
    bench = Bench([Probe(0, 0) for _ in STATIONS])
    oracles = [Oracle(station) for station in STATIONS]
    for position, station in enumerate(STATIONS, 1):
        bench.write(position, 0x0010, struct.pack("<H", station))
    for frame in frames:
        expected = frame
        for oracle in oracles:
            expected = [oracle.passes(one) for one in expected]
        assert list(bench.send(*frame)) == expected
    for position, oracle in enumerate(oracles, 1):
        memory = bench.segment.controller(position).memory
        for area in (RAM, READ_ONLY, STATION):
            assert memory[area.start : area.stop] == oracle.memory[area.start : area.stop]


@pytest.mark.rule("ESC-10")
@pytest.mark.parametrize(
    ("command", "counted"),
    [
        (Command.NOP, 0),
        (Command.APRD, 1),
        (Command.APWR, 1),
        (Command.APRW, 3),
        (Command.FPRD, 1),
        (Command.FPWR, 1),
        (Command.FPRW, 3),
        (Command.BRD, 3),
        (Command.BWR, 3),
        (Command.BRW, 9),
        (Command.ARMW, 3),
        (Command.FRMW, 3),
    ],
)
def test_the_working_counter_of_three_subdevices(command: Command, counted: int) -> None:
    bench = Bench([Probe() for _ in range(3)])
    for position in (1, 2, 3):
        bench.write(position, 0x0010, struct.pack("<H", 0x1000 + position))
    station = 0x1002 if command.name.startswith("F") else 0xFFFF
    assert bench.one(command, station, 0x0F80, b"\x55").working_counter == counted


@pytest.mark.rule("ESC-10")
def test_the_working_counter_goes_on_from_what_came_in_and_wraps() -> None:
    bench = Bench([Probe() for _ in range(3)])
    for before, after in ((0, 3), (0x00FE, 0x0101), (0x8000, 0x8003), (0xFFFE, 1)):
        datagram = Datagram(Command.BRD, 0x0000_0000, bytes(1), working_counter=before)
        assert bench.send(datagram)[0].working_counter == after


@pytest.mark.rule("ESC-10")
@pytest.mark.parametrize("command", [15, 42, 255])
def test_a_command_that_the_standard_does_not_know_passes_untouched(command: int) -> None:
    datagram = Datagram(command, 0x1234_5678, b"abc", 5)
    assert Bench([Probe()]).send(datagram) == (datagram,)


@pytest.mark.rule("ESC-13")
def test_a_read_multiple_write_copies_from_the_addressed_to_those_behind() -> None:
    bench = Bench([Probe() for _ in range(3)])
    for position, value in ((1, b"a"), (2, b"b"), (3, b"c")):
        bench.write(position, 0x0F80, value)
    bench.one(Command.ARMW, 0xFFFF, 0x0F80, b"x")
    assert [bench.read(position, 0x0F80, 1) for position in (1, 2, 3)] == [b"x", b"b", b"b"]


@pytest.mark.rule("ESC-14")
def test_the_alias_is_an_address_once_it_is_switched_on() -> None:
    from taktora.segment.controller_options import ControllerOptions

    bench = Bench([Probe(), Probe()], [ControllerOptions(), ControllerOptions(alias=0x0777)])
    assert bench.number(2, 0x0012) == 0x0777
    assert bench.one(Command.FPRD, 0x0777, 0x0012, bytes(2)).working_counter == 0
    bench.write(2, 0x0103, b"\x01")
    got = bench.one(Command.FPRD, 0x0777, 0x0012, bytes(2))
    assert (got.working_counter, got.data) == (1, b"\x77\x07")
