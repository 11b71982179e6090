"""Lateness and jitter of interval ticks, against their definitions, with time as an argument."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.core.grid import tick
from taktora.core.triggers import Fired, MissedTick
from taktora.observe.histogram import RELATIVE_ERROR
from taktora.observe.pace import Pace

MS = 1_000_000
P = 10 * MS

Start = tuple[int, int]
"""The slot that an execution was for, and when it began."""


def fired(scheduled: int, slot: int = 0) -> Fired:
    return Fired("interval", 0.01, scheduled, slot=slot)


def paced(starts: Iterable[Start], *, delay: int | None = None) -> Pace:
    pace = Pace()
    if delay is not None:
        pace.delays(0, delay)
    for scheduled, began in starts:
        pace.note((fired(scheduled),), began)
    return pace


def late(pace: Pace) -> list[int | None]:
    assert pace.lateness is not None
    summary = pace.lateness.summary()
    return [summary.count, summary.minimum, summary.p50, summary.maximum]


def jitter(pace: Pace) -> list[int | None]:
    summary = pace.jitter.summary()
    return [summary.count, summary.minimum, summary.p50, summary.maximum]


def played(missed: MissedTick, seen_after: Sequence[int], run_after: Sequence[int]) -> list[Start]:
    """The starts of an interval whose driver, and then whose execution, is late by so much."""
    starts: list[Start] = []
    due, now = P, 0
    for wait, lag in zip(seen_after, run_after, strict=True):
        now = max(now, due) + wait
        decided = tick(due, P, now, missed)
        due = decided.next_due
        for scheduled in decided.scheduled:
            starts.append((scheduled, now + lag))
            now += lag + 1  # one execution after the other
    return starts


waits = st.lists(st.integers(0, 5 * P), min_size=1, max_size=30)


# --- lateness -----------------------------------------------------------------------------------


@pytest.mark.rule("STAT-10")
def test_a_steady_drift_accumulates():
    assert late(paced((n * P, n * (P + 2 * MS)) for n in range(40)))[3] == 39 * 2 * MS


@pytest.mark.rule("STAT-10")
def test_a_late_start_and_one_that_catches_up_are_a_single_spike():
    starts = [(n * P, n * P) for n in range(100)]
    starts[50] = (50 * P, 50 * P + 6 * MS)
    pace = paced(starts)
    assert late(pace) == [100, 0, 0, 6 * MS]
    assert pace.lateness is not None
    assert pace.lateness.percentile(99) == 0, "one in a hundred, and no more"


@pytest.mark.rule("STAT-10")
def test_lateness_is_never_negative():
    assert late(paced([(P, P - 1), (2 * P, 2 * P - 5 * MS)])) == [2, 0, 0, 0]


@pytest.mark.rule("STAT-10")
def test_a_missed_slot_does_not_make_the_ones_after_it_late():
    starts = [(n * P, n * P) for n in range(10) if n not in (4, 5)]
    assert late(paced(starts)) == [8, 0, 0, 0]


@pytest.mark.rule("STAT-07")
def test_before_the_first_tick_there_is_neither_lateness_nor_jitter():
    pace = Pace()
    assert pace.lateness is None
    pace.note((fired(P),), P)
    assert (late(pace), jitter(pace)) == ([1, 0, 0, 0], [0, None, None, None])


# --- jitter -------------------------------------------------------------------------------------


@pytest.mark.rule("STAT-11")
def test_every_fifth_period_longer_by_5_ms_is_a_jitter_of_exactly_5_ms():
    now, starts = 0, []
    for n in range(60):
        now += P + (5 * MS if n % 5 == 4 else 0)
        starts.append((n * P, now))
    pace = paced(starts)
    assert jitter(pace) == [59, 0, 0, 5 * MS]
    assert pace.jitter.percentile(99) == pytest.approx(5 * MS, rel=RELATIVE_ERROR)


@pytest.mark.rule("STAT-11")
@pytest.mark.parametrize("off", [5 * MS, -3 * MS])
def test_a_single_start_off_the_rhythm_counts_on_both_of_its_sides(off: int):
    starts = [(n * P, n * P + 4 * MS) for n in range(10)]
    starts[5] = (5 * P, 5 * P + 4 * MS + off)
    assert paced(starts).jitter.summary().mean == pytest.approx(abs(off) * 2 / 9)


@pytest.mark.rule("STAT-11")
def test_skipped_slots_are_no_jitter_by_themselves():
    starts = [(n * P, n * P + MS) for n in (0, 1, 5, 6, 20)]
    assert jitter(paced(starts)) == [4, 0, 0, 0]


@pytest.mark.rule("STAT-11")
@pytest.mark.parametrize("missed", [MissedTick.SKIP, MissedTick.BURST])
@given(seen_after=waits, data=st.data())
def test_on_a_grid_jitter_is_what_its_definition_says(
    missed: MissedTick, seen_after: list[int], data: st.DataObject
):
    """Starts against period times slots: what the code, which knows neither, must come to."""
    n = len(seen_after)
    starts = played(
        missed, seen_after, data.draw(st.lists(st.integers(0, P), min_size=n, max_size=n))
    )
    exact = []
    for (slot, began), (next_slot, next_began) in itertools.pairwise(starts):
        slots, rest = divmod(next_slot - slot, P)
        assert rest == 0
        exact.append(abs(next_began - began - slots * P))
    summary = paced(starts).jitter.summary()
    assert summary.count == len(exact)
    assert summary.maximum == max(exact, default=None)
    assert summary.minimum == min(exact, default=None)
    if exact:
        assert summary.mean == pytest.approx(sum(exact) / len(exact))


@pytest.mark.rule("STAT-12")
@given(seen_after=waits, data=st.data())
def test_under_delay_jitter_is_what_the_time_between_starts_differs_from_one_period(
    seen_after: list[int], data: st.DataObject
):
    n = len(seen_after)
    lags = data.draw(st.lists(st.integers(0, P), min_size=n, max_size=n))
    starts = played(MissedTick.DELAY, seen_after, lags)
    exact = [abs(b - a - P) for (_, a), (_, b) in itertools.pairwise(starts)]
    summary = paced(starts, delay=P).jitter.summary()
    assert (summary.count, summary.maximum) == (len(exact), max(exact, default=None))


@pytest.mark.rule("STAT-12")
def test_under_delay_a_slot_without_a_start_gives_no_jitter():
    """Seen at 10, 20.5, 31 and 41.5 ms; the execution for the second and the third never began."""
    starts = [(P, P + MS // 10), (P + 31 * MS + MS // 2, P + 32 * MS)]
    assert jitter(paced(starts, delay=P))[0] == 0


@pytest.mark.rule("STAT-12")
def test_under_delay_a_late_start_is_no_jitter_a_second_time():
    """5 ms late once; the next start is one period after it, as the policy says."""
    starts = [(P, P), (2 * P, 2 * P + 5 * MS), (3 * P + 5 * MS, 3 * P + 5 * MS)]
    assert jitter(paced(starts, delay=P)) == [2, 0, 0, 5 * MS]
    assert jitter(paced(starts))[:2] == [2, 5 * MS], "what a grid would make of the same starts"


# --- several declarations, other wake-ups, other runs --------------------------------------------


@pytest.mark.rule("STAT-13")
def test_each_interval_of_an_item_is_measured_against_its_own_slots():
    """10 ms on time and 15 ms late by 2 ms, in one execution where they meet."""
    pace = Pace()
    for n in range(1, 60):
        due = [fired(n * MS, slot) for slot, period in ((0, 10), (1, 15)) if n % period == 0]
        for one in due:
            pace.note((one,), one.scheduled_ns + 2 * MS * one.slot)  # type: ignore[operator]
    assert late(pace) == [5 + 3, 0, 0, 2 * MS]
    assert jitter(pace) == [4 + 2, 0, 0, 0]


@pytest.mark.rule("STAT-13")
def test_two_intervals_that_share_an_execution_both_have_a_start():
    pace = Pace()
    pace.note((fired(P, 0), fired(P - 3, 1)), P + 1)
    assert late(pace) == [2, 1, 1, 4]
    assert jitter(pace)[0] == 0


@pytest.mark.rule("STAT-13", "STAT-12")
def test_a_delaying_interval_and_one_on_the_grid_may_share_an_execution():
    pace = Pace()
    pace.delays(0, P)
    for n in range(10):
        pace.note((fired(n * P, 0), fired(n * P, 1)), n * P)
    assert late(pace) == [20, 0, 0, 0]
    assert jitter(pace) == [18, 0, 0, 0]


@pytest.mark.rule("STAT-13")
def test_other_wake_ups_are_no_ticks():
    pace = Pace()
    pace.note((Fired("subscriber"), Fired("deadline_missed", None, 5)), 100)
    assert late(pace) == [0, None, None, None]


@pytest.mark.rule("STAT-13")
@pytest.mark.parametrize("delay", [None, P])
def test_the_time_between_two_runs_is_no_jitter(delay: int | None):
    first = [(n * P, n * P + 100) for n in range(5)]
    epoch = 123_456_789_123
    second = [(epoch + n * P, epoch + n * P + 100) for n in range(1, 5)]
    largest = jitter(paced(first + second, delay=delay))[3]
    assert largest is not None
    assert largest <= 100


# --- percentiles as asked for ---------------------------------------------------------------------


@pytest.mark.rule("STAT-03")
@given(lags=st.lists(st.integers(0, P), min_size=2, max_size=60))
def test_percentiles_of_lateness_are_within_the_bound_of_sorted_data(lags: list[int]):
    pace = paced((n * P, n * P + lag) for n, lag in enumerate(lags))
    assert pace.lateness is not None
    exact = sorted(lags)[-(-len(lags) * 99 // 100) - 1]
    assert abs(pace.lateness.summary().p99 - exact) <= RELATIVE_ERROR * exact  # type: ignore[operator]
