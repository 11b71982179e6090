"""The reconnect policy: how long, how it grows, by what chance, and when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ExponentialBackoff, ReconnectPolicy
from taktora.errors import InvalidArgument, TaktoraError, WrongType

MICRO = timedelta(microseconds=1)


def seconds(policy: ReconnectPolicy, count: int) -> list[float]:
    found = []
    for _ in range(count):
        delay = policy.next_delay()
        assert delay is not None
        found.append(delay.total_seconds())
    return found


@st.composite
def settings(draw: st.DrawFn) -> dict[str, Any]:
    initial = draw(st.integers(1, 10**8))
    return {
        "initial": initial * MICRO,
        "maximum": draw(st.integers(initial, 10**12)) * MICRO,
        "growth": draw(st.floats(1, 1e300) | st.floats(1, 3)),
        "jitter": draw(st.floats(0, 1)),
        "seed": draw(st.integers()),
    }


@pytest.mark.rule("CORE-30")
def test_by_default_delays_double_from_100_ms_to_30_s_give_or_take_a_tenth():
    found = seconds(ExponentialBackoff(seed=1), 40)
    for number, delay in enumerate(found):
        base = min(0.1 * 2**number, 30)
        assert base * 0.9 - 2e-6 <= delay <= min(base * 1.1, 30) + 2e-6
    assert len(set(found)) == len(found)


@pytest.mark.rule("CORE-30")
@given(settings=settings())
def test_a_delay_lies_within_the_jitter_of_its_base_and_never_beyond_the_maximum(
    settings: dict[str, Any],
):
    policy = ExponentialBackoff(**settings)
    base, most, jitter = (
        settings["initial"] / MICRO,
        settings["maximum"] / MICRO,
        settings["jitter"],
    )
    for _ in range(60):
        delay = policy.next_delay()
        assert delay is not None
        micros = delay // MICRO
        assert 1 <= micros <= most
        assert int(base * (1 - jitter)) <= micros <= base * (1 + jitter) + 1
        base = min(base * settings["growth"], most)


@pytest.mark.rule("CORE-30")
def test_without_jitter_the_delays_are_exact():
    policy = ExponentialBackoff(timedelta(milliseconds=100), 1, 3, jitter=0)
    assert seconds(policy, 5) == [0.1, 0.3, 0.9, 1, 1]
    assert seconds(ExponentialBackoff(2, 2, 1, jitter=0), 3) == [2, 2, 2]
    assert seconds(ExponentialBackoff(1e-6, 1e-6, jitter=1), 50) == [1e-6] * 50


@pytest.mark.rule("CORE-31")
def test_jitter_fills_the_whole_range_and_delays_do_not_gather_at_the_maximum():
    policy = ExponentialBackoff(10, 10, jitter=0.2, seed=5)
    found = seconds(policy, 2000)
    assert 8 <= min(found) < 8.02
    assert 9.98 < max(found) <= 10
    assert sum(1 for delay in found if delay == 10) <= 1
    assert 900 < sum(1 for delay in found if delay < 9) < 1100
    first = seconds(ExponentialBackoff(10, 100, 1, jitter=0.2, seed=5), 2000)
    assert 8 <= min(first) < 8.02
    assert 11.98 < max(first) <= 12


@pytest.mark.rule("CORE-32")
@given(settings=settings())
def test_the_same_seed_gives_the_same_delays(settings: dict[str, Any]):
    one, other = ExponentialBackoff(**settings), ExponentialBackoff(**settings)
    assert seconds(one, 20) == seconds(other, 20)
    one.reset()
    other.reset()
    assert seconds(one, 20) == seconds(other, 20)


@pytest.mark.rule("CORE-32")
def test_another_seed_or_none_gives_others():
    ways = [seconds(ExponentialBackoff(seed=seed), 10) for seed in (1, 2, None, None)]
    assert len({tuple(way) for way in ways}) == 4


@pytest.mark.rule("CORE-33")
@given(settings=settings(), before=st.integers(0, 50), attempts=st.integers(1, 20))
def test_after_a_reset_it_begins_anew_with_all_attempts(
    settings: dict[str, Any], before: int, attempts: int
):
    policy = ExponentialBackoff(**settings | {"jitter": 0, "max_attempts": attempts})
    fresh = [policy.next_delay() for _ in range(attempts)]
    policy.reset()
    for _ in range(before):
        policy.next_delay()
    policy.reset()
    assert [policy.next_delay() for _ in range(attempts)] == fresh


@pytest.mark.rule("CORE-33")
def test_the_chance_goes_on_after_a_reset():
    policy = ExponentialBackoff(seed=1)
    first = seconds(policy, 5)
    policy.reset()
    assert seconds(policy, 5) != first


@pytest.mark.rule("CORE-34")
@given(attempts=st.integers(0, 30))
def test_there_are_as_many_delays_as_attempts_and_then_none(attempts: int):
    policy = ExponentialBackoff(max_attempts=attempts, seed=1)
    found = [policy.next_delay() for _ in range(attempts + 3)]
    assert None not in found[:attempts]
    assert found[attempts:] == [None] * 3


@pytest.mark.rule("CORE-34")
def test_without_a_limit_it_never_ends():
    assert None not in [ExponentialBackoff().next_delay() for _ in range(5)]
    policy = ExponentialBackoff(growth=1e308)
    assert len(seconds(policy, 5000)) == 5000


@pytest.mark.rule("CORE-35")
@pytest.mark.parametrize(
    "arguments",
    [
        {"initial": 0},
        {"initial": -1},
        {"initial": 1e-7},
        {"initial": float("nan")},
        {"initial": timedelta(0)},
        {"initial": 2, "maximum": 1},
        {"initial": 31},
        {"maximum": float("inf")},
        {"maximum": 0},
        {"growth": 0.999},
        {"growth": -2},
        {"growth": float("nan")},
        {"growth": float("inf")},
        {"growth": 10**400},
        {"jitter": -0.01},
        {"jitter": 1.01},
        {"jitter": float("nan")},
        {"max_attempts": -1},
    ],
)
def test_what_cannot_be_is_refused_and_not_clamped(arguments: dict[str, Any]):
    with pytest.raises(InvalidArgument, match=next(reversed(arguments))):
        ExponentialBackoff(**arguments)


@pytest.mark.rule("CORE-35")
@pytest.mark.parametrize("name", ["initial", "maximum", "growth", "jitter", "max_attempts", "seed"])
@pytest.mark.parametrize("value", ["1", True, [], 1j])
def test_what_is_no_number_is_refused(name: str, value: Any):
    with pytest.raises(WrongType, match=name):
        ExponentialBackoff(**{name: value})


@pytest.mark.rule("CORE-35")
@given(
    arguments=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("initial", "maximum", "growth", "jitter", "max_attempts", "seed"),
            st.none() | st.integers() | st.floats() | st.timedeltas() | st.text(max_size=3),
        ),
    )
)
def test_whatever_the_arguments_are_it_works_or_is_refused_by_an_error_of_taktoras(
    arguments: dict[str, Any],
):
    try:
        policy = ExponentialBackoff(**arguments)
    except TaktoraError:
        return
    for _ in range(3):
        delay = policy.next_delay()
        assert delay is None or delay >= MICRO


def test_its_repr_makes_it_again():
    policy = ExponentialBackoff(0.2, 7, 1.5, jitter=0.3, max_attempts=4, seed=9)
    again = eval(repr(policy), {"ExponentialBackoff": ExponentialBackoff})
    assert repr(again) == repr(policy)
    assert seconds(again, 4) == seconds(policy, 4)
