"""The course of a link's life, as a pure machine beside a model of what must come of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ExponentialBackoff
from taktora.connectors.course import Course, Stage

PATIENCE = 1_000
MS = 1_000_000


class Listed:
    """Delays from a list, over and over from each reset."""

    def __init__(self, delays: list[int | None]) -> None:
        self.delays = delays
        self.at = 0
        self.resets = 0

    def next_delay(self) -> timedelta | None:
        delay = self.delays[self.at] if self.at < len(self.delays) else None
        self.at += 1
        return None if delay is None else timedelta(microseconds=delay)

    def reset(self) -> None:
        self.at = 0
        self.resets += 1


@pytest.mark.rule("GATE-01")
def test_the_first_attempt_is_due_at_once():
    assert Course(ExponentialBackoff(), PATIENCE).is_due(0)


@pytest.mark.rule("GATE-01", "GATE-02", "GATE-03", "GATE-04")
@given(
    delays=st.lists(st.integers(1, 50), max_size=5),
    steps=st.lists(st.tuples(st.integers(0, 60_000), st.sampled_from(["opens", "breaks", ""]))),
)
def test_whatever_happens_attempts_begin_when_they_are_due_and_end_with_the_policy(delays, steps):
    policy = Listed(delays)
    course = Course(policy, PATIENCE)
    now, due, failures = 0, 0, 0
    for passed, happens in steps:
        now += passed
        before = course.stage
        assert course.is_due(now) == (before is Stage.WAITING and now >= due)
        assert not (course.is_due(now) and course.is_late(now))
        if course.is_due(now):
            attempts = course.attempts
            course.trying(now)
            assert course.attempts == attempts + 1
            due = now + PATIENCE
            assert not course.is_late(due - 1)
            assert course.is_late(due)
        if happens == "opens" and course.stage is Stage.TRYING:
            course.opened()
            failures = 0
            assert (course.stage, course.attempts) == (Stage.OPEN, 0)
        elif happens == "breaks" and course.stage in (Stage.TRYING, Stage.OPEN):
            course.broke(now)
            if failures < len(delays):
                due = now + delays[failures] * 1_000
                assert (course.stage, course.due) == (Stage.WAITING, due)
                assert not course.is_due(due - 1)
                failures += 1
            else:
                assert course.stage is Stage.GIVEN_UP
                assert not course.is_due(now + 10**18)


@pytest.mark.rule("GATE-04")
def test_having_been_open_the_policy_begins_anew():
    policy = ExponentialBackoff(0.1, 10, jitter=0, max_attempts=2)
    course = Course(policy, PATIENCE)
    for _ in range(3):
        for delay in (100, 200):
            course.trying(0)
            course.broke(0)
            assert course.due == delay * MS
        course.trying(0)
        course.opened()
    assert repr(course) == "<Course open, 0 attempts>"
