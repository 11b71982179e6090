"""The search for planted bugs fails where it must."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from taktora.errors import LawBroken

from .planting import SEARCH, caught

SHORT = settings(SEARCH, max_examples=20, stateful_step_count=2)
ROUNDS = 20


class Draws(RuleBasedStateMachine):
    """Breaks a law where it draws one number of very many."""

    rare = range(0)

    @rule(number=st.integers(0, 999))
    def draws(self, number: int) -> None:
        if number in self.rare:
            raise LawBroken("LAW-01", number)


class Rarely(Draws):
    rare = range(500, 505)


class Always(Draws):
    rare = range(1000)


def test_a_bug_that_one_search_misses_is_found_by_another() -> None:
    found = caught(Rarely, LawBroken, {"LAW-01"}, search=SHORT, rounds=ROUNDS)
    assert 20 < found.examples <= 20 * ROUNDS
    assert caught(Rarely, LawBroken, {"LAW-01"}, search=SHORT).examples == found.examples


def test_a_bug_that_no_search_finds_is_a_failed_test() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"Draws: no LAW-01 in .* but nothing"):
        caught(Draws, LawBroken, {"LAW-01"}, search=SHORT, rounds=ROUNDS)


def test_another_law_than_was_meant_is_a_failed_test_that_says_which() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"Always: no LAW-02 in .* but \['LAW-01'"):
        caught(Always, LawBroken, {"LAW-02"}, search=SHORT, rounds=ROUNDS)


def test_what_is_no_breach_comes_out() -> None:
    with pytest.raises(LawBroken):
        caught(Always, KeyError, search=SHORT)


def test_no_seed_stays_with_the_machine() -> None:
    caught(Always, LawBroken, search=SHORT)
    assert not [name for name in vars(Always) if "seed" in name]
