"""Schedules as text, and told in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument, WrongType
from taktora.testing import describe, deviations, format_schedule, parse_schedule

choices = st.lists(st.one_of(st.just(0), st.integers(0, 12)), max_size=60).map(tuple)


@given(choices)
def test_a_schedule_survives_being_text_but_for_zeros_at_its_end(schedule: tuple[int, ...]):
    read = parse_schedule(format_schedule(schedule))
    assert read + (0,) * (len(schedule) - len(read)) == schedule
    assert not read or read[-1] != 0
    assert format_schedule(read) == format_schedule(schedule)


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        ((), "tk1:"),
        ((0, 0, 0), "tk1:"),
        ((0, 0, 0, 0, 0, 0, 2, 1), "tk1:0*6.2.1"),
        ((1, 1, 0, 3), "tk1:1*2.0.3"),
        ((12,), "tk1:12"),
    ],
)
def test_the_text_is_short(schedule: tuple[int, ...], text: str):
    assert format_schedule(schedule) == text
    assert parse_schedule(f"  {text}\n") == parse_schedule(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no schedule: it should begin with 'tk1:'"),
        ("0*6.2", "should begin with 'tk1:'"),
        ("tk2:0*6", "should begin with 'tk1:'"),
        ("tk1:0*6..1", "part 2 of the schedule, '', should be a choice"),
        ("tk1:0*6.x", "part 2 of the schedule, 'x'"),
        ("tk1:-1", "part 1 of the schedule, '-1'"),
        ("tk1:1_0", "part 1 of the schedule, '1_0'"),
        ("tk1:\N{ARABIC-INDIC DIGIT ONE}", "part 1 of the schedule"),
        ("tk1:0*0.1", "'0\\*0', repeats zero times"),
        ("tk1:0*999999999", "more than 10000000 choices"),
        ("tk1:" + "9" * 5000, "part 1 of the schedule, '9{37}\\.\\.\\.'"),
    ],
)
def test_what_is_no_schedule_is_refused_and_the_part_is_named(text: str, words: str):
    with pytest.raises(InvalidArgument, match=words):
        parse_schedule(text)


def test_only_text_is_read_and_only_places_are_written():
    with pytest.raises(WrongType):
        parse_schedule(b"tk1:")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="not -1"):
        format_schedule((0, -1))


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str):
    try:
        read = parse_schedule("tk1:" + text)
    except InvalidArgument:
        return
    assert parse_schedule(format_schedule(read)) == read


def test_a_run_is_told_as_fifo_except():
    made = [("ab", 0)] * 6 + [(["c", "d"], 1), (["a"] * 2, 0), ("abcde", 4)]
    assert describe(made) == (
        "FIFO except step 7: ran 'd' before 'c'; step 9: ran 'e' before 'a', 'b', 'c' and 1 more"
    )
    assert [one.step for one in deviations(made)] == [7, 9]
    assert describe([("ab", 0)]) == describe([]) == "FIFO at every step"


def test_a_sentence_says_how_many_deviations_it_leaves_out():
    text = describe([(("a", "b"), 1)] * 300)
    assert text.count("ran 'b' before 'a'") == 10
    assert text.endswith("; and at 290 more")
