"""Values of a plug-in go to the addressed bits and nowhere else, and what is there comes back."""

from __future__ import annotations

import pytest

from .line import LAMPS, LOOP, Line, eventually

pytestmark = pytest.mark.segment


@pytest.mark.rule("LINE-01")
@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_bus_of_so_many_subdevices_comes_up_and_all_are_in_op(count: int, domain: str) -> None:
    with Line(domain, count, cycle_time=0.002).up() as line:
        assert [one.state.label for one in line.segment.states()] == ["OP"] * count
        assert line.counted(lambda it: it.cycles > 10).expected_wkc == 3 * count


@pytest.mark.rule("LINE-02")
def test_true_flips_exactly_one_bit_in_one_subdevice_and_comes_back(domain: str) -> None:
    with Line(domain, [LOOP, LAMPS, LOOP, LAMPS]) as line:
        writer = line.writer("third/13", 3, 13, type=bool)
        reader = line.reader("third/back", 3, 13, type=bool)
        line.up()
        before = line.outputs()
        assert before == [bytes(4), bytes(1), bytes(4), bytes(1)]
        assert writer.send(True).sent
        line.gets(reader, True)
        assert line.outputs() == [bytes(4), bytes(1), bytes([0, 0b10_0000, 0, 0]), bytes(1)]
        assert writer.send(False).sent
        line.gets(reader, False)
        assert line.outputs() == before


@pytest.mark.rule("LINE-02")
def test_numbers_arrive_whatever_their_kind_and_place(domain: str) -> None:
    fields = [
        ("level", 3, 13, {"signed": True}, int, [-4096, 4095, -1]),
        ("count", 16, 32, {"byte_order": "big"}, int, [0, 2**32 - 1, 0x01020304]),
        ("heat", 64, 32, {"kind": "float"}, float, [21.5, -0.25]),
        ("name", 96, 24, {"kind": "bytes"}, bytes, [b"abc"]),
    ]
    with Line(domain, [LAMPS, {"type": "loopback", "bytes": 16}]) as line:
        ports = [
            (
                line.writer(name, 2, at, bits, type=kind, **more),
                line.reader(f"{name}/back", 2, at, bits, type=kind, **more),
                values,
            )
            for name, at, bits, more, kind, values in fields
        ]
        line.up()
        for writer, reader, values in ports:
            for value in values:
                writer.send(value)
                line.gets(reader, value)
        image = line.segment.outputs(2)
        assert image[12:] == b"abc\0"
        assert image[2:6] == bytes([1, 2, 3, 4])
        assert line.segment.outputs(1) == b"\0"


@pytest.mark.rule("LINE-03")
def test_objects_are_read_and_written_while_the_bus_runs(domain: str) -> None:
    with Line(domain, [LOOP, {"type": "axis"}]).up() as line:
        assert line.bus.read_sdo(2, 0x6083, 0, int) == 1_000_000
        line.bus.write_sdo(2, 0x6083, 0, 77_000, 4)
        assert line.bus.read_sdo(2, 0x6083, 0, int) == 77_000
        assert line.follow() == []
        assert line.counted(lambda it: it.sdos == 3).short_counters == 0


@pytest.mark.rule("LINE-04")
def test_the_drive_moves_when_the_control_word_says_so(domain: str) -> None:
    with Line(domain, [{"type": "axis"}]) as line:
        status = line.reader("status", 1, 0, 16)
        control = line.writer("control", 1, 0, 16)
        mode = line.writer("mode", 1, 16, 8)
        speed = line.writer("speed", 1, 64, 32, signed=True)
        position = line.reader("position", 1, 32, 32, signed=True)
        line.up()
        mode.send(9)
        speed.send(50_000)
        for command, state in ((0x06, 0x21), (0x07, 0x23), (0x0F, 0x27)):
            control.send(command)
            eventually(
                lambda state=state: any(one.value & 0x6F == state for one in status),
                f"state 0x{state:02X}",
            )
        eventually(lambda: any(one.value > 1000 for one in position), "it moves")
