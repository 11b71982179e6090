"""The simulated SubDevices as SOEM sees them, over a wire."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from taktora.segment.analog import AnalogIn
from taktora.segment.axis import Axis
from taktora.segment.coe_device import CoeDevice
from taktora.testing.ethercat import SimulatedSegment, simulated_segment

pytestmark = pytest.mark.segment

EVERYTHING: list[dict[str, Any]] = [
    {"type": "coupler"},
    {"type": "digital-out", "channels": 8},
    {"type": "digital-in", "channels": 12, "on": [0, 11]},
    {"type": "analog-in", "channels": 2},
    {"type": "analog-out", "channels": 2},
    {"type": "loopback", "bytes": 4, "pdo_bytes": 2, "mailbox_bytes": 256},
    {"type": "axis"},
    {"type": "tests.segment.machine_of_own:Doubler"},
]
COUPLER, OUT, IN, ANALOG_IN, ANALOG_OUT, LOOP, AXIS, OWN = range(8)


class Master:
    def __init__(self, segment: SimulatedSegment, soem: Any) -> None:
        self.segment = segment
        self.soem = soem
        self.slaves = soem.slaves

    def cycle(self, times: int = 1) -> int:
        counted = 0
        for _ in range(times):
            self.soem.send_processdata()
            counted = self.soem.receive_processdata(50_000)
        return counted

    def go(self, state: int) -> None:
        """To a state, with process data on the way."""
        self.soem.state = state
        self.soem.write_state()
        for _ in range(200):
            self.cycle()
            self.soem.read_state()
            if all(one.state == state for one in self.slaves):
                return
        raise AssertionError([(hex(one.state), hex(one.al_status)) for one in self.slaves])


@contextmanager
def a_master(
    subdevices: list[dict[str, Any]], configure: Callable[[Any], None] = lambda _: None
) -> Iterator[Master]:
    """``configure`` is given each slave in PRE-OP, before its process data are mapped."""
    import pysoem

    with simulated_segment(subdevices) as segment:
        soem = pysoem.Master()
        soem.open(segment.nic)
        try:
            assert soem.config_init() == sum(one.get("count", 1) for one in subdevices)
            for slave in soem.slaves:
                slave.setup_func = configure
                slave.set_watchdog("processdata", 0)  # this machine may be busy elsewhere
            soem.config_map()
            yield Master(segment, soem)
        finally:
            soem.state = 1
            soem.write_state()
            soem.close()


@pytest.fixture
def master() -> Iterator[Master]:
    with a_master(EVERYTHING) as made:
        yield made


@pytest.mark.rule("TERM-50", "COE-45")
def test_every_type_comes_up_with_the_process_data_that_it_has(master: Master):
    assert [(len(one.output), len(one.input)) for one in master.slaves] == [
        (0, 0), (1, 0), (0, 2), (0, 8), (4, 0), (4, 4), (12, 14), (3, 4),
    ]  # fmt: skip
    assert [one.name for one in master.slaves] == [
        "coupler", "digital-out", "digital-in", "analog-in", "analog-out", "loopback", "axis",
        "Doubler",
    ]  # fmt: skip
    master.go(8)
    assert master.cycle() == master.soem.expected_wkc == 15


@pytest.mark.rule("TERM-01", "TERM-02", "TERM-04", "TERM-06", "TERM-07", "TERM-40")
def test_process_data_are_what_the_devices_make_of_them(master: Master):
    master.go(8)
    slaves, segment = master.slaves, master.segment
    slaves[OUT].output = b"\xa5"
    slaves[ANALOG_OUT].output = struct.pack("<hh", 100, -100)
    slaves[LOOP].output = b"wire"
    slaves[OWN].output = struct.pack("<HB", 1234, 0)
    segment.call(ANALOG_IN + 1, "inputs.set", 1, -4321)
    master.cycle(3)
    assert segment.call(OUT + 1, "outputs") == [bool(0xA5 >> n & 1) for n in range(8)]
    assert slaves[IN].input == b"\x01\x08"
    assert slaves[LOOP].input == b"wire"
    assert slaves[OWN].input == struct.pack("<I", 2468)
    assert struct.unpack("<HhHh", slaves[ANALOG_IN].input)[1::2] == (0, -4321)
    assert segment.outputs(ANALOG_OUT + 1) == struct.pack("<hh", 100, -100)


@pytest.mark.rule("COE-10", "COE-11", "COE-20", "COE-21")
@pytest.mark.parametrize("size", [0, 1, 4, 5, 111, 112, 113, 240, 241, 4096])
def test_objects_of_any_size_go_both_ways(master: Master, size: int):
    loop, data = master.slaves[LOOP], bytes(n % 251 for n in range(size))
    if data:
        loop.sdo_write(0x8002, 0, data)
    assert loop.sdo_read(0x8002, 0, 4096) == data
    assert loop.sdo_read(0x1C12, 0, ca=True) == struct.pack("<B x 2H", 2, 0x1600, 0x1601)


@pytest.mark.rule("COE-30", "COE-31", "COE-32", "COE-33")
@pytest.mark.parametrize(("which", "like"), [(AXIS, Axis), (ANALOG_IN, AnalogIn)])
def test_soem_browses_all_that_there_is(master: Master, which: int, like: type[CoeDevice]):
    expected = {
        one.index: (one.name, int(one.code), {sub: e.name for sub, e in one.entries.items()})
        for one in like().objects
    }
    found = {
        one.index: (
            one.name.decode(),
            one.object_code,
            {sub: entry.name.decode() for sub, entry in enumerate(one.entries)},
        )
        for one in master.slaves[which].od
    }
    for index in [index for index, (_, _, subs) in expected.items() if list(subs) == [0]]:
        # of which SOEM does not ask for the entry
        expected[index] = (*expected[index][:2], {})
        found[index] = (*found[index][:2], {})
    assert found == expected


@pytest.mark.rule("COE-40", "COE-41", "COE-42", "COE-43")
def test_pdos_assigned_and_mapped_by_a_main_device_are_exchanged():
    def configure(slave: Any) -> None:
        slave.sdo_write(0x1C12, 0, struct.pack("<B x H", 1, 0x1600), ca=True)
        slave.sdo_write(0x1C13, 0, b"\0")
        slave.sdo_write(0x1A00, 0, b"\0")
        slave.sdo_write(0x1A00, 1, struct.pack("<I", 0x60410010))
        slave.sdo_write(0x1A00, 2, struct.pack("<I", 0x606C0020))
        slave.sdo_write(0x1A00, 0, b"\2")
        slave.sdo_write(0x1C13, 1, struct.pack("<H", 0x1A00))
        slave.sdo_write(0x1C13, 0, b"\1")

    with a_master([{"type": "axis"}], configure) as master:
        axis = master.slaves[0]
        assert (len(axis.output), len(axis.input)) == (6, 6)
        master.go(8)


@pytest.mark.rule("COE-05", "TERM-24")
def test_a_trip_reaches_soem_as_an_emergency(master: Master):
    axis, heard = master.slaves[AXIS], []
    axis.add_emergency_callback(heard.append)
    master.go(8)
    master.segment.call(AXIS + 1, "trip", 0x2310)
    axis.sdo_read(0x1001, 0)
    assert [(one.error_code, one.error_reg) for one in heard] == [(0x2310, 0x03)]
    master.cycle(2)
    assert struct.unpack_from("<H", axis.input)[0] & 0x4F == 0x08


@pytest.mark.rule("TERM-30")
def test_soem_moves_an_axis_to_a_target(master: Master):
    master.go(8)
    axis = master.slaves[AXIS]

    def until(control: int, mask: int, bits: int) -> tuple[Any, ...]:
        for _ in range(20_000):
            axis.output = struct.pack("<HbBii", control, 1, 0, 500, 0)
            master.cycle()
            answer = struct.unpack("<HbBiiH", axis.input)
            if answer[0] & mask == bits:
                return answer
            time.sleep(0)  # the simulator may have the processor
        raise AssertionError(answer)

    for control, bits in ((0x00, 0x40), (0x06, 0x21), (0x07, 0x23), (0x0F, 0x27)):
        until(control, 0x4F if bits == 0x40 else 0x6F, bits)
    until(0x1F, 0x1000, 0x1000)
    answer = until(0x0F, 0x1400, 0x0400)
    assert (answer[1], answer[3], answer[4]) == (1, 500, 0)


@pytest.mark.rule("TERM-41")
def test_a_mistake_in_one_device_is_that_devices_error_and_the_others_go_on(master: Master):
    master.go(8)
    own = master.slaves[OWN]
    own.output = struct.pack("<HB", 7, 0)
    master.cycle(3)
    before = own.input
    own.output = struct.pack("<HB", 8, 1)
    master.cycle(3)
    master.soem.read_state()
    assert [one.state for one in master.slaves] == [8] * 7 + [0x14]
    assert own.al_status == 0x0001
    assert own.input == before
    assert master.segment.call(OWN + 1, "failure") == "RuntimeError: as it was told to"
    own.output = struct.pack("<HB", 9, 0)
    own.state = 4 + 0x10
    own.write_state()
    master.cycle(2)
    master.go(8)
    master.cycle(3)
    assert own.input == struct.pack("<I", 18)
