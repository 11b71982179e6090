"""Choosers: what each promises about who goes next."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument, WrongType
from taktora.testing import (
    Chooser,
    Fair,
    Fifo,
    Following,
    HypothesisChooser,
    Pct,
    RandomChooser,
    portfolio,
)

ROOT = Path(__file__).parents[2]


def crowd(chooser: Chooser, labels: str = "abcd", steps: int = 40) -> list[str]:
    """Everyone is always ready, and goes to the end of the line; who went."""
    line = list(labels)
    ran = []
    for _ in range(steps):
        at = chooser.choose(tuple(line))
        line.append(line.pop(at))
        ran.append(line[-1])
    return ran


def test_fifo_takes_turns():
    assert "".join(crowd(Fifo(), "abc", 7)) == "abcabca"


def test_even_chances_are_even():
    times = Counter(crowd(RandomChooser(1), "abcd", 4000))
    assert all(800 < times[label] < 1200 for label in "abcd")


@pytest.mark.parametrize("make", [RandomChooser, Pct, lambda seed: portfolio(6, seed=seed)])
def test_a_seed_decides_everything_and_another_seed_otherwise(make: Callable[[int], Chooser]):
    assert crowd(make(7)) == crowd(make(7))
    assert len({tuple(crowd(make(seed))) for seed in range(8)}) > 3


SAMPLE = """
from tests.testing.test_choosers import *
for run in range(12):
    print("".join(crowd(portfolio(run, seed=5))))
"""


def test_choices_are_the_same_in_every_process_whatever_the_hash_seed():
    said = {
        subprocess.run(
            [sys.executable, "-c", SAMPLE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(said) == 1
    assert len(set(said.pop().split())) == 12


def test_choices_are_those_of_every_machine_and_python():
    """Written down once; would change with how ``random`` makes numbers, and old schedules with it."""
    assert "".join(crowd(RandomChooser(7), steps=20)) == RANDOM_7
    assert "".join(crowd(Pct(7, depth=3, steps=20), steps=20)) == PCT_7


RANDOM_7 = "cbbadcdbcadddbaccdbc"
PCT_7 = "aaaaccccccdddddddddd"


# --- PCT ------------------------------------------------------------------------------------------


def test_pct_of_depth_one_lets_the_same_label_go_every_time():
    for seed in range(20):
        assert len(set(crowd(Pct(seed, depth=1)))) == 1


def test_pct_changes_who_goes_at_most_depth_minus_one_times():
    counts = Counter()
    for seed in range(200):
        ran = crowd(Pct(seed, depth=3, steps=40), "ab")
        counts[sum(one != other for one, other in itertools.pairwise(ran))] += 1
    assert set(counts) <= {0, 1, 2}
    assert counts[2] > 50


def test_pct_gives_every_label_the_same_chance_to_be_first():
    first = Counter(crowd(Pct(seed, depth=1), "abcd", 1)[0] for seed in range(2000))
    assert all(400 < first[label] < 600 for label in "abcd")


def test_pct_never_lets_one_pass_that_fell_behind():
    """At a moment of change the one that would go falls behind all that have not fallen so far."""
    for seed in range(50):
        ran = "".join(crowd(Pct(seed, depth=2, steps=30), "abc", 60))
        phases = [label for at, label in enumerate(ran) if at == 0 or ran[at - 1] != label]
        assert len(phases) == len(set(phases)) <= 2


def test_pct_meets_the_chance_that_its_paper_promises():
    """A bug of depth 2: ``b`` goes, at the fourth step or later, when ``a`` went exactly 3 times."""
    labels, steps, runs = "ab", 10, 2000
    hits = sum(
        "".join(crowd(Pct(seed, depth=2, steps=steps), labels, steps)).startswith("aaab")
        for seed in range(runs)
    )
    assert hits >= 0.8 * runs / (len(labels) * steps)


# --- Following ------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3), max_size=30))
def test_a_schedule_is_followed_and_then_fifo(choices: list[int]):
    chooser = Following(choices)
    assert [chooser.choose("abcd") for _ in range(40)] == choices + [0] * (40 - len(choices))
    assert chooser.strayed is None


def test_a_choice_of_nobody_is_fifo_and_the_first_such_is_told():
    chooser = Following((1, 2, 0, 5))
    assert [chooser.choose("ab") for _ in range(4)] == [1, 0, 0, 0]
    assert chooser.strayed == 2


@given(st.randoms(use_true_random=False), st.integers(2, 9))
def test_hypothesis_chooses_among_the_candidates(random, count: int):
    assert 0 <= HypothesisChooser(random).choose("abcdefghi"[:count]) < count


def test_hypothesis_shrinks_a_race_to_one_or_two_deviations():
    """Fails when ``d`` goes twice in the first five steps; one deviation is enough."""
    from hypothesis import find

    found: list[int] = []

    def race(random) -> bool:
        choices = []

        class Noting:
            def choose(self, candidates) -> int:
                choices.append(HypothesisChooser(random).choose(candidates))
                return choices[-1]

        failed = crowd(Noting(), "abcd", 8)[:5].count("d") == 2
        if failed:
            found[:] = choices
        return failed

    find(st.randoms(use_true_random=False), race)
    assert 1 <= sum(choice != 0 for choice in found) <= 2


# --- Fair -----------------------------------------------------------------------------------------


class Newest:
    """Starves whoever waits."""

    def choose(self, candidates) -> int:
        return len(candidates) - 1


@given(
    bound=st.integers(0, 8),
    labels=st.integers(2, 6),
    make=st.sampled_from([Newest, lambda: Pct(3), lambda: RandomChooser(4), Fifo]),
    comings=st.lists(st.booleans(), max_size=200),
)
def test_under_fair_nobody_is_passed_over_more_often_than_promised(
    bound: int, labels: int, make: Callable[[], Chooser], comings: list[bool]
):
    """Whoever went comes back at once, or only when the line is short."""
    chooser = Fair(make(), bound)
    line, away = list("abcdef"[:labels]), []
    passed = Counter()
    for comes_back in comings:
        if away and (len(line) < 2 or comes_back):
            line.append(away.pop(0))
        if len(line) < 2:
            continue
        at = chooser.choose(tuple(line))
        for label in line[:at] + line[at + 1 :]:
            passed[label] += 1
            assert passed[label] <= bound + labels - 1
        passed[line[at]] = 0
        (line if comes_back else away).append(line.pop(at))


def test_fair_without_patience_is_fifo():
    assert crowd(Fair(Newest(), 0)) == crowd(Fifo())


def test_fair_leaves_fifo_alone_even_if_somebody_goes_unasked_in_between():
    chooser = Fair(Fifo(), 3)
    assert [chooser.choose(("gate", "camera")) for _ in range(20)] == [0] * 20


def test_fair_lets_the_chooser_choose_as_long_as_nobody_is_due():
    assert "".join(crowd(Fair(Newest(), 3), "abc", 16)) == "cccabbbbcaaaabcc"


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RandomChooser(-1), "seed must be 0 or more, not -1"),
        (lambda: Pct(-1), "seed must be 0 or more"),
        (lambda: Pct(0, depth=0), "depth must be 1 or more"),
        (lambda: Pct(0, steps=0), "steps must be 1 or more"),
        (lambda: Following((0, -2)), "a choice must be 0 or more, not -2"),
        (lambda: Fair(Fifo(), -1), "bound must be 0 or more"),
        (lambda: portfolio(-1), "not -1, 0 and 100"),
        (lambda: portfolio(1, steps=0), "steps 1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], words: str):
    with pytest.raises(InvalidArgument, match=words):
        make()


@pytest.mark.parametrize("seed", ["7", 7.0, None, True])
def test_a_seed_is_an_int(seed: object):
    with pytest.raises(WrongType, match="seed must be an int"):
        RandomChooser(seed)  # type: ignore[arg-type]


# --- the portfolio --------------------------------------------------------------------------------


def test_the_portfolio_begins_with_fifo_and_then_takes_turns():
    kinds = [type(portfolio(run)).__name__ for run in range(7)]
    assert kinds == ["Fifo", *["RandomChooser", "Pct"] * 3]


def test_the_portfolio_looks_deeper_the_longer_it_goes_on():
    depths = [portfolio(run).depth for run in range(2, 34, 2)]  # type: ignore[attr-defined]
    assert depths == [2, 3, 2, 4, 2, 3, 2, 5, 2, 3, 2, 4, 2, 3, 2, 6]


def test_no_two_runs_of_the_portfolio_share_a_seed():
    seeds = [portfolio(run, seed=seed).seed for run in range(1, 200) for seed in range(9)]  # type: ignore[attr-defined]
    assert len(seeds) == len(set(seeds))
