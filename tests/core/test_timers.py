"""The heap of wishes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.core.timers import Timer, Timers

dues = st.lists(st.integers(0, 50), max_size=30)


def heap_of(dues: list[int]) -> tuple[Timers, list[Timer]]:
    timers, made = Timers(), [Timer(due) for due in dues]
    for timer in made:
        timers.add(timer)
    return timers, made


@pytest.mark.rule("SCHED-43")
@given(dues=dues, now=st.integers(0, 50))
def test_what_is_due_surfaces_earliest_first_and_ties_in_their_order(dues: list[int], now: int):
    timers, made = heap_of(dues)
    assert list(timers.pop_due(now)) == sorted(
        (timer for timer in made if timer.due <= now), key=lambda timer: timer.due
    )
    assert len(timers) == sum(due > now for due in dues)


@pytest.mark.rule("SCHED-40")
@given(
    dues=dues,
    gone=st.sets(st.integers(0, 29)),
    later=st.dictionaries(st.integers(0, 29), st.integers(0, 20)),
)
def test_next_due_is_never_later_than_what_is_wanted(
    dues: list[int], gone: set[int], later: dict[int, int]
):
    timers, made = heap_of(dues)
    for i, by in later.items():
        if i < len(made):
            made[i].due += by
    timers.cancel(timer for i, timer in enumerate(made) if i in gone)
    wanted = [timer.due for i, timer in enumerate(made) if i not in gone]
    due = timers.next_due()
    assert (due is None) == (not wanted)
    assert due is None or due <= min(wanted)


@pytest.mark.rule("SCHED-40")
def test_a_timer_that_was_moved_later_surfaces_later():
    timers, (timer,) = heap_of([5])
    timer.due = 9
    assert list(timers.pop_due(5)) == []
    assert timers.next_due() == 9
    assert list(timers.pop_due(9)) == [timer]


@pytest.mark.rule("SCHED-42")
def test_a_cancelled_timer_never_surfaces():
    timers, made = heap_of([1, 2, 3, 4, 5])
    timers.cancel(made[:2])
    assert len(timers) == 3
    assert list(timers.pop_due(10)) == made[2:]
    assert timers.next_due() is None


@pytest.mark.rule("SCHED-42")
def test_timers_that_come_and_go_leave_nothing_behind():
    """Far timers, cancelled before they surface, never fill the heap."""
    timers, _ = heap_of([10**12])
    for n in range(1000):
        timer = Timer(10**12 + n)
        timers.add(timer)
        timers.cancel([timer])
        assert len(timers._heap) <= 3
    assert timers.next_due() == 10**12


@pytest.mark.rule("SCHED-42")
def test_cancelling_what_is_not_on_the_heap_is_no_matter():
    timers, made = heap_of([1])
    timers.cancel([Timer(0), Timer(0), Timer(0)])
    assert list(timers.pop_due(1)) == made


@pytest.mark.rule("SCHED-70")
def test_a_cleared_heap_wants_nothing():
    timers, _ = heap_of([1, 2])
    timers.clear()
    assert timers.next_due() is None
    assert list(timers.pop_due(10)) == []
