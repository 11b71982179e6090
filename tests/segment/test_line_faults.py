"""What can go wrong on the line, and what then is seen from both ends."""

from __future__ import annotations

import pytest

from taktora.errors import InvalidArgument
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.frames import Command, Datagram, build_frame
from taktora.segment.segment import Segment

from .bench import MS, Bench, Probe


def count(bench: Bench) -> int:
    return bench.one(Command.BRD, 0, 0x0000, bytes(1)).working_counter


@pytest.mark.rule("ESC-80")
def test_behind_a_cable_that_is_out_nobody_is_reached() -> None:
    bench = Bench([Probe() for _ in range(4)])
    size = bench.to_op()
    bench.segment.unplug(3)
    assert count(bench) == 2
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 6
    assert bench.one(Command.APRD, -2 & 0xFFFF, 0x0130, bytes(2)).working_counter == 0
    bench.segment.plug(3)
    assert count(bench) == 4
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 12
    assert [bench.state(position) for position in range(1, 5)] == [(8, 0)] * 4


@pytest.mark.rule("ESC-80", "ESC-60")
def test_who_is_not_reached_for_longer_than_its_watchdog_falls() -> None:
    bench = Bench([Probe(), Probe()])
    size = bench.to_op()
    bench.segment.unplug(2)
    for _ in range(11):
        bench.now += 10 * MS
        bench.logical(Command.LRW, 0, bytes(size))
    bench.segment.plug(2)
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 6  # which proves nothing
    assert (bench.state(1), bench.state(2)) == ((8, 0), (0x14, 0x1B))


@pytest.mark.rule("ESC-80")
def test_without_a_first_subdevice_no_frame_comes_back() -> None:
    bench = Bench([Probe()])
    bench.segment.unplug(1)
    assert bench.segment.handle(build_frame([Datagram(Command.NOP, 0, b"")]), bench.now) is None
    assert bench.segment.statistics.lost == 1
    assert Segment([]).handle(build_frame([Datagram(Command.NOP, 0, b"")]), 0) is None


@pytest.mark.rule("ESC-81")
def test_a_power_cycle_forgets_everything_and_leaves_the_others_in_op() -> None:
    bench = Bench([Probe(), Probe(mailbox=True), Probe()])
    size = bench.to_op()
    bench.write(2, 0x0010, b"\x34\x12")
    powered = bench.devices[1].powered
    bench.segment.power_cycle(2, bench.now)
    assert bench.devices[1].powered == powered + 1
    assert [bench.state(position)[0] for position in (1, 2, 3)] == [8, 1, 8]
    assert bench.number(2, 0x0010) == 0
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 6


@pytest.mark.rule("ESC-81")
def test_a_subdevice_without_power_is_not_there_and_does_nothing() -> None:
    bench = Bench([Probe(), Probe(), Probe()])
    size = bench.to_op()
    bench.logical(Command.LRW, 0, bytes(size))
    bench.segment.power_off(2)
    turns = len(bench.devices[1].got)
    assert count(bench) == 1
    bench.now += 50 * MS
    bench.logical(Command.LRW, 0, bytes(size))
    assert len(bench.devices[1].got) == turns
    bench.segment.power_on(2, bench.now)
    assert count(bench) == 3
    assert [bench.state(position)[0] for position in (1, 2, 3)] == [8, 1, 8]


@pytest.mark.rule("ESC-81")
@pytest.mark.parametrize("act", ["power_off", "power_cycle"])
def test_a_turn_that_was_due_goes_with_the_power(act: str) -> None:
    bench = Bench([Probe()])
    bench.to_op()
    turns = len(bench.devices[0].got)
    bench.segment.al_error(1, 0x0050, bench.now)  # SAFE-OP, which begins with a turn
    if act == "power_off":
        bench.segment.power_off(1)
    else:
        bench.segment.power_cycle(1, bench.now)
    bench.segment.settle(bench.now)
    assert len(bench.devices[0].got) == turns


@pytest.mark.rule("ESC-82")
def test_so_many_frames_are_lost_every_other_one_on_its_way_back() -> None:
    bench = Bench([Probe(0, 0)])
    bench.segment.lose(4)
    for value in (1, 2, 3, 4):
        frame = build_frame([Datagram.physical(Command.APWR, 0, 0x0F80 + value, b"x")])
        assert bench.segment.handle(frame, bench.now) is None
    assert bench.segment.statistics.lost == 4
    assert bench.read(1, 0x0F81, 4) == b"\x00x\x00x"


@pytest.mark.rule("ESC-82")
def test_which_frames_are_lost_is_asked_by_their_number() -> None:
    bench = Bench([Probe()])
    bench.segment.losing = lambda number: number % 3 == 1
    frame = build_frame([Datagram(Command.NOP, 0, b"")])
    answered = [bench.segment.handle(frame, bench.now) is not None for _ in range(6)]
    assert answered == [True, False, True, True, False, True]


@pytest.mark.rule("ESC-82")
def test_how_late_an_answer_is_is_asked_by_its_number() -> None:
    bench = Bench([Probe()])
    bench.segment.delaying = lambda number: number * MS
    frame = build_frame([Datagram(Command.NOP, 0, b"")])
    late = []
    for _ in range(3):
        assert bench.segment.handle(frame, bench.now) is not None
        late.append(bench.segment.late)
    bench.segment.delaying = None
    bench.segment.handle(frame, bench.now)
    assert [*late, bench.segment.late] == [0, MS, 2 * MS, 0]


@pytest.mark.rule("ESC-83")
def test_an_al_error_is_seen_in_the_state_only() -> None:
    bench = Bench([Probe(), Probe()])
    size = bench.to_op()
    bench.segment.al_error(2, 0x0050, bench.now)
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 6
    assert bench.state(2) == bench.segment.state(2) == (0x14, 0x0050)
    assert bench.state(1) == (8, 0)
    assert bench.devices[1].states[-1] == 4


@pytest.mark.rule("ESC-83")
def test_an_al_error_below_op_leaves_the_state() -> None:
    bench = Bench([Probe()])
    bench.segment.al_error(1, 0x0001, bench.now)
    assert bench.state() == (0x11, 0x0001)


@pytest.mark.rule("ESC-84")
def test_a_stuck_mailbox_stays_as_it_is() -> None:
    bench = Bench([Probe(), Probe(mailbox=True)])
    bench.configure(2)
    bench.request(2, 2)
    bench.segment.stick_mailbox(2)
    assert bench.write(2, 0x1000, bytes(64)) == 1
    bench.segment.settle(bench.now)
    assert bench.number(2, 0x0805, 1) & 8
    assert bench.write(2, 0x1000, bytes(64)) == 0
    assert bench.devices[1].mailbox.got == []
    with pytest.raises(InvalidArgument, match="position 1 has no mailbox"):
        bench.segment.stick_mailbox(1)


@pytest.mark.rule("ESC-85")
@pytest.mark.parametrize(("by", "counted"), [(-1, 5), (2, 8), (-3, 3), (0, 6)])
def test_a_subdevice_counts_wrongly_where_it_takes_part(by: int, counted: int) -> None:
    bench = Bench([Probe(), Probe()])
    size = bench.to_op()
    bench.segment.count_wrongly(2, by)
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == counted
    assert bench.logical(Command.LRW, 0, bytes(size // 2)).working_counter == 3
    assert count(bench) == 2
    bench.segment.count_wrongly(2, 0)
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 6


@pytest.mark.rule("ESC-85")
def test_a_wrong_count_is_never_below_nothing() -> None:
    bench = Bench([Probe(0, 16)])
    size = bench.to_op()
    bench.segment.count_wrongly(1, -3)
    assert bench.logical(Command.LRD, 0, bytes(size)).working_counter == 0


@pytest.mark.rule("ESC-86")
@pytest.mark.parametrize("position", [0, 3, -1])
def test_a_position_where_nothing_is_is_refused_by_number(position: int) -> None:
    segment = Segment([Probe(), Probe()])
    for act in (segment.unplug, segment.plug, segment.power_off, segment.state, segment.outputs):
        with pytest.raises(InvalidArgument, match=f"no SubDevice at position {position}"):
            act(position)
    assert segment.handle(build_frame([Datagram(Command.NOP, 0, b"")]), 0) is not None


@pytest.mark.rule("ESC-86")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alias", -1),
        ("alias", 65536),
        ("mailbox_size", 31),
        ("mailbox_size", 1487),
        ("drift", 2_000_000),
        ("sii_busy", -1),
        ("patience", -1),
    ],
)
def test_options_that_no_controller_can_have_are_refused(name: str, value: int) -> None:
    with pytest.raises(InvalidArgument, match=f"{name} must be"):
        ControllerOptions(**{name: value})


@pytest.mark.rule("ESC-86")
def test_a_device_whose_inputs_have_the_wrong_length_is_named() -> None:
    device = Probe(0, 16)
    bench = Bench([device])
    bench.to_op()
    device.gives = b"three"
    with pytest.raises(ValueError, match="Probe gave 5 bytes of inputs, its SyncManager has 2"):
        bench.logical(Command.LRD, 0, bytes(2))
