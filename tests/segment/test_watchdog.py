"""The process data watchdog, in virtual time."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.controller_options import ControllerOptions
from taktora.segment.frames import Command
from taktora.segment.registers import factory_registers
from taktora.segment.watchdog import Watchdog

from .bench import MS, Bench, Probe

FALLEN = (0x14, 0x001B)


def running(*devices: Probe) -> tuple[Bench, int]:
    bench = Bench(devices or [Probe()])
    return bench, bench.to_op()


@pytest.mark.rule("ESC-60")
def test_outputs_that_stay_away_for_longer_than_its_time_end_op() -> None:
    bench, size = running()
    for _ in range(5):
        bench.now += 100 * MS
        assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 3
        assert bench.state() == (8, 0)
    bench.now += 100 * MS + 1
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 3
    assert bench.state() == FALLEN
    assert bench.devices[0].states[-1] == 4
    assert bench.devices[0].got[-1] is None  # its outputs are not valid any more


@pytest.mark.rule("ESC-60")
def test_time_alone_ends_op_when_no_frame_comes_at_all() -> None:
    bench, _ = running()
    due = bench.segment.check_time(bench.now)
    assert due == bench.now + 100 * MS + 1
    bench.segment.check_time(due - 1)
    assert bench.segment.state(1) == (8, 0)
    bench.segment.check_time(due)
    assert bench.segment.state(1) == FALLEN


@pytest.mark.rule("ESC-60")
@given(st.integers(0, 5000), st.integers(1, 3000))
def test_its_time_is_what_the_registers_say(divider: int, ticks: int) -> None:
    bench, _ = running()
    assert bench.write(1, 0x0400, struct.pack("<H", divider)) == 1
    assert bench.write(1, 0x0420, struct.pack("<H", ticks)) == 1
    bench.logical(Command.LWR, 0, bytes(2))
    timeout = (divider + 2) * 40 * ticks
    bench.now += timeout
    assert bench.state() == (8, 0)
    bench.now += 1
    assert bench.state() == FALLEN


@pytest.mark.rule("ESC-61")
def test_status_and_counter_say_what_happened() -> None:
    bench, _ = running()
    assert bench.number(1, 0x0440) == 1
    for count in (1, 2):
        bench.logical(Command.LWR, 0, bytes(2))
        assert bench.number(1, 0x0440) == 1
        bench.now += 101 * MS
        assert bench.number(1, 0x0440) == 0
        assert bench.number(1, 0x0442, 1) == count


@pytest.mark.rule("ESC-61")
def test_the_counter_stays_at_255() -> None:
    watchdog = Watchdog(memory := factory_registers())
    for _ in range(300):
        watchdog.fed = 0
        assert watchdog.expires(101 * MS)
        assert not watchdog.expires(102 * MS)
    assert memory[0x0442] == 255


@pytest.mark.rule("ESC-61")
def test_a_time_of_zero_switches_it_off() -> None:
    bench, _ = running()
    bench.write(1, 0x0420, b"\x00\x00")
    bench.now += 10_000 * MS
    assert bench.state() == (8, 0)
    assert bench.number(1, 0x0440) == 1


@pytest.mark.rule("ESC-61")
def test_it_watches_only_where_the_sync_manager_says_so_and_outputs_are() -> None:
    bench = Bench([Probe(), Probe(0, 16)])
    for position in (1, 2):
        bench.configure(position)
    bench.set_manager(0, 0x1000, 2, 0x24)  # without bit 6
    bench.map_all()
    for position in (1, 2):
        bench.request(2, position)
        bench.request(4, position)
    bench.logical(Command.LRW, 0, bytes(6))
    for position in (1, 2):
        assert bench.request(8, position) == (8, 0)
    bench.now += 10_000 * MS
    assert bench.state(1) == bench.state(2) == (8, 0)


@pytest.mark.rule("ESC-60")
def test_reading_does_not_feed_it() -> None:
    bench, size = running()
    for _ in range(11):
        bench.now += 10 * MS
        bench.logical(Command.LRD, 0, bytes(size))
    assert bench.state() == FALLEN


@pytest.mark.rule("ESC-60")
def test_outputs_that_are_never_complete_do_not_feed_it() -> None:
    bench, _ = running()
    start = bench.segment.controller(1).process.out.start
    for _ in range(11):
        bench.now += 10 * MS
        assert bench.write(1, start, b"a") == 1
    assert bench.state() == FALLEN


@pytest.mark.rule("ESC-60")
def test_each_subdevice_has_its_own() -> None:
    bench, _ = running(Probe(), Probe())
    process = bench.segment.controller(2).process
    for _ in range(11):
        bench.now += 10 * MS
        assert bench.write(2, process.out.start, b"ab") == 1
    assert bench.state(1) == FALLEN
    assert bench.state(2) == (8, 0)


@pytest.mark.rule("ESC-60")
def test_who_has_the_shorter_time_falls_first() -> None:
    bench, _ = running(Probe(), Probe())
    bench.write(2, 0x0420, struct.pack("<H", 3000))
    bench.segment.check_time(bench.now + 101 * MS)
    assert [bench.segment.state(n) for n in (1, 2)] == [FALLEN, (8, 0)]
    bench.now += 301 * MS
    bench.number(1, 0x0000)  # any frame
    assert bench.segment.state(2) == FALLEN


@pytest.mark.rule("ESC-60")
def test_a_frame_finds_everybody_fallen_whose_time_is_over() -> None:
    bench, _ = running(Probe(), Probe())
    bench.write(2, 0x0420, struct.pack("<H", 3000))
    assert bench.number(2, 0x0420) == 3000
    bench.now += 101 * MS
    assert [bench.state(n) for n in (1, 2)] == [FALLEN, (8, 0)]
    bench.now += 200 * MS
    assert [bench.state(n) for n in (1, 2)] == [FALLEN, FALLEN]


@pytest.mark.rule("ESC-62")
def test_a_subdevice_that_fell_comes_back_once_it_gets_outputs_again() -> None:
    bench, size = running()
    bench.now += 200 * MS
    assert bench.request(8) == FALLEN  # not acknowledged
    assert bench.request(0x14) == (4, 0)
    assert bench.request(8) == (4, 0)  # waits for outputs
    bench.logical(Command.LRW, 0, bytes(size))
    assert bench.state() == (8, 0)


@pytest.mark.rule("ESC-60")
def test_entered_without_outputs_op_ends_after_one_time_too() -> None:
    bench = Bench([Probe()], ControllerOptions(patience=None))
    bench.configure()
    for state in (2, 4, 8):
        assert bench.request(state) == (state, 0)
    bench.now += 100 * MS
    assert bench.state() == (8, 0)
    bench.now += 1
    assert bench.state() == FALLEN
