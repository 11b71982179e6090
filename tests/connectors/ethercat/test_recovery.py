"""The way of one SubDevice back to OP, decided without a bus."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.bus import AlState
from taktora.connectors.ethercat.recovery import Do, Recovery, Seen, Step

SECOND = 1_000_000_000
PATIENCE = 2 * SECOND


class Device:
    """A SubDevice that does as it is asked, and can be restarted."""

    def __init__(self, state: AlState = AlState.SAFE_OP, *, error: bool = False) -> None:
        self.state = state
        self.error = error
        self.has_address = True
        self.objects = 3
        self.done: list[Do] = []

    def restart(self) -> None:
        self.state, self.error, self.has_address = AlState.INIT, False, False

    @property
    def seen(self) -> Seen | None:
        return Seen(self.state, self.error, 0x1B * self.error) if self.has_address else None

    def obey(self, step: Step, course: Recovery, now: int) -> None:
        self.done.append(step.do)
        match step.do:
            case Do.FIND:
                self.has_address = True
            case Do.ACKNOWLEDGE:
                assert step.state is self.state
                self.error = False
            case Do.REQUEST:
                assert not self.error
                if step.state is not AlState.INIT:
                    assert (self.state, step.state) == (AlState.SAFE_OP, AlState.OP)
                self.state = step.state
            case Do.SET_UP_MAILBOX:
                assert self.state is AlState.INIT
                self.state, self.objects = AlState.PRE_OP, 0
            case Do.WRITE_OBJECTS:
                assert self.state is AlState.PRE_OP
                if self.objects < 3:
                    self.objects += 1
                else:
                    self.state = AlState.SAFE_OP
                    course.written(now)


def follow(device: Device, course: Recovery, *, start: int = 0, steps: int = 30) -> list[Do]:
    for now in range(start, start + steps):
        step = course.next(device.seen, now)
        if step.do is Do.DONE:
            return device.done
        device.obey(step, course, now)
    raise AssertionError(f"not in OP after {device.done}")


@pytest.mark.rule("SOEM-20")
def test_an_error_is_acknowledged_and_op_asked_for() -> None:
    device = Device(AlState.SAFE_OP, error=True)
    assert follow(device, Recovery(PATIENCE)) == [Do.ACKNOWLEDGE, Do.REQUEST]
    assert device.state is AlState.OP


@pytest.mark.rule("SOEM-21")
def test_after_a_restart_it_is_found_and_set_up_from_init() -> None:
    device = Device()
    device.restart()
    objects = [Do.WRITE_OBJECTS] * 4
    assert follow(device, Recovery(PATIENCE)) == [
        Do.FIND,
        Do.SET_UP_MAILBOX,
        *objects,
        Do.REQUEST,
    ]


@pytest.mark.rule("SOEM-21")
def test_one_that_is_in_pre_op_without_having_been_asked_begins_at_init() -> None:
    device = Device(AlState.PRE_OP)
    assert follow(device, Recovery(PATIENCE))[:2] == [Do.REQUEST, Do.SET_UP_MAILBOX]


@pytest.mark.rule("SOEM-22")
def test_a_state_that_is_not_reached_in_time_is_asked_for_anew() -> None:
    course = Recovery(PATIENCE)
    stuck = Seen(AlState.SAFE_OP)
    assert course.next(stuck, 0) == Step(Do.REQUEST, AlState.OP)
    assert course.next(stuck, PATIENCE) == Step(Do.WAIT, AlState.OP)
    assert course.next(stuck, PATIENCE + 1) == Step(Do.REQUEST, AlState.OP, late=True)
    assert course.next(stuck, PATIENCE + 2) == Step(Do.WAIT, AlState.OP)


@pytest.mark.rule("SOEM-22")
def test_writing_many_objects_may_take_longer_than_a_change_of_state() -> None:
    course = Recovery(PATIENCE)
    course.next(Seen(AlState.INIT), 0)
    for turn in range(100):
        step = course.next(Seen(AlState.PRE_OP), turn * SECOND)
        assert step == Step(Do.WRITE_OBJECTS, AlState.SAFE_OP)


@pytest.mark.rule("SOEM-22")
@given(st.data())
def test_whatever_happens_on_the_way_it_is_in_op_in_the_end(data: st.DataObject) -> None:
    device = Device(data.draw(st.sampled_from(list(AlState)[1:])), error=data.draw(st.booleans()))
    course = Recovery(PATIENCE)
    now = 0
    for _ in range(data.draw(st.integers(0, 25))):
        now += data.draw(st.sampled_from([1, SECOND, PATIENCE + 1]))
        step = course.next(device.seen, now)
        match data.draw(st.sampled_from(["obeys", "ignores", "restarts", "fails"])):
            case "obeys":
                device.obey(step, course, now)
            case "restarts":
                device.restart()
            case "fails":
                device.error = True
    now += PATIENCE + 1
    device.done.clear()
    assert len(follow(device, course, start=now)) <= 12
    assert device.state is AlState.OP
    assert not device.error
