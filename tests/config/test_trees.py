"""What a schema's instance holds can be written down, and is read as an equal one, or is refused."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pytest
from attrs import evolve, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from taktora.config import as_tree, examine
from taktora.errors import InvalidArgument
from taktora.time import Duration


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@frozen
class Point:
    x: int
    _y: float = 0.5


@dataclasses.dataclass(frozen=True)
class Plain:
    name: str
    numbers: tuple[int, ...] = ()


@frozen(kw_only=True)
class Everything:
    flag: bool = False
    number: int = 0
    share: float = 0.0
    text: str = ""
    data: bytes = b""
    path: Path = Path()
    pure: PurePosixPath = field(factory=PurePosixPath)
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    mode: Literal["fast", 3, True] = "fast"
    pause: timedelta = timedelta(0)
    maybe: int | str | Point | None = None
    when: Duration | None = None
    points: tuple[Point, ...] = ()
    pair: tuple[int, str] = (0, "")
    some: list[Plain] = field(factory=list)
    seen: frozenset[int] = frozenset()
    table: Mapping[str, Point] = field(factory=dict)
    by_number: dict[int, Level] = field(factory=dict)
    free: Any = None


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NUMBERS = st.integers(-(2**63), 2**63)
FLOATS = st.floats(-1e300, 1e300)
POINTS = st.builds(Point, NUMBERS, FLOATS)
PLAINS = st.builds(Plain, WORDS, st.lists(NUMBERS, max_size=3).map(tuple))
PAUSES = st.integers(0, 10**15).map(lambda micros: timedelta(microseconds=micros))
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | FLOATS | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=5,
)
EVERYTHING = st.builds(
    Everything,
    flag=st.booleans(),
    number=NUMBERS,
    share=FLOATS,
    text=WORDS,
    data=st.binary(max_size=5),
    path=st.sampled_from([Path("/a/b"), Path("c")]),
    pure=st.sampled_from([PurePosixPath("/a"), PurePosixPath("b")]),
    colour=st.sampled_from(Colour),
    level=st.sampled_from(Level),
    mode=st.sampled_from(["fast", 3, True]),
    pause=PAUSES,
    maybe=st.none() | NUMBERS | WORDS | POINTS,
    when=st.none() | PAUSES,
    points=st.lists(POINTS, max_size=2).map(tuple),
    pair=st.tuples(NUMBERS, WORDS),
    some=st.lists(PLAINS, max_size=2),
    seen=st.frozensets(NUMBERS, max_size=3),
    table=st.dictionaries(WORDS, POINTS, max_size=2),
    by_number=st.dictionaries(st.integers(0, 10**17), st.sampled_from(Level), max_size=2),
    free=JSON,
)


@pytest.mark.rule("CONF-26")
@given(EVERYTHING)
def test_whatever_it_holds_comes_back_equal_through_json(value):
    tree = json.loads(json.dumps(as_tree(value, Everything)))
    came, problems = examine(tree, Everything)
    assert problems == []
    assert came == value


@pytest.mark.rule("CONF-26")
@given(st.integers(0, 10**12))
def test_a_duration_comes_back_as_long_as_it_was_whatever_its_type(micros):
    tree = as_tree(Everything(when=micros / 1e6), Everything)
    assert examine(tree, Everything)[0] == Everything(when=timedelta(microseconds=micros))


class Finer(Point):
    pass


@pytest.mark.rule("CONF-26")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"number": 2**70}, "number: is .*, and must fit in 64 bits"),
        ({"number": 1.5}, "number: is 1.5, and must be a whole number"),
        ({"number": True}, "number: is true, and must be a whole number"),
        ({"share": float("nan")}, "share: is nan, which cannot be written down"),
        ({"text": b"x"}, "text: is b'x', which cannot be written down"),
        ({"text": "\ud800"}, "text: .*surrogate"),
        ({"text": Colour.RED}, "text: is .*, which cannot be written down"),
        ({"data": "0a"}, "data: is '0a', and no bytes"),
        ({"pause": timedelta(seconds=-1)}, "pause: "),
        ({"when": 1e-7}, "when: is 1e-07, and no whole number of microseconds"),
        ({"maybe": print}, "maybe: is <built-in function print>, which cannot"),
        ({"maybe": Finer(1)}, "maybe: is Finer.*, which cannot be written down"),
        ({"points": (Point(1), Plain("a"))}, r"points\[1\]: is Plain.*, and no Point"),
        ({"points": 3}, "points: is 3, and no list"),
        ({"pair": (1,)}, "pair: is .*, and must have 2 elements"),
        ({"table": {"a b": 3}}, r'table\["a b"\]: is 3, and no Point'),
        ({"table": [1]}, r"table: is \[1\], and no table"),
        ({"by_number": {-1: Level.LOW}}, "by_number.*whole number"),
        ({"free": [{"a": object}]}, r"free\[0\].a: is <class 'object'>"),
        ({"free": {(1, 2): 3}}, r"free: is \(1, 2\), and a key must be text"),
        ({"free": Point(1)}, "free: is Point"),
    ],
)
def test_what_would_not_come_back_is_refused_with_its_place(wrong, words):
    with pytest.raises(InvalidArgument, match=words) as refused:
        as_tree(evolve(Everything(), **wrong), Everything)
    assert "\n" not in str(refused.value)


@pytest.mark.rule("CONF-26")
def test_an_instance_of_another_class_is_refused():
    with pytest.raises(InvalidArgument, match=r"options.here: is Finer.*, and no Point"):
        as_tree(Finer(1), Point, at=("options", "here"))


@frozen
class Halved:
    """A class whose conversion does not bear repeating."""

    share: float = field(default=1.0, converter=lambda value: value / 2)


@pytest.mark.rule("CONF-26")
def test_a_conversion_that_changes_what_it_made_is_noticed():
    with pytest.raises(
        InvalidArgument, match=r"share: does not come back as it was: 0.5 becomes 0.25"
    ):
        as_tree(Halved(), Halved)
