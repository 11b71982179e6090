"""When faults are: the schedule against a list of what happens, second by second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.fault_schedule import FaultSchedule, is_active, occurrences
from taktora.segment.faults import (
    AlError,
    CableOut,
    Delay,
    Emergency,
    Fault,
    FrameLoss,
    PowerCycle,
    StuckMailbox,
)

S, MS = 1_000_000_000, 1_000_000


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def cable(
    at: int, lasts: int | None, every: int | None = None, times: int | None = None
) -> CableOut:
    return CableOut(
        kind="cable-out",
        subdevice=1,
        at=seconds(at),
        lasts=None if lasts is None else seconds(lasts),
        every=None if every is None else seconds(every),
        times=times,
    )


def error(at: int, every: int | None = None, times: int | None = None) -> AlError:
    repeated = None if every is None else seconds(every)
    return AlError(kind="al-error", subdevice=1, at=seconds(at), every=repeated, times=times)


@pytest.mark.rule("TERM-54")
@pytest.mark.parametrize(
    ("fault", "seconds_active"),
    [
        (cable(2, 3), [2, 3, 4]),
        (cable(0, 1), [0]),
        (cable(10, None), list(range(10, 20))),
        (cable(1, 2, every=5), [1, 2, 6, 7, 11, 12, 16, 17]),
        (cable(1, 2, every=5, times=2), [1, 2, 6, 7]),
        (error(3), []),
    ],
)
def test_a_fault_lasts_from_its_begin_to_before_its_end(fault: Fault, seconds_active: list[int]):
    assert [n for n in range(20) if is_active(fault, n * S)] == seconds_active
    for n in seconds_active:
        assert is_active(fault, n * S + S - 1)
        if n - 1 not in seconds_active:
            assert not is_active(fault, n * S - 1)


@pytest.mark.rule("TERM-54")
@pytest.mark.parametrize(
    ("fault", "happens"),
    [
        (error(3), [3]),
        (error(0), [0]),
        (error(1, every=4), [1, 5, 9, 13, 17]),
        (error(1, every=4, times=3), [1, 5, 9]),
    ],
)
def test_an_instant_is_due_once_however_time_is_cut(fault: Fault, happens: list[int]):
    schedule = FaultSchedule([fault])
    assert [at // S for at in occurrences(fault, -1, 20 * S)] == happens
    for step in (S, S // 2, 7 * S, 20 * S):
        seen, after = [], -1
        while after < 20 * S:
            until = min(after + step, 20 * S)
            seen += [at // S for at, _ in schedule.due(after, until)]
            after = until
        assert seen == happens


lasting = st.builds(
    cable, st.integers(0, 9), st.integers(1, 3), st.none() | st.integers(4, 9), st.none()
)
instants = st.builds(error, st.integers(0, 9), st.integers(1, 9), st.none() | st.integers(1, 3))


@pytest.mark.rule("TERM-54")
@given(st.lists(lasting | instants, max_size=5))
def test_between_changes_nothing_changes_and_nothing_happens(faults: list[Fault]):
    schedule = FaultSchedule(faults)
    now, end = -1, 40 * S
    assert schedule.due(now, end) == tuple(sorted(schedule.due(now, end), key=lambda one: one[0]))
    found = []
    while (following := schedule.next_change(now)) is not None and following <= end:
        assert following > now
        assert schedule.active(max(now, 0)) == schedule.active(following - 1) or now < 0
        assert schedule.due(now, following - 1) == ()
        found += schedule.due(following - 1, following)
        now = following
    assert tuple(found) == schedule.due(-1, now)
    assert schedule.active(now) == schedule.active(end) or following is not None


@pytest.mark.rule("TERM-54")
def test_without_faults_nothing_ever_changes():
    schedule = FaultSchedule([])
    assert schedule.next_change(0) is None
    assert schedule.active(0) == schedule.due(-1, 10 * S) == ()
    assert FaultSchedule([error(3)]).next_change(3 * S) is None
    assert FaultSchedule([cable(3, None)]).next_change(3 * S) is None


@pytest.mark.rule("TERM-55")
@pytest.mark.parametrize("rate", [0, 0.01, 0.05, 0.5, 1])
def test_frames_are_lost_at_their_rate_and_the_same_ones_each_time(rate: float):
    loss = FrameLoss(kind="frame-loss", rate=rate)
    lost = [n for n in range(20_000) if loss.takes(n)]
    assert abs(len(lost) - 20_000 * rate) <= 5 * (20_000 * rate * (1 - rate)) ** 0.5
    assert lost == [n for n in range(20_000) if FrameLoss(kind="frame-loss", rate=rate).takes(n)]
    if 0 < rate < 1:
        other = FrameLoss(kind="frame-loss", rate=rate, seed=2)
        assert lost != [n for n in range(20_000) if other.takes(n)]


@pytest.mark.rule("TERM-55")
def test_delays_are_between_by_and_by_and_jitter():
    delay = Delay(kind="delay", by=seconds(0.002), jitter=seconds(0.001))
    delays = [delay.of(n) for n in range(1000)]
    assert min(delays) >= 2 * MS
    assert max(delays) < 3 * MS
    assert len(set(delays)) > 900
    assert Delay(kind="delay", by=seconds(0.002)).of(5) == 2 * MS


@pytest.mark.rule("TERM-52")
def test_which_faults_last_and_which_happen():
    assert PowerCycle(kind="power-cycle", subdevice=1).duration == 100 * MS
    assert StuckMailbox(kind="stuck-mailbox", subdevice=1).duration is None
    assert Emergency(kind="emergency", subdevice=1, code=1).duration == 0
    assert error(1).duration == 0
