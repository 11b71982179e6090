"""The time grid, as arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.core import grid
from taktora.core.grid import Tick, first_tick
from taktora.core.triggers import MissedTick


def tick(due: int, period: int, now: int, missed: MissedTick) -> Tick:
    """The decision, with its slots spelled out."""
    decided = grid.tick(due, period, now, missed)
    return decided._replace(scheduled=tuple(decided.scheduled))


instants = st.integers(0, 10**6)
periods = st.integers(1, 10**4)
lateness = st.integers(0, 10**5)


@pytest.mark.rule("SCHED-20", "SCHED-25")
@given(epoch=instants, period=periods, now=instants)
def test_the_first_tick_is_the_first_slot_after_now(epoch: int, period: int, now: int):
    due = first_tick(epoch, period, now)
    assert due > now
    assert due > epoch
    assert (due - epoch) % period == 0
    assert due - period <= max(now, epoch)


@pytest.mark.rule("SCHED-20", "SCHED-21")
@given(due=instants, period=periods, late=lateness)
def test_skip_runs_the_latest_slot_and_counts_the_others(due: int, period: int, late: int):
    now = due + late
    seen = tick(due, period, now, MissedTick.SKIP)
    (latest,) = seen.scheduled
    assert now - period < latest <= now
    assert latest == due + seen.skipped * period
    assert seen.next_due == latest + period > now


@pytest.mark.rule("SCHED-20", "SCHED-22")
@given(due=instants, period=st.integers(100, 10**4), late=lateness)
def test_burst_runs_every_slot_oldest_first(due: int, period: int, late: int):
    now = due + late
    seen = tick(due, period, now, MissedTick.BURST)
    assert seen.skipped == 0
    assert seen.scheduled[0] == due
    assert all(b - a == period for a, b in zip(seen.scheduled, seen.scheduled[1:], strict=False))
    assert seen.next_due == seen.scheduled[-1] + period > now >= seen.scheduled[-1]


@pytest.mark.rule("SCHED-23")
@given(due=instants, period=periods, late=lateness)
def test_delay_runs_once_and_starts_a_new_grid(due: int, period: int, late: int):
    assert tick(due, period, due + late, MissedTick.DELAY) == ((due,), 0, due + late + period)


@pytest.mark.rule("SCHED-20")
@given(epoch=instants, period=periods, factor=st.integers(2, 9), now=instants)
def test_harmonic_periods_coincide(epoch: int, period: int, factor: int, now: int):
    """Every tick of the slower interval is one of the faster."""
    slow = first_tick(epoch, period * factor, now)
    assert first_tick(epoch, period, slow - 1) == slow


@pytest.mark.rule("SCHED-20")
@pytest.mark.parametrize("missed", [MissedTick.SKIP, MissedTick.BURST])
def test_a_tick_on_time_is_one_run_whatever_the_policy(missed: MissedTick):
    assert tick(30, 10, 30, missed) == ((30,), 0, 40)
