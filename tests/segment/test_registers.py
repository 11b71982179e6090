"""The register space: what is there after power-on, and what the wire may write."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.frames import Command, Datagram
from taktora.segment.registers import WRITABLE, masked

from .bench import Bench, Probe


@pytest.mark.rule("ESC-20")
def test_what_a_master_finds_after_power_on() -> None:
    bench = Bench([Probe(), Probe(), Probe()])
    assert bench.number(1, 0x0004, 1) == 8  # FMMUs
    assert bench.number(1, 0x0005, 1) == 8  # SyncManagers
    assert bench.number(1, 0x0008) & 0x0C == 0x0C  # distributed clocks of 64 bits
    assert bench.number(1, 0x0008) & 0x01 == 0  # FMMUs map single bits
    assert bench.number(1, 0x0010) == 0
    assert bench.state() == (1, 0)
    assert bench.number(1, 0x0400) == 2498
    assert bench.number(1, 0x0420) == 1000
    assert bench.read(1, 0x0600, 128) == bytes(128)
    assert bench.read(1, 0x0800, 64) == bytes(64)


@pytest.mark.rule("ESC-20")
def test_ports_are_open_where_there_is_a_neighbour() -> None:
    bench = Bench([Probe(), Probe(), Probe()])
    for position, link_1, closed_1 in ((1, True, False), (2, True, False), (3, False, True)):
        status = bench.number(position, 0x0110)
        assert status & 0x0001  # the device runs
        assert status & 0x0210 == 0x0210  # port 0: link, communication
        assert bool(status & 0x0020) is link_1
        assert bool(status & 0x0800) is link_1
        assert bool(status & 0x0400) is closed_1
        assert status & 0x50C0 == 0x5000  # ports 2 and 3: no link, closed


@pytest.mark.rule("ESC-21")
@given(st.integers(0, 0x0EF0), st.binary(min_size=1, max_size=16))
def test_a_write_changes_what_may_be_written_and_nothing_else(first: int, data: bytes) -> None:
    old = bytes(len(data))
    new = masked(first, data, old)
    may = [WRITABLE[first + number] == 255 for number in range(len(data))]
    if not any(may):
        assert new is None
    else:
        assert new is not None
        for number, allowed in enumerate(may):
            assert new[number] == (data[number] if allowed else 0)


@pytest.mark.rule("ESC-21")
def test_a_sync_manager_is_written_whole_and_its_status_stays() -> None:
    bench = Bench([Probe(mailbox=True)])
    assert bench.write(1, 0x0800, struct.pack("<HHBBBB", 0x1000, 64, 0x26, 0xFF, 1, 0xFF)) == 1
    assert bench.read(1, 0x0800, 8) == struct.pack("<HHBBBB", 0x1000, 64, 0x26, 0, 1, 0)


@pytest.mark.rule("ESC-21")
@pytest.mark.parametrize(
    "register", [0x0000, 0x0004, 0x0012, 0x0110, 0x0130, 0x0134, 0x0440, 0x0805]
)
def test_read_only_registers_count_no_write(register: int) -> None:
    bench = Bench([Probe()])
    before = bench.read(1, register, 1)
    assert bench.write(1, register, b"\xa5") == 0
    assert bench.read(1, register, 1) == before


@pytest.mark.rule("ESC-21")
@pytest.mark.parametrize("register", [0x0300, 0x0310, 0x0442])
def test_writing_a_counter_clears_it(register: int) -> None:
    bench = Bench([Probe()])
    bench.segment.controller(1).memory[register] = 200
    assert bench.number(1, register, 1) == 200
    assert bench.write(1, register, b"\xff") == 1
    assert bench.number(1, register, 1) == 0


@pytest.mark.rule("ESC-22")
def test_events_that_the_mask_lets_through_are_in_every_datagram() -> None:
    bench = Bench([Probe(), Probe(mailbox=True)])
    nop = Datagram(Command.NOP, 0, b"")
    assert bench.send(nop)[0].interrupt == 0
    bench.read(2, 0x0110, 2)
    bench.write(2, 0x0200, b"\x08\x00")  # AL Status has changed
    assert bench.send(nop)[0].interrupt == 0
    bench.configure(2)
    bench.write(2, 0x0120, b"\x02\x00")
    assert bench.send(nop)[0].interrupt == 0x08
    assert bench.number(2, 0x0210) & 0x08
    assert bench.request(2, 2) == (2, 0)  # reading AL Status ends it
    assert bench.send(nop)[0].interrupt == 0


@pytest.mark.rule("ESC-22")
def test_a_full_mailbox_is_an_event() -> None:
    bench = Bench([Probe(mailbox=True)])
    bench.configure()
    bench.request(2)
    bench.write(1, 0x0200, b"\x20\x00")
    nop = Datagram(Command.NOP, 0, b"")
    assert bench.send(nop)[0].interrupt == 0
    bench.write(1, 0x1000, bytes(64))
    assert bench.send(nop)[0].interrupt == 0x20
    bench.read(1, 0x1040, 64)
    assert bench.send(nop)[0].interrupt == 0


@pytest.mark.rule("ESC-22")
def test_a_link_that_comes_or_goes_is_an_event() -> None:
    bench = Bench([Probe(), Probe()])
    bench.read(1, 0x0110, 2)
    bench.write(1, 0x0200, b"\x04\x00")
    nop = Datagram(Command.NOP, 0, b"")
    bench.segment.unplug(2)
    assert bench.send(nop)[0].interrupt == 0x04
    assert bench.number(1, 0x0110) & 0x0020 == 0
    assert bench.send(nop)[0].interrupt == 0
    assert bench.number(1, 0x0311, 1) == 1  # port 1 has lost its link
    bench.segment.plug(2)
    assert bench.send(nop)[0].interrupt == 0x04
    assert bench.number(2, 0x0310, 1) == 1
