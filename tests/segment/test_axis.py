"""A simulated drive, cycle by cycle, as a MainDevice sees it."""

from __future__ import annotations

import itertools
import struct
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument
from taktora.segment.aborts import Abort
from taktora.segment.axis import Axis
from taktora.segment.cia402 import DriveState
from tests.segment.sdo_client import SdoClient
from tests.segment.test_coe_transfers import abort_of

MS = 1_000_000
PRE_OP, SAFE_OP, OP = 2, 4, 8
PP, PV, CSP, CSV = 1, 3, 8, 9
ENABLED, NEW, AT_ONCE, RELATIVE, HALT = 0x0F, 0x10, 0x20, 0x40, 0x100
REACHED, ACKNOWLEDGED = 0x0400, 0x1000


class Inputs(NamedTuple):
    status: int
    mode: int
    position: int
    velocity: int
    error: int

    @property
    def state(self) -> int:
        return self.status & 0x6F


class Master:
    """Exchanges the default PDOs with an axis once per millisecond."""

    def __init__(self, mode: int = PP, axis: Axis | None = None) -> None:
        self.axis = axis or Axis()
        self.axis.power_on()
        for state in (PRE_OP, SAFE_OP, OP):
            self.axis.entered(state, 0)
        self.client = SdoClient(self.axis.mailbox)
        self.now = 0
        self.mode, self.target, self.speed = mode, 0, 0
        self.inputs = Inputs(0, 0, 0, 0, 0)

    def cycle(self, control: int, times: int = 1, *, step: int = MS) -> Inputs:
        for _ in range(times):
            self.now += step
            image = struct.pack("<HbBii", control, self.mode, 0, self.target, self.speed)
            answer = struct.unpack("<HbBiiH", self.axis.exchange(image, self.now))
            self.inputs = Inputs(*answer[:2], *answer[3:])
        return self.inputs

    def until(self, control: int, bits: int, most: int = 5000) -> int:
        """Cycles until all of these bits of the status word are set."""
        for number in range(most):
            if self.cycle(control).status & bits == bits:
                return number + 1
        raise AssertionError(f"{bits:#x} did not come: {self.inputs}")

    def enable(self) -> Master:
        for control in (0x00, 0x06, 0x07, 0x0F):
            self.cycle(control)
        assert self.inputs.state == 0x27
        return self

    def set(self, index: int, data: int, format: str = "<I") -> None:
        self.client.write(index, 0, struct.pack(format, data))

    def go(self, target: int, more: int = 0) -> None:
        """Hand over a set-point."""
        self.target = target
        self.cycle(ENABLED | NEW | more)
        self.cycle(ENABLED | more & ~NEW)


@pytest.mark.rule("TERM-20", "TERM-21")
def test_a_drive_is_enabled_step_by_step_and_says_so():
    master = Master()
    seen = [master.cycle(control).status & 0x6F for control in (0, 0, 6, 6, 7, 15, 15, 7, 6, 0)]
    assert [one & 0x4F if one & 0x40 else one for one in seen] == [
        0x40, 0x40, 0x21, 0x21, 0x23, 0x27, 0x27, 0x23, 0x21, 0x40,
    ]  # fmt: skip
    assert master.inputs.status & 0x0200
    assert master.axis.drive_state is DriveState.SWITCH_ON_DISABLED


@pytest.mark.rule("TERM-20")
@given(st.lists(st.sampled_from([0x00, 0x02, 0x06, 0x07, 0x0B, 0x0F, 0x80, 0x8F]), max_size=30))
def test_whatever_is_commanded_a_drive_moves_only_while_operation_is_enabled(controls: list[int]):
    master = Master(CSV)
    master.speed = 1000
    for control in controls:
        before = master.axis.drive_state
        inputs = master.cycle(control)
        assert inputs.error == 0
        if before is DriveState.OPERATION_ENABLED and inputs.velocity:
            continue
        if master.axis.drive_state is not DriveState.OPERATION_ENABLED:
            assert abs(inputs.velocity) <= 1000
            master.cycle(control, 3)  # braked at 5,000,000 per second squared
            if master.axis.drive_state is not DriveState.OPERATION_ENABLED:
                assert master.inputs.velocity == 0


@pytest.mark.rule("TERM-30")
def test_a_set_point_is_taken_by_a_handshake_and_reached():
    master = Master().enable()
    assert master.inputs.status & REACHED
    master.target = 5000
    taken = master.cycle(ENABLED | NEW)
    assert taken.status & (ACKNOWLEDGED | REACHED) == ACKNOWLEDGED
    assert master.cycle(ENABLED | NEW).status & ACKNOWLEDGED
    assert not master.cycle(ENABLED).status & ACKNOWLEDGED
    cycles = master.until(ENABLED, REACHED)
    assert (master.inputs.position, master.inputs.velocity) == (5000, 0)
    assert 130 < cycles < 150  # 2 * sqrt(5000 / 1,000,000) s, less what is over already
    assert master.cycle(ENABLED, 10).position == 5000


@pytest.mark.rule("TERM-30")
def test_a_target_alone_moves_nothing():
    master = Master().enable()
    master.target = 5000
    assert master.cycle(ENABLED, 50).position == 0
    master.go(5000)
    master.target = -9999
    master.until(ENABLED, REACHED)
    assert master.inputs.position == 5000


@pytest.mark.rule("TERM-30")
def test_speed_and_acceleration_are_limited_by_their_objects():
    master = Master()
    master.set(0x6081, 2_000)
    master.set(0x6083, 10_000)
    master.set(0x6084, 40_000)
    master.enable().go(3000)
    speeds = [master.cycle(ENABLED).velocity for _ in range(2500)]
    assert max(speeds) == 2000
    changes = [after - before for before, after in itertools.pairwise(speeds)]
    assert 0 < max(changes) <= 10 + 1
    assert -40 - 1 <= min(changes) < -30
    assert master.inputs.position == 3000


@pytest.mark.rule("TERM-30")
def test_a_set_point_on_the_way_waits_for_its_turn_or_takes_it():
    master = Master().enable()
    master.go(3000)
    master.target = -1000
    assert master.cycle(ENABLED | NEW).status & ACKNOWLEDGED
    assert master.cycle(ENABLED).status & ACKNOWLEDGED, "there is no room for another"
    master.target = 7777
    master.cycle(ENABLED | NEW)
    furthest = max(master.cycle(ENABLED).position for _ in range(150))
    assert furthest == 3000
    master.until(ENABLED, REACHED)
    assert master.inputs.position == -1000
    master.go(3000)
    master.go(-1000, AT_ONCE)
    furthest = max(master.cycle(ENABLED).position for _ in range(200))
    assert furthest < 100
    master.until(ENABLED, REACHED)
    assert master.inputs.position == -1000


@pytest.mark.rule("TERM-30")
def test_a_relative_set_point_counts_from_the_last_target():
    master = Master().enable()
    for _ in range(3):
        master.go(1000, RELATIVE | AT_ONCE)
    master.until(ENABLED, REACHED)
    assert master.inputs.position == 3000
    master.go(-500, RELATIVE)
    master.until(ENABLED, REACHED)
    assert master.inputs.position == 2500


@pytest.mark.rule("TERM-30")
def test_halt_interrupts_and_its_end_goes_on():
    master = Master().enable()
    master.go(50_000)
    master.cycle(ENABLED, 100)
    assert not master.cycle(ENABLED | HALT).status & REACHED
    master.until(ENABLED | HALT, REACHED)
    stopped = master.inputs.position
    assert master.inputs.velocity == 0
    assert 0 < stopped < 50_000
    assert master.cycle(ENABLED | HALT, 10).position == stopped
    master.cycle(ENABLED)
    master.until(ENABLED, REACHED)
    assert master.inputs.position == 50_000


@pytest.mark.rule("TERM-30")
@pytest.mark.parametrize("leave", [0x00, 0x07, 0x02])
def test_an_axis_that_is_enabled_again_stays_where_it_is(leave: int):
    master = Master().enable()
    master.go(5000)
    master.target = 7000
    master.cycle(ENABLED | NEW, 20)
    master.cycle(leave, 100)
    at = master.inputs.position
    assert 0 < at < 5000
    master.enable()
    assert master.inputs.status & (REACHED | ACKNOWLEDGED) == REACHED
    assert master.cycle(ENABLED, 300).position == at


@pytest.mark.rule("TERM-31")
def test_a_target_speed_is_reached_by_ramps():
    master = Master(PV)
    master.set(0x6083, 10_000)
    master.set(0x6084, 20_000)
    master.enable()
    assert master.inputs.status & (REACHED | 0x1000) == REACHED | 0x1000
    master.speed = 1000
    assert not master.cycle(ENABLED).status & REACHED
    assert 98 <= master.until(ENABLED, REACHED) <= 102
    assert master.inputs.velocity == 1000
    assert not master.inputs.status & 0x1000
    before = master.inputs.position
    assert master.cycle(ENABLED, 1000).position == before + 1000
    assert 48 <= master.until(ENABLED | HALT, 0x1000 | REACHED) <= 52
    assert master.inputs.velocity == 0
    master.speed = 2**31 - 1
    assert master.cycle(ENABLED, 2000, step=1000 * MS).velocity == 10_000_000


@pytest.mark.rule("TERM-32")
def test_a_cyclic_target_is_where_the_axis_is_in_the_same_cycle():
    master = Master(CSP).enable()
    for target in range(0, 5000, 100):
        master.target = target
        inputs = master.cycle(ENABLED)
        assert inputs.position == target
        assert inputs.status & 0x1000
    assert inputs.velocity == 100_000


@pytest.mark.rule("TERM-32")
def test_a_target_that_is_too_far_away_is_a_following_error_if_there_is_a_window():
    master = Master(CSP)
    master.set(0x607F, 1000)
    master.enable()
    master.target = 5000
    inputs = master.cycle(ENABLED, 10)
    assert (inputs.position, inputs.velocity) == (10, 1000)
    assert not inputs.status & 0x2400
    master.set(0x6065, 4989)
    assert not master.cycle(ENABLED).status & 0x2000, "it is 4989 behind: as much as it may be"
    assert master.client.read(0x60F4, 0) == struct.pack("<i", 4989)
    master.set(0x6065, 4000)
    inputs = master.cycle(ENABLED)
    assert inputs.status & 0x2000
    assert (inputs.error, inputs.status & 0x4F) == (0x8611, 0x0F)
    assert master.cycle(ENABLED, 3).status & 0x4F == 0x08


@pytest.mark.rule("TERM-33")
def test_a_cyclic_speed_is_limited_by_the_motor():
    master = Master(CSV)
    master.set(0x60C5, 100_000)
    master.set(0x60C6, 50_000)
    master.set(0x607F, 3000)
    master.enable()
    master.speed = 1000
    seen = [master.cycle(ENABLED).velocity for _ in range(12)]
    assert seen == [0, *range(100, 1001, 100), 1000]
    master.speed = 0
    assert [master.cycle(ENABLED).velocity for _ in range(3)] == [1000, 950, 900]
    master.speed = -5000
    assert master.cycle(ENABLED, 500).velocity == -3000


@pytest.mark.rule("TERM-34")
def test_the_mode_is_chosen_by_object_0x6060_and_shown():
    master = Master(CSP)
    assert master.cycle(0).mode == CSP
    for mode in (PP, PV, CSV, CSP):
        master.mode = mode
        assert master.cycle(0).mode == mode
    for unknown in (0, 2, 6, 10, -1):
        master.mode = unknown
        assert master.cycle(0).mode == CSP
        if not unknown:
            master.set(0x6060, 0, "<b")
        else:
            assert abort_of(master.set, 0x6060, unknown, "<b") == Abort.VALUE_RANGE
    assert master.client.read(0x6502, 0) == struct.pack("<I", 0x185)


@pytest.mark.rule("TERM-34")
def test_another_mode_while_the_axis_moves_is_followed_at_once():
    master = Master(PV).enable()
    master.speed = 10_000
    master.cycle(ENABLED, 50)
    master.mode = PP
    master.cycle(ENABLED, 200)
    assert master.inputs.velocity == 0
    at = master.inputs.position
    master.go(at + 100)
    master.until(ENABLED, REACHED)
    assert master.inputs.position == at + 100


@pytest.mark.rule("TERM-23")
@pytest.mark.parametrize(
    ("option", "rate", "after"),
    [(1, 20_000, 0x40), (2, 50_000, 0x40), (5, 20_000, 7), (6, 50_000, 7)],
)
def test_a_quick_stop_slows_down_as_its_option_says(option: int, rate: int, after: int):
    master = Master(CSV)
    master.set(0x605A, option, "<h")
    master.set(0x6084, 20_000)
    master.set(0x6085, 50_000)
    master.enable()
    master.speed = 1000
    master.cycle(ENABLED, 20)
    inputs = master.cycle(0x02, 2)
    assert inputs.state == 0x07
    assert inputs.velocity == 1000 - rate // 1000
    inputs = master.cycle(0x02, 100)
    assert inputs.velocity == 0
    assert inputs.status & 0x4F == after
    master.speed = 0
    assert (master.cycle(ENABLED).state == 0x27) is (after == 7)


@pytest.mark.rule("TERM-24")
def test_a_trip_stops_the_motor_and_is_reset_by_a_rise_of_bit_7():
    master = Master(CSV).enable()
    master.speed = 100_000
    master.cycle(ENABLED, 50)
    master.axis.trip(0x2310)
    inputs = master.cycle(ENABLED)
    assert (inputs.status & 0x4F, inputs.error) == (0x0F, 0x2310)
    inputs = master.cycle(ENABLED, 50)
    assert (inputs.status & 0x4F, inputs.velocity) == (0x08, 0)
    assert master.client.read(0x1001, 0) == b"\x03"
    assert master.client.emergencies == [struct.pack("<HB5x", 0x2310, 0x03)]
    assert master.cycle(0x06).status & 0x4F == 0x08
    inputs = master.cycle(0x80)
    assert (inputs.status & 0x4F, inputs.error) == (0x40, 0)
    assert master.cycle(0x80).status & 0x4F == 0x40
    assert master.client.read(0x1001, 0) == b"\0"
    assert master.client.emergencies[1:] == [bytes(8)]
    master.enable()


@pytest.mark.rule("TERM-24")
def test_bit_7_that_was_set_before_the_fault_does_not_reset_it():
    master = Master()
    master.cycle(0x80)
    master.axis.trip()
    assert master.cycle(0x80, 5).status & 0x4F == 0x08
    master.cycle(0)
    assert master.cycle(0x80).status & 0x4F == 0x40


@pytest.mark.rule("TERM-24")
@pytest.mark.parametrize(
    ("code", "register"),
    [
        (0x2310, 0x03),
        (0x3210, 0x05),
        (0x4210, 0x09),
        (0x8611, 0x11),
        (0x7500, 0x21),
        (0xFF00, 0x21),
    ],
)
def test_the_error_register_says_what_kind_of_error_it_is(code: int, register: int):
    master = Master()
    master.axis.trip(code)
    assert master.client.read(0x1001, 0) == bytes([register])


@pytest.mark.rule("TERM-24")
@pytest.mark.parametrize("code", [0, 0x10000, -1])
def test_an_error_code_has_16_bits_and_is_not_0(code: int):
    axis = Axis()
    with pytest.raises(InvalidArgument, match="1 to 65535"):
        axis.trip(code)
    assert axis.drive_state is DriveState.NOT_READY


@pytest.mark.rule("TERM-25")
@pytest.mark.parametrize(
    ("option", "after"),
    [(0, 0x27), (1, 0x08), (2, 0x40), (3, 0x40)],
)
def test_when_the_main_device_is_gone_the_axis_does_what_0x6007_says(option: int, after: int):
    master = Master(CSV)
    master.set(0x6007, option, "<h")
    master.enable()
    master.speed = 10_000
    master.cycle(ENABLED, 20)
    master.axis.entered(SAFE_OP, master.now)
    for _ in range(20):
        master.now += MS
        image = master.axis.exchange(None, master.now)
    status = struct.unpack_from("<H", image)[0]
    assert status & (0x6F if after == 0x27 else 0x4F) == after
    assert (master.axis.velocity == 10_000) is (option == 0)
    if option == 1:
        assert struct.unpack_from("<H", image, 12)[0] == 0x7500
    if option:
        master.axis.entered(OP, master.now)
        assert master.cycle(ENABLED, 5).status & 0x4F == after


@pytest.mark.rule("TERM-25")
def test_an_axis_that_was_not_enabled_has_no_fault_when_the_main_device_goes():
    master = Master()
    master.cycle(0x06)
    master.axis.entered(SAFE_OP, master.now)
    master.axis.exchange(None, master.now + MS)
    assert master.axis.drive_state is DriveState.SWITCH_ON_DISABLED
    assert master.axis.mailbox.pending(0) is None


@pytest.mark.rule("TERM-26")
def test_a_power_cycle_keeps_where_the_motor_is_and_nothing_else():
    axis = Axis()
    axis.place(-(2**31))
    assert axis.position == -(2**31)
    axis.place(1234)
    master = Master(CSP, axis)
    master.target = 1500
    master.enable()
    master.cycle(ENABLED, 10)
    assert axis.position == 1500
    master.set(0x6081, 77)
    axis.trip()
    axis.power_on()
    assert (axis.position, axis.velocity, axis.mode) == (1500, 0, 8)
    assert axis.drive_state is DriveState.NOT_READY
    again = Master(CSP, axis)
    assert again.client.read(0x6081, 0) == struct.pack("<I", 100_000)
    assert again.cycle(0).position == 1500
    with pytest.raises(InvalidArgument, match="32 bits"):
        axis.place(2**31)


@pytest.mark.rule("TERM-26")
def test_other_pdos_may_be_assigned():
    axis = Axis()
    axis.power_on()
    axis.entered(PRE_OP, 0)
    client = SdoClient(axis.mailbox)
    client.write(0x1C12, 0, struct.pack("<B x H", 1, 0x1600), complete=True)
    client.write(0x1C13, 0, struct.pack("<B x H", 1, 0x1A00), complete=True)
    axis.entered(OP, 0)
    assert (axis.output_bits, axis.input_bits) == (48, 48)
    for n, control in enumerate((0, 6, 7, 15), 1):
        axis.exchange(struct.pack("<Hi", control, 0), n * MS)
    answer = axis.exchange(struct.pack("<Hi", 15, 100), 5 * MS)
    assert struct.unpack("<Hi", answer) == (0x1237, 100)
