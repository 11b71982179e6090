"""AL states: every transition and status code, by a table and by examples."""

from __future__ import annotations

import itertools

import pytest

from taktora.segment.al import AlMachine, is_legal
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.frames import Command

from .al_machine import TABLE, AlMachineModel, LaxMachineModel
from .bench import MS, Bench, Probe

TestStrict = AlMachineModel.TestCase
TestStrict.pytestmark = [
    pytest.mark.rule("ESC-90", "ESC-91", "ESC-92", "ESC-93", "ESC-94", "ESC-95")
]
TestLax = LaxMachineModel.TestCase
TestLax.pytestmark = [pytest.mark.rule("ESC-90", "ESC-94")]

ROUTES = {1: [], 2: [2], 4: [2, 4], 8: [2, 4, 8]}


def at(state: int) -> Bench:
    bench = Bench([Probe(mailbox=True)], ControllerOptions(patience=None))
    bench.configure()
    for one in ROUTES[state]:
        assert bench.request(one) == (one, 0)
    return bench


@pytest.mark.rule("ESC-90")
@pytest.mark.parametrize(("start", "wanted"), [*itertools.product(TABLE, range(16))])
def test_each_request_in_each_state(start: int, wanted: int) -> None:
    doing = TABLE[start].get(wanted, "unknown")
    code = {"unknown": 0x12, "no": 0x11, "no boot": 0x13}.get(doing, 0)
    assert at(start).request(wanted) == ((start | 0x10, code) if code else (wanted, 0))


@pytest.mark.rule("ESC-90")
def test_what_is_legal_is_what_the_table_says() -> None:
    for start, row in TABLE.items():
        for wanted, doing in row.items():
            assert is_legal(start, wanted) is (doing != "no")
    assert is_legal(3, 1)
    assert not any(is_legal(3, one) for one in (2, 4, 8))


@pytest.mark.rule("ESC-91")
def test_with_an_error_only_an_acknowledgement_or_init_counts() -> None:
    bench = at(2)
    assert bench.request(8) == (0x12, 0x11)
    assert bench.request(4) == (0x12, 0x11)
    assert bench.request(0x14) == (4, 0)
    assert bench.request(3) == (0x14, 0x11)
    assert bench.request(1) == (1, 0)


@pytest.mark.rule("ESC-92")
@pytest.mark.parametrize("number", [0, 1])
def test_pre_op_needs_both_mailboxes(number: int) -> None:
    bench = at(1)
    bench.write(1, 0x0806 + 8 * number, b"\x00")
    assert bench.request(2) == (0x11, 0x16)


@pytest.mark.rule("ESC-92")
def test_without_a_mailbox_pre_op_needs_none() -> None:
    assert Bench([Probe()]).request(2) == (2, 0)


@pytest.mark.rule("ESC-93")
@pytest.mark.parametrize(("number", "code"), [(2, 0x1D), (3, 0x1E)])
@pytest.mark.parametrize("length", [0, 1, 3])
def test_safe_op_needs_sync_managers_as_long_as_the_process_data(
    number: int, code: int, length: int
) -> None:
    bench = at(2)
    start, control = ((0x1100, 0x64), (0x1400, 0x20))[number - 2]
    bench.set_manager(number, start, length, control)
    assert bench.request(4) == (0x12, code)
    bench.set_manager(number, start, 2, control)
    assert bench.request(0x14) == (4, 0)


@pytest.mark.rule("ESC-93")
@pytest.mark.parametrize(("outputs", "inputs", "code"), [(0, 16, 0x1D), (16, 0, 0x1E)])
def test_where_there_is_no_process_data_no_sync_manager_may_be_active(
    outputs: int, inputs: int, code: int
) -> None:
    bench = Bench([Probe(outputs, inputs)])
    bench.configure()
    assert bench.request(2) == (2, 0)
    number, control = (0, 0x64) if code == 0x1D else (1, 0x20)
    bench.set_manager(number, 0x2000, 1, control)
    assert bench.request(4) == (0x12, code)


@pytest.mark.rule("ESC-93")
def test_areas_that_overlap_are_another_error() -> None:
    bench = at(2)
    bench.set_manager(3, 0x1101, 2, 0x20)
    assert bench.request(4) == (0x12, 0x17)


@pytest.mark.rule("ESC-93")
def test_the_device_may_refuse_on_the_way_up_and_is_not_asked_on_the_way_down() -> None:
    bench = at(2)
    device = bench.devices[0]
    device.refuses = 0x0025
    device.asked.clear()
    assert bench.request(4) == (0x12, 0x0025)
    assert bench.request(0x11) == (1, 0)
    assert device.asked == [4]


@pytest.mark.rule("ESC-94")
def test_op_waits_for_outputs_and_is_refused_when_none_come() -> None:
    bench = Bench([Probe()], ControllerOptions(patience=50 * MS))
    bench.configure()
    size = bench.map_all()
    for state in (2, 4):
        bench.request(state)
    assert bench.request(8) == (4, 0)
    bench.now += 50 * MS - 1
    assert bench.request(8) == (4, 0)  # asked once more: it does not wait longer for that
    bench.now += 1
    assert bench.state() == (0x14, 0x19)
    assert bench.request(0x18) == (4, 0)
    bench.logical(Command.LRW, 0, bytes(size))
    assert bench.state() == (8, 0)


@pytest.mark.rule("ESC-94")
def test_outputs_that_came_in_safe_op_are_enough() -> None:
    bench = Bench([Probe()])
    bench.to_op()
    assert bench.request(4) == (4, 0)
    assert bench.request(8) == (4, 0)  # those from before do not count


@pytest.mark.rule("ESC-94")
def test_a_device_without_outputs_waits_for_none() -> None:
    bench = Bench([Probe(0, 16)])
    bench.configure()
    for state in (2, 4, 8):
        assert bench.request(state) == (state, 0)


@pytest.mark.rule("ESC-95")
def test_without_its_sync_managers_a_state_cannot_be_kept() -> None:
    bench = at(8)
    bench.write(1, 0x0806 + 16, b"\x00")
    assert bench.state() == (0x12, 0x1D)
    bench = at(8)
    bench.write(1, 0x0806, b"\x00")
    assert bench.state() == (0x11, 0x16)
    assert bench.devices[0].states[-1] == 1


@pytest.mark.rule("ESC-96")
def test_outputs_reach_the_device_in_op_only_and_inputs_come_from_safe_op_on() -> None:
    bench = Bench([Probe(16, 16)])
    bench.configure()
    size = bench.map_all()
    device = bench.devices[0]
    device.gives = b"hi"
    bench.request(2)
    bench.logical(Command.LRW, 0, b"ab" + bytes(2))
    assert device.got == []
    bench.request(4)
    assert device.got == [None]  # inputs are there with the state
    assert bench.logical(Command.LRW, 0, b"cd" + bytes(2)).data == b"cdhi"
    assert device.got[1:] == [None]
    bench.request(8)
    bench.logical(Command.LRW, 0, b"ef" + bytes(2))
    assert device.got[2:] == [b"ef"]
    inverted = bytes(byte ^ 0xFF for byte in b"ef")
    assert bench.logical(Command.LRW, 0, bytes(size)).data[2:] == inverted


@pytest.mark.rule("ESC-96")
def test_one_frame_is_one_cycle_of_the_device() -> None:
    from taktora.segment.frames import Datagram

    bench = Bench([Probe(16, 16)])
    bench.to_op()
    device = bench.devices[0]
    device.got.clear()
    bench.send(Datagram(Command.LRD, 2, bytes(2)), Datagram(Command.LWR, 0, b"xy"))
    assert device.got == [b"xy"]


@pytest.mark.rule("ESC-97")
def test_in_init_a_mailbox_is_silent_and_begins_anew_in_pre_op() -> None:
    bench = at(1)
    mailbox = bench.devices[0].mailbox
    assert bench.write(1, 0x1000, bytes(64)) == 1
    assert mailbox.got == []
    assert bench.number(1, 0x0805, 1) & 8
    resets = mailbox.resets
    bench.request(2)
    assert mailbox.resets > resets
    assert bench.number(1, 0x0805, 1) & 8 == 0
    bench.write(1, 0x1000, bytes(64))
    assert len(mailbox.got) == 1
    assert bench.number(1, 0x080D, 1) & 8
    bench.request(1)
    assert bench.number(1, 0x080D, 1) & 8 == 0


@pytest.mark.rule("ESC-90")
def test_a_machine_needs_no_controller() -> None:
    entered: list[tuple[int, int]] = []
    machine = AlMachine(
        check=lambda _: 0,
        entered=lambda old, new, _: entered.append((old, new)),
        outputs_valid=lambda: True,
        patience=0,
    )
    for state in (2, 4, 8, 1):
        machine.request(state, 0)
        assert machine.status == state
    assert entered == [(1, 2), (2, 4), (4, 8), (8, 1)]
