"""Single values, containers and classes: what is taken, and what is said about what is not."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given as given_by
from hypothesis import strategies as st

from taktora.config import Problem, at_least, examine, given, within
from taktora.config.durations import as_duration, duration_text
from taktora.config.problems import path_text
from taktora.errors import InvalidArgument, InvalidConfig
from taktora.time import Duration


def one_of(kind: Any) -> type:
    """A schema with one key ``x`` of that type."""
    return attrs.make_class("One", {"x": field(type=kind)}, frozen=True)


def read(value: Any, kind: Any) -> Any:
    made, problems = examine({"x": value}, one_of(kind))
    assert problems == []
    return made.x  # type: ignore[attr-defined]


def refusals(value: Any, kind: Any) -> list[str]:
    made, problems = examine({"x": value}, one_of(kind))
    assert made is None or given(made, "x") is None or isinstance(value, list | dict)
    return [str(one) for one in problems]


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0
    tags: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        if self.x == self.y == 13:
            raise ValueError("13, 13 is out of\nbounds")


@pytest.mark.rule("CONF-20", "CONF-25")
@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (4, int, 4), (4, float, 4.0), (1.5, float, 1.5), ("4", str, "4"), (True, bool, True),
        ("0a Ff", bytes, b"\x0a\xff"), ("fast", Mode, Mode.FAST), ("high", Level, Level.HIGH),
        (2, Level, Level.HIGH), ("a", Literal["a", 1], "a"), (1, Literal["a", 1], 1),
        (None, int | None, None), (3, int | str, 3), ("3", int | str, "3"), (2.5, int | float, 2.5),
        ([1, 2], list[int], [1, 2]), ([1, 2], tuple[int, ...], (1, 2)), ([1], set[int], {1}),
        ([1, "a"], tuple[int, str], (1, "a")), ([1], frozenset[int], frozenset({1})),
        ([1], Sequence[int], (1,)), ([[1]], list[list[int]], [[1]]), ([], list, []),
        ({"a": 1}, dict[str, int], {"a": 1}), ({"7": 1}, Mapping[int, int], {7: 1}),
        ({"a": [1]}, dict, {"a": [1]}), ({"a": None}, Any, {"a": None}), ("/x", Path, Path("/x")),
        ({"x": 1}, Point, Point(1)), ([{"x": 1}], list[Point], [Point(1)]),
        ({"x": 1}, Point | str, Point(1)), ("1 s", Duration, timedelta(seconds=1)),
        (0.1, timedelta, timedelta(milliseconds=100)), ("2 s", timedelta | None, timedelta(seconds=2)),
        ("2 s", Duration | None, timedelta(seconds=2)), (3, Duration | None, timedelta(seconds=3)),
    ],
)  # fmt: skip
def test_values_that_fit_are_taken(value: Any, kind: Any, expected: Any) -> None:
    made = read(value, kind)
    assert (made, type(made)) == (expected, type(expected))


@pytest.mark.rule("CONF-20", "CONF-21", "CONF-01")
@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ("4", int, 'is "4" (text), and must be a whole number; write 4, without quotes'),
        (True, int, "is true, and must be a whole number"),
        (4.0, int, "is 4.0, and must be a whole number; write 4"),
        (1.5, int, "is 1.5, and must be a whole number"),
        (2**64, int, "is 18446744073709551616, and must fit in 64 bits"),
        pytest.param(16**9999, int, "is a number of thousands of digits, and must fit in 64 bits", id="huge"),
        (False, float, "is false, and must be a number"),
        ("0.5", float, 'is "0.5" (text), and must be a number; write 0.5, without quotes'),
        (float("nan"), float, "is nan, and must be finite"),
        (float("-inf"), float, "is -inf, and must be finite"),
        pytest.param(10**400, float, f"is 1{'0' * 39}..., and must be finite", id="wide"),
        (4, str, 'is 4, and must be text in quotes; write "4"'),
        ("\ud800", str, 'is "\\ud800", which has half a character in it (a surrogate)'),
        (1, bool, "is 1, and must be true or false; write true"),
        ("no", bool, 'is "no" (text), and must be true or false; write false, without quotes'),
        ("abc", bytes, 'is "abc", and must be pairs of hexadecimal digits, such as "0a ff"'),
        ("Fast", Mode, 'is "Fast", and must be "fast" or "slow"; did you mean "fast"?'),
        (True, Level, 'is true, and must be "low" or "high"'),
        (True, Literal["a", 1], 'is true, and must be "a" or 1'),
        (None, int, "is null, and must be a whole number"),
        ("3", int | None, 'is "3" (text), and must be a whole number; write 3, without quotes'),
        (1.5, int | str, "is 1.5, and must be a whole number or text in quotes"),
        ("abc", list[str], 'is "abc" (text), and must be a list; write ["abc"]'),
        ([1], tuple[int, int], "has 1 elements, and must have 2"),
        ({"a": 1}, list[Point], "is a table, and must be a list; in TOML, head each with double brackets: [[name]]"),
        ([{"x": 1}], Point, "is a list, and must be a table; in TOML, head it with single brackets: [name]"),
        (5, dict[str, int], "is 5, and must be a table"),
        ({"x": 13, "y": 13}, Point, "13, 13 is out of bounds"),
        (object, complex, "cannot be read from a file: its class wants a complex"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_what_to_write(value: Any, kind: Any, said: str) -> None:
    assert refusals(value, kind) == [f"x: {said}"]


def test_each_element_of_a_list_or_table_is_judged() -> None:
    assert refusals(["a", 1, "b"], list[int]) == [
        'x[0]: is "a" (text), and must be a whole number',
        'x[2]: is "b" (text), and must be a whole number',
    ]
    assert refusals({"a b": "c", "d": 1}, dict[str, int]) == [
        'x["a b"]: is "c" (text), and must be a whole number'
    ]
    assert refusals({"seven": 1}, dict[int, int]) == ["x.seven: this key must be a whole number"]


@pytest.mark.rule("CONF-22")
@pytest.mark.parametrize(
    ("value", "microseconds"),
    [("100 ms", 100_000), ("2s", 2_000_000), (" 1.5 min ", 90_000_000), ("1 h", 3_600_000_000),
     ("7 us", 7), ("7 \N{MICRO SIGN}s", 7), ("1500 ns", 2), (0, 0), ("0 s", 0), (2, 2_000_000)],
)  # fmt: skip
def test_durations_are_numbers_of_seconds_or_text_with_a_unit(
    value: Any, microseconds: int
) -> None:
    assert as_duration(value) == timedelta(microseconds=microseconds)


@pytest.mark.rule("CONF-22")
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("100", 'is "100", which has no unit: write "100 ms" or "100 s"'),
        ("5 sec", 'did you mean "5 s"?'),
        ("5 parsec", "units are ns, us, ms, s, min and h"),
        ("soon", 'must be a duration such as "100 ms", or a number of seconds'),
        ("-1 s", "must be a duration"),
        (-1, "must not be negative"),
        (True, "is true, and must be a duration"),
        (float("nan"), "must be less than 146 years"),
        (1e300, "must be less than 146 years"),
        ("99999999999 h", "must be less than 146 years"),
        ("3 ns", "the shortest that can be told is 1 us"),
        ([], "is an empty list, and must be a duration"),
    ],
)
def test_what_is_no_duration_is_told_with_what_to_write(value: Any, said: str) -> None:
    (found,) = refusals(value, timedelta)
    assert said in found


@pytest.mark.rule("CONF-22")
@given_by(st.timedeltas(timedelta(0), timedelta(days=40_000)))
def test_what_is_said_of_a_duration_can_be_written(value: timedelta) -> None:
    again = as_duration(duration_text(value))
    assert abs(again - value) <= value / 10**5


@frozen
class Inner:
    small: int = field(default=1, validator=within(1, 5))
    big: int = field(default=10, validator=at_least(10))
    low: int = 0
    high: int = field(default=9)

    @high.validator
    def _above(self, _: Any, value: int) -> None:
        if value <= self.low:
            raise InvalidArgument("must be above low")

    def __attrs_post_init__(self) -> None:
        if self.small == 5:
            raise ExceptionGroup("two", [ValueError("five is odd"), KeyError("five")])


@frozen
class Outer:
    depth: int
    inner: Inner = field(factory=Inner)
    many: tuple[Inner, ...] = ()


@pytest.mark.rule("CONF-24")
def test_the_validators_of_every_field_are_heard() -> None:
    made, problems = examine(
        {"inner": {"small": 9, "big": 1, "low": 9}, "many": [{"small": 0}]}, Outer
    )
    assert list(map(str, problems)) == [
        "depth: is missing, and must be a whole number",
        "inner.small: is 9, and must be 1 to 5",
        "inner.big: is 1, and must be 10 or more",
        "inner.high: must be above low",
        "many[0].small: is 0, and must be 1 to 5",
    ]
    assert given(made, "depth") is None
    assert given(given(made, "inner"), "low") == 9


@pytest.mark.rule("CONF-24")
def test_what_a_class_says_of_the_whole_is_told_at_its_table() -> None:
    _, problems = examine({"depth": 1, "inner": {"small": 5}}, Outer, at=("top", 0))
    assert problems == [
        Problem(("top", 0, "inner"), "five is odd"),
        Problem(("top", 0, "inner"), "is refused by its class: KeyError: 'five'"),
    ]


@pytest.mark.rule("CONF-02")
def test_a_check_that_needs_a_wrong_or_misspelt_value_is_left_out() -> None:
    for low in ({"low": "9"}, {"lwo": 9}):
        _, problems = examine({"depth": 1, "inner": {**low, "high": -1}}, Outer)
        assert [one.path for one in problems] == [("inner", *low)]


@pytest.mark.rule("CONF-24")
def test_problems_that_a_class_found_by_itself_and_attrs_own_validators_read_well() -> None:
    def several(_: Any, __: Any, value: int) -> None:
        raise InvalidConfig("x", [f"{value} is bad", f"{value} is\nworse"])

    kind = attrs.make_class(
        "Other",
        {
            "a": field(type=int, validator=several),
            "b": field(type=str, validator=attrs.validators.in_(("x", "y"))),
        },
    )
    _, problems = examine({"a": 1, "b": "z"}, kind)
    assert list(map(str, problems)) == [
        "a: 1 is bad",
        "a: 1 is worse",
        "b: 'b' must be in ('x', 'y') (got 'z')",
    ]


@pytest.mark.rule("CONF-23")
@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"depth": 1, "iner": {}}, "iner: is not known here; did you mean inner?"),
        ({"dpeth": 1}, "dpeth: is not known here; did you mean depth?"),
        ({"Depth": 1}, "Depth: is not known here; did you mean depth?"),
        ({"depth": 1, "zoo": 1}, "zoo: is not known here; known: depth, inner and many"),
        (
            {"depth": 1, "many": [{"depth": 4}]},
            (
                "many[0].depth: is not known here, but at the top of the file; in TOML, write it above "
                "the first [[many]]"
            ),
        ),
        (
            {"depth": 1, "inner": {"many": []}},
            (
                "inner.many: is not known here, but at the top of the file; in TOML, write it above "
                "the first [inner]"
            ),
        ),
    ],
)
def test_an_unknown_key_is_told_once_with_what_was_meant(tree: Any, said: str) -> None:
    _, problems = examine(tree, Outer)
    assert list(map(str, problems)) == [said]


@pytest.mark.rule("CONF-01")
def test_paths_quote_what_is_no_plain_word() -> None:
    assert path_text(("a", 1, "b_c", "d-e", "f g", 'h"', "\x1b")) == (
        'a[1].b_c.d-e["f g"]["h\\""]["\\u001b"]'
    )


@pytest.mark.rule("CONF-24")
def test_a_class_that_converts_is_judged_by_what_it_converts_to() -> None:
    def upper(text: str) -> str:
        if text == "no":
            raise ValueError("no is no name")
        return text.upper()

    def is_upper(_: Any, __: Any, value: str) -> None:
        if not value.isupper():
            raise ValueError(f"{value} has no letters")

    name = field(type=str, converter=upper, validator=is_upper)
    kind = attrs.make_class(
        "Named", {"a": name, "b": field(type=str, converter=upper, default="x")}
    )
    assert examine({"a": "good"}, kind) == (kind("good"), [])
    assert examine({"a": "no", "b": 1}, kind)[1] == [
        Problem(("a",), "no is no name"),
        Problem(("b",), 'is 1, and must be text in quotes; write "1"'),
    ]
    assert examine({"a": "1", "b": "no"}, kind)[1] == [
        Problem(("b",), "no is no name"),
        Problem(("a",), "1 has no letters"),
    ]
