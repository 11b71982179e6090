"""How a simulated motor moves, against a small integration of its own."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taktora.segment.motion import MoveTo, Profile, Run, Track, plan
from taktora.segment.motor import Motor, wrapped

S, MS = 1_000_000_000, 1_000_000

positions = st.integers(-(10**6), 10**6)
speeds = st.integers(-(10**5), 10**5)
rates = st.integers(10, 10**6)


def duration(profile: Profile) -> float:
    return sum(time for time, _ in profile.phases)


def sampled(profile: Profile) -> list[tuple[float, float]]:
    """Along the way, and a little beyond."""
    total = duration(profile)
    return [profile.at(round(total * n / 200 * S)) for n in range(203)]


goals = st.builds(MoveTo, positions, st.integers(1, 10**5), rates, rates)


@pytest.mark.rule("TERM-30")
@given(at=positions, velocity=speeds, goal=goals)
def test_a_move_ends_exactly_there_and_keeps_its_limits(at: int, velocity: int, goal: MoveTo):
    target, speed, up, down = goal.target, goal.speed, goal.acceleration, goal.deceleration
    profile = plan(at, velocity, goal)
    assert profile.at(round(duration(profile) * S) + 1_000) == (target, 0.0)
    assert all(time >= 0 for time, _ in profile.phases)
    assert all(-max(up, down) <= rate <= max(up, down) for _, rate in profile.phases)
    fastest = max(speed, abs(velocity)) * (1 + 1e-9)
    for _, now in sampled(profile):
        assert abs(now) <= fastest + 1e-6
    position, now = float(at), float(velocity)
    for time, rate in profile.phases:  # what the phases come to by themselves
        position += now * time + rate * time * time / 2
        now += rate * time
    assert math.isclose(position, target, rel_tol=1e-6, abs_tol=1e-2)
    assert abs(now) < 1e-3 * max(1, fastest)


@pytest.mark.rule("TERM-30")
@given(at=positions, goal=goals)
def test_a_move_from_rest_goes_one_way_as_fast_as_it_may(at: int, goal: MoveTo):
    target, speed, up, down = goal.target, goal.speed, goal.acceleration, goal.deceleration
    assume(at != target)
    profile = plan(at, 0, goal)
    way = 1 if target > at else -1
    velocities = [way * velocity for _, velocity in sampled(profile)]
    assert min(velocities) >= -1e-6
    distance = abs(target - at)
    triangle = math.sqrt(2 * distance * up * down / (up + down))
    assert math.isclose(
        max(abs(v) for _, v in [profile.at(round(profile.phases[0][0] * S))]),
        min(speed, triangle),
        rel_tol=1e-3,
        abs_tol=1e-2,
    )


@pytest.mark.rule("TERM-31")
@given(velocity=speeds, wanted=speeds, up=rates, down=rates)
def test_a_speed_is_reached_by_ramps_and_kept(velocity: int, wanted: int, up: int, down: int):
    profile = plan(0, velocity, Run(wanted, up, down))
    end = round(duration(profile) * S) + 1_000
    assert math.isclose(profile.at(end)[1], wanted, rel_tol=1e-9, abs_tol=1e-3)
    later = profile.at(end + S)
    assert math.isclose(later[1], wanted, rel_tol=1e-9, abs_tol=1e-3)
    for time, rate in profile.phases:
        assert time >= 0
        assert abs(rate) in (0, up, down)
    for _, now in sampled(profile):
        assert min(velocity, wanted) - 1e-3 <= now <= max(velocity, wanted) + 1e-3


@pytest.mark.rule("TERM-31")
def test_a_ramp_through_zero_slows_down_by_one_rate_and_speeds_up_by_the_other():
    profile = plan(0, 100, Run(-100, acceleration=10, deceleration=50))
    assert profile.phases == ((2.0, -50.0), (10.0, -10.0))


@pytest.mark.rule("TERM-30")
def test_a_move_without_speed_is_a_stop():
    profile = plan(0, 100, MoveTo(50, 0, 10, 10))
    assert profile.at(100 * S) == (500, 0.0)


@pytest.mark.rule("TERM-30")
@given(st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_where_a_motor_is_does_not_depend_on_when_it_is_looked_at(steps: list[int]):
    goal = MoveTo(1000, 800, 2000, 3000)
    often, once = Motor(), Motor()
    for motor in (often, once):
        motor.move(0)
        motor.aim(goal)
    now = 0
    for one in steps:
        now += one * MS
        often.move(now)
        often.aim(goal)
    once.move(now)
    assert math.isclose(often.position, once.position, abs_tol=1e-6)
    assert math.isclose(often.velocity, once.velocity, abs_tol=1e-6)


@pytest.mark.rule("TERM-32")
def test_tracking_is_limited_by_speed_alone():
    motor = Motor()
    motor.move(0)
    motor.aim(Track(100, 1000))
    assert motor.position == 0
    motor.move(MS)
    motor.aim(Track(100, 1000))
    assert (motor.position, motor.velocity) == (1.0, 1000.0)
    motor.move(200 * MS)
    motor.aim(Track(100, 1000))
    assert motor.position == 100.0
    motor.move(201 * MS)
    motor.aim(Track(100, 1000))
    assert motor.stands


@pytest.mark.rule("TERM-32")
def test_positions_wrap_in_32_bits_and_are_tracked_the_short_way():
    assert wrapped(2**31) == -(2**31)
    assert wrapped(-(2**31) - 1) == 2**31 - 1
    motor = Motor()
    motor.place(2**31 - 5)
    motor.move(0)
    motor.move(S)
    motor.aim(Track(-(2**31) + 5, 100))
    assert motor.position == -(2**31) + 5
    motor.place(2**31 - 5)
    motor.aim(Run(10, 1e9, 1e9))
    motor.move(3 * S)
    assert -(2**31) <= motor.position < 0
