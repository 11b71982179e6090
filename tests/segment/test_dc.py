"""Distributed clocks: receive times, propagation delays, and following a reference."""

from __future__ import annotations

import struct

import pytest

from taktora.segment.controller_options import ControllerOptions
from taktora.segment.frames import Command

from .bench import MS, Bench, Probe


def line(*drifts: int) -> Bench:
    bench = Bench([Probe() for _ in drifts], [ControllerOptions(drift=one) for one in drifts])
    for position in range(1, len(drifts) + 1):
        bench.write(position, 0x0010, struct.pack("<H", 0x1000 + position))
    return bench


def receive_times(bench: Bench, position: int) -> tuple[int, int]:
    port_0, port_1 = struct.unpack("<II", bench.read(position, 0x0900, 8))
    return port_0, port_1


@pytest.mark.rule("ESC-70")
def test_receive_times_give_the_delay_to_each_subdevice() -> None:
    bench = line(0, 0, 0, 0)
    bench.now += 3 * MS
    assert bench.one(Command.BWR, 0, 0x0900, bytes(4)).working_counter == 4
    trips = []
    for position in range(1, 5):
        port_0, port_1 = receive_times(bench, position)
        assert port_0 == 3 * MS + 500 * (position - 1)
        trips.append(port_1 - port_0 if position < 4 else 0)
        assert struct.unpack("<Q", bench.read(position, 0x0918, 8)) == (port_0,)
    delays = [(trips[0] - trip) // 2 for trip in trips]
    assert delays == [0, 500, 1000, 1500]


@pytest.mark.rule("ESC-70")
def test_the_last_one_has_no_receive_time_at_the_port_behind() -> None:
    bench = line(0, 0)
    bench.now += MS
    bench.one(Command.BWR, 0, 0x0900, bytes(4))
    assert receive_times(bench, 2)[1] == 0
    before = receive_times(bench, 1)
    bench.now += MS
    assert receive_times(bench, 1) == before  # until the next write


@pytest.mark.rule("ESC-71")
def test_system_time_is_local_time_and_offset() -> None:
    bench = line(0, 50_000)  # 50 ppm too fast
    bench.now += 1000 * MS
    assert struct.unpack("<Q", bench.read(1, 0x0910, 8)) == (1000 * MS,)
    assert struct.unpack("<Q", bench.read(2, 0x0910, 8)) == (1000 * MS + 50_000 + 500,)
    bench.write(2, 0x0920, struct.pack("<q", -1000 * MS))
    assert struct.unpack("<Q", bench.read(2, 0x0910, 8)) == (50_500,)
    bench.segment.power_cycle(1, bench.now)
    assert struct.unpack("<Q", bench.read(1, 0x0910, 8)) == (0,)


@pytest.mark.rule("ESC-72")
@pytest.mark.parametrize("command", [Command.FRMW, Command.ARMW])
def test_clocks_that_drift_follow_the_reference(command: Command) -> None:
    bench = line(0, 80_000, -80_000, 15_000)
    for position in range(1, 5):
        bench.write(position, 0x0928, struct.pack("<I", 500 * (position - 1)))
    station = 0x1001 if command == Command.FRMW else 0
    for _ in range(1000):
        bench.now += MS
        assert bench.one(command, station, 0x0910, bytes(8)).working_counter == 4
    times = [struct.unpack("<Q", bench.read(position, 0x0910, 8))[0] for position in range(1, 5)]
    for position, time in enumerate(times, 1):
        assert abs(time - times[0] - 500 * (position - 1)) < 20
        (difference,) = struct.unpack("<I", bench.read(position, 0x092C, 4))
        assert difference & 0x7FFF_FFFF < 20


@pytest.mark.rule("ESC-72")
def test_without_the_reference_they_run_apart() -> None:
    bench = line(0, 80_000)
    bench.now += 1000 * MS
    first, second = (struct.unpack("<Q", bench.read(n, 0x0910, 8))[0] for n in (1, 2))
    assert second - first == 80_500


@pytest.mark.rule("ESC-72")
@pytest.mark.parametrize(("reference", "sign"), [(MS + 700, 0x8000_0000), (MS - 700, 0)])
def test_the_difference_has_a_sign_and_one_comparison_is_a_small_step(
    reference: int, sign: int
) -> None:
    bench = line(0)
    bench.now += MS
    bench.write(1, 0x0910, struct.pack("<Q", reference))
    assert struct.unpack("<I", bench.read(1, 0x092C, 4)) == (sign | 700,)
    step = 87 if sign else -87
    assert struct.unpack("<Q", bench.read(1, 0x0910, 8)) == (MS + step,)


@pytest.mark.rule("ESC-72")
def test_a_reference_far_away_moves_it_by_a_microsecond_at_a_time() -> None:
    bench = line(0)
    bench.now += MS
    bench.write(1, 0x0910, struct.pack("<Q", 900 * MS))
    assert struct.unpack("<Q", bench.read(1, 0x0910, 8)) == (MS + 1000,)


@pytest.mark.rule("ESC-72")
def test_32_bits_of_reference_time_do_as_well() -> None:
    bench = line(0)
    bench.now += 5000 * MS  # more than 32 bits
    bench.write(1, 0x0910, struct.pack("<I", (5000 * MS - 160) % 2**32))
    assert struct.unpack("<I", bench.read(1, 0x092C, 4)) == (160,)
