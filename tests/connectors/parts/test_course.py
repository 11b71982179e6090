"""The course of a link: whatever happens to it, and in whatever order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.course import Course, Stage
from taktora.time import NANOS_PER_SECOND

MICRO = timedelta(microseconds=1)


class Asked:
    """A policy that gives the delays it was made with, and notes when it was reset."""

    def __init__(self, micros: list[int]) -> None:
        self._micros = micros
        self._left = list(micros)
        self.given: list[int] = []
        self.resets = 0

    def next_delay(self) -> timedelta | None:
        if not self._left:
            return None
        self.given.append(self._left.pop(0) * 1000)
        return self.given[-1] // 1000 * MICRO

    def reset(self) -> None:
        self.resets += 1
        self._left = list(self._micros)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["up", "down", "silence"]), st.integers(0, 3_000_000)), max_size=60
)
DELAYS = st.lists(st.integers(1, 2_000), max_size=4)
PATIENCE = st.integers(1, 2_000_000)


@pytest.mark.rule("PART-01", "PART-03")
@given(events=EVENTS, delays=DELAYS, patience=PATIENCE)
def test_no_attempt_begins_before_the_delay_after_the_last_failure_has_passed(
    events: list[tuple[str, int]], delays: list[int], patience: int
):
    policy = Asked(delays)
    course = Course(policy, patience)
    now, may_begin, asked = 0, 0, 0
    for what, later in events:
        now += later
        if course.is_due(now):
            assert now >= may_begin
            course.trying(now)
            assert not course.is_due(now + 10**15)  # one attempt at a time
        was = course.stage
        if what == "up" and was in (Stage.TRYING, Stage.OPEN):
            course.opened()
        elif (what == "down" and was in (Stage.TRYING, Stage.OPEN)) or course.is_late(now):
            course.broke(now)
            if course.stage is Stage.GIVEN_UP:
                assert len(policy.given) == asked
                continue
            asked += 1
            assert len(policy.given) == asked  # asked once for each failure
            may_begin = now + policy.given[-1]
            assert not course.is_due(may_begin - 1)
            assert course.is_due(may_begin)
        if course.stage is Stage.GIVEN_UP:
            assert not course.is_due(now + 10**15)
            assert not course.is_late(now + 10**15)


@pytest.mark.rule("PART-02")
@given(now=st.integers(0, 10**15), patience=st.integers(1, 10**12))
def test_an_attempt_is_late_once_its_patience_is_over_and_never_otherwise(now: int, patience: int):
    course = Course(Asked([1]), patience)
    assert not course.is_late(now + patience)  # none is under way
    course.trying(now)
    assert not course.is_late(now + patience - 1)
    assert course.is_late(now + patience)
    course.opened()
    assert not course.is_late(now + 10 * patience)
    course.broke(now)
    assert not course.is_late(now + 10 * patience)


@pytest.mark.rule("PART-03")
@given(delays=DELAYS)
def test_it_gives_up_when_the_policy_has_no_further_delay(delays: list[int]):
    course = Course(Asked(delays), 1)
    now = 0
    for delay in delays:
        course.trying(now)
        course.broke(now)
        assert course.stage is Stage.WAITING
        now += delay * 1000
    course.trying(now)
    assert course.attempts == len(delays) + 1
    course.broke(now)
    assert course.stage is Stage.GIVEN_UP


@pytest.mark.rule("PART-04")
def test_once_it_was_open_policy_and_attempts_begin_anew():
    policy = Asked([5, 7])
    course = Course(policy, NANOS_PER_SECOND)
    for _ in range(2):
        course.trying(0)
        course.broke(0)
    course.trying(0)
    course.opened()
    assert (course.attempts, policy.resets) == (0, 1)
    course.broke(100)
    assert (course.stage, course.due) == (Stage.WAITING, 5_100)
    course.trying(5_100)
    assert course.attempts == 1


@pytest.mark.rule("PART-01")
def test_the_first_attempt_is_due_at_once():
    assert Course(Asked([]), 1).is_due(0)
