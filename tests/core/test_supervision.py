"""Supervision policies: what is decided, and what cannot be asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.core.supervision import Directive, FailureLog, Supervision
from taktora.errors import InvalidArgument, WrongType

SECOND = 1_000_000_000


def decide(policy: Supervision, *times: int) -> list[tuple[str, int]]:
    log = FailureLog()
    return [(d.value, pause) for d, pause in (log.decide(policy, now) for now in times)]


@pytest.mark.rule("SCHED-60", "SCHED-61")
def test_stop_and_resume_never_change_their_mind():
    assert decide(Supervision.stop(), 1, 2) == [("stop", 0)] * 2
    assert decide(Supervision.resume(), 1, 2) == [("resume", 0)] * 2


@pytest.mark.rule("SCHED-64")
def test_one_failure_more_than_max_restarts_escalates():
    policy = Supervision.restart(max_restarts=2)
    assert [d for d, _ in decide(policy, 1, 2, 3)] == ["restart", "restart", "stop"]


@pytest.mark.rule("SCHED-64")
def test_failures_outside_the_window_are_forgotten():
    policy = Supervision.restart(max_restarts=1, within=1)
    times = (0, SECOND, 2 * SECOND - 1)
    assert [d for d, _ in decide(policy, *times)] == ["restart", "restart", "stop"]


@pytest.mark.rule("SCHED-64")
def test_no_restarts_allowed_is_stop():
    assert decide(Supervision.restart(max_restarts=0), 1) == [("stop", 0)]


@pytest.mark.rule("SCHED-63")
def test_the_pause_doubles_up_to_its_maximum():
    policy = Supervision.restart(backoff=1, backoff_max=5)
    pauses = [pause // SECOND for _, pause in decide(policy, 1, 2, 3, 4, 5)]
    assert pauses == [1, 2, 4, 5, 5]


@pytest.mark.rule("SCHED-63")
def test_the_pause_starts_anew_when_the_window_is_empty():
    policy = Supervision.restart(within=1, backoff=timedelta(milliseconds=1))
    pauses = [pause for _, pause in decide(policy, 0, 1, 2 * SECOND)]
    assert pauses == [1_000_000, 2_000_000, 1_000_000]


@pytest.mark.rule("SCHED-63")
def test_a_back_off_longer_than_the_maximum_is_not_shortened():
    assert decide(Supervision.restart(backoff=60), 1, 2) == [("restart", 60 * SECOND)] * 2


@pytest.mark.rule("SCHED-63", "SCHED-64")
@given(
    gaps=st.lists(st.integers(0, 3 * SECOND), max_size=150),
    most=st.none() | st.integers(0, 5),
    within=st.none() | st.integers(1, 4),
)
def test_a_pause_is_never_beyond_its_maximum_nor_a_restart_beyond_its_limit(
    gaps: list[int], most: int | None, within: int | None
):
    policy = Supervision.restart(max_restarts=most, within=within, backoff=0.5, backoff_max=7)
    log, now, restarts = FailureLog(), 0, []
    for gap in gaps:
        now += gap
        directive, pause = log.decide(policy, now)
        recent = [t for t in restarts if within is None or now - t < within * SECOND]
        if most is not None and len(recent) >= most:
            assert directive is Directive.STOP
        else:
            assert directive is Directive.RESTART
            assert pause == min(SECOND // 2 * 2 ** len(recent), 7 * SECOND)
            restarts.append(now)


def test_a_log_of_endless_failures_stays_small():
    log = FailureLog()
    for now in range(10_000):
        log.decide(Supervision.restart(), now)
    assert len(log._times) <= 64


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_restarts": -1}, InvalidArgument),
        ({"max_restarts": True}, WrongType),
        ({"max_restarts": 1.5}, WrongType),
        ({"within": 0}, InvalidArgument),
        ({"within": float("nan")}, InvalidArgument),
        ({"backoff": -1}, InvalidArgument),
        ({"backoff": "1"}, WrongType),
        ({"backoff_max": -1}, InvalidArgument),
    ],
)
def test_a_policy_that_cannot_be_is_refused(options: dict[str, Any], error: type[Exception]):
    with pytest.raises(error):
        Supervision.restart(**options)
