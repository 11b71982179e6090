"""When it pays to look before sleeping: pure, over any history of gaps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.drivers.patience import Patience

LIMIT = 100_000
NEAR = LIMIT * 3 // 2


def looks(gaps: list[int]) -> tuple[int, int]:
    """How many looks paid off, and how many were in vain."""
    patience, paid, vain = Patience(LIMIT), 0, 0
    for gap in gaps:
        if patience.window:
            assert patience.window == LIMIT
            paid, vain = (paid + 1, vain) if gap <= LIMIT else (paid, vain + 1)
        patience.note(gap)
    return paid, vain


@pytest.mark.rule("LIFE-18")
@given(st.lists(st.integers(0, LIMIT), min_size=1, max_size=200))
def test_who_is_always_woken_soon_looks_from_the_second_wait_on(gaps):
    assert looks(gaps) == (len(gaps) - 1, 0)


@pytest.mark.rule("LIFE-18")
@given(st.lists(st.integers(NEAR + 1, 10**10), max_size=200))
def test_who_is_woken_late_never_looks(gaps):
    assert looks(gaps) == (0, 0)


@pytest.mark.rule("LIFE-18")
@given(st.lists(st.integers(LIMIT + 1, NEAR), max_size=5000))
def test_looks_that_never_pay_become_rare(gaps):
    paid, vain = looks(gaps)
    assert paid == 0
    assert vain <= math.log2(len(gaps) + 1) + 1 + len(gaps) / 1024


@pytest.mark.rule("LIFE-18")
@given(st.lists(st.sampled_from([LIMIT // 2, LIMIT, LIMIT + 1, NEAR, NEAR + 1, 10**9])))
def test_after_a_look_in_vain_it_rests_twice_as_long_as_after_the_one_before(gaps):
    patience, slept, due = Patience(LIMIT), 0, 0
    for gap in gaps:
        if not patience.window:
            slept += 1
        elif gap <= LIMIT:
            due = 0
        else:
            assert slept > due
            slept, due = 0, max(1, 2 * due)
        patience.note(gap)


@pytest.mark.rule("LIFE-18")
@given(st.lists(st.integers(0, 10**7)))
def test_a_limit_of_nothing_never_looks(gaps):
    patience = Patience(0)
    for gap in gaps:
        patience.note(gap)
        assert patience.window == 0
