"""Shrinking: towards FIFO, deterministic, within a budget, never to something that passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument
from taktora.testing import Following, Pct, RandomChooser, portfolio, shrink

long_schedules = st.lists(st.integers(0, 5), min_size=1, max_size=80).map(tuple)


def at(choices: tuple[int, ...], place: int) -> int:
    return choices[place] if place < len(choices) else 0


@given(long_schedules, st.data())
def test_what_does_not_matter_goes_and_what_matters_stays(
    choices: tuple[int, ...], data: st.DataObject
):
    """Only some places matter, each as long as it is at least as high as it takes."""
    places = data.draw(st.sets(st.integers(0, len(choices) - 1), max_size=4))
    floors = {place: data.draw(st.integers(0, choices[place])) for place in sorted(places)}

    def fails(tried: tuple[int, ...]) -> bool:
        return all(at(tried, place) >= floor for place, floor in floors.items())

    found = shrink(choices, fails, budget=100_000)
    assert found.complete
    assert {place: one for place, one in enumerate(found.choices) if one} == {
        place: floor for place, floor in floors.items() if floor
    }


@given(long_schedules, st.integers(1, 60), st.integers(0, 99))
def test_what_is_returned_fails_within_the_budget_and_is_no_larger(
    choices: tuple[int, ...], budget: int, salt: int
):
    tried = []

    def fails(one: tuple[int, ...]) -> bool:
        tried.append(one)
        return len(tried) == 1 or (sum(one) * 31 + len(one) * 7 + salt) % 3 == 0

    found = shrink(choices, fails, budget=budget)
    assert found.runs == len(tried) == len(set(tried)) <= budget
    assert found.choices == tried[0] or (
        (sum(found.choices) * 31 + len(found.choices) * 7 + salt) % 3 == 0
    )
    assert found.deviations <= sum(choice != 0 for choice in choices)


def test_fifo_is_the_answer_when_no_schedule_is_needed():
    found = shrink((3, 1, 4, 1, 5), lambda _: True)
    assert (found.choices, found.deviations, found.complete) == ((), 0, True)


def test_a_schedule_that_passes_is_refused_and_says_what_that_means():
    with pytest.raises(InvalidArgument, match="depends on something beside its schedule"):
        shrink((1,), lambda _: False)
    with pytest.raises(InvalidArgument, match="a budget of 0 runs"):
        shrink((1,), lambda _: True, budget=0)


def test_what_the_run_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        shrink((1,), lambda _: 1 // 0)


def test_a_budget_that_is_too_small_gives_the_best_so_far():
    found = shrink((1,) * 64, lambda tried: at(tried, 0) == 1 and at(tried, 63) == 1, budget=20)
    assert found.runs == 20
    assert not found.complete
    assert 2 <= found.deviations < 64


def lost_update(chooser) -> tuple[bool, tuple[int, ...]]:
    """Two actors read a number and write it back one higher; four others are in their way."""
    line = [f"{name}{part}" for part in (1,) for name in "abcdef"]
    store, read, made = 0, {}, []
    while line:
        choice = chooser.choose(line) if len(line) > 1 else 0
        if len(line) > 1:
            made.append(choice)
        label = line.pop(choice)
        name, part = label[0], int(label[1])
        if name in "ad":
            if part == 1:
                read[name] = store
            elif part == 2:
                store = read[name] + 1
        if part < 3:
            # each goes on at once: FIFO runs an actor's next part before anyone else
            line.insert(0, f"{name}{part + 1}")
    return store != 2, tuple(made)


def test_a_lost_update_that_fifo_never_shows_is_found_and_shrinks_to_two_deviations():
    assert not lost_update(Following(()))[0]
    run, made = next(
        (run, made)
        for run in range(200)
        for failed, made in [lost_update(portfolio(run, steps=17))]
        if failed
    )
    assert run > 0
    found = shrink(made, lambda tried: lost_update(Following(tried))[0])
    assert found.complete
    assert found.deviations == 2
    assert found.runs < 60


@pytest.mark.parametrize("chooser", [RandomChooser, Pct])
def test_shrinking_is_deterministic(chooser):
    made = next(made for seed in range(500) for bad, made in [lost_update(chooser(seed))] if bad)
    once, again = (shrink(made, lambda tried: lost_update(Following(tried))[0]) for _ in "ab")
    assert once == again
