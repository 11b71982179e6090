"""Generated types, each with the values that it can have, and what it means to be the same."""

from __future__ import annotations

import dataclasses
import enum
import itertools
import math
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, NamedTuple, Optional

import attrs
from hypothesis import strategies as st

NUMBERS = itertools.count()


class Colour(enum.Enum):
    RED = 1
    TEXT = "1"
    PAIR = (1, 2)
    YES = False


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Unit(enum.StrEnum):
    METRE = "m"
    SECOND = "s"


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


class Celsius(float):
    pass


class Point(NamedTuple):
    x: int
    y: str


INTEGERS = {
    "json": st.integers(-(2**80), 2**80),
    "msgpack": st.integers(-(2**63), 2**64 - 1),
    "cbor": st.integers(-(2**80), 2**80),
}
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))

Typed = tuple[Any, st.SearchStrategy]


def leaves(format: str) -> list[Typed]:
    infinite = format != "json"
    floats = st.floats(allow_nan=infinite, allow_infinity=infinite)
    return [
        (int, INTEGERS[format]),
        (float, floats),
        (str, st.text(max_size=20)),
        (bytes, st.binary(max_size=20)),
        (bytearray, st.binary(max_size=20).map(bytearray)),
        (bool, st.booleans()),
        (type(None), st.none()),
        (datetime, st.datetimes() | st.datetimes(timezones=ZONES)),
        (date, st.dates()),
        (time, st.times()),
        (Path, st.text("abc/", min_size=1, max_size=5).map(Path)),
        (Colour, st.sampled_from(Colour)),
        (Level, st.sampled_from(Level)),
        (Unit, st.sampled_from(Unit)),
        (Access, st.integers(0, 3).map(Access)),
        (Celsius, st.floats(-300, 300).map(Celsius)),
        (Literal["a", 1] | None, st.sampled_from(["a", 1, None])),
        (int | str, INTEGERS[format] | st.text(max_size=5)),
        (float | int | None, floats | INTEGERS[format] | st.none()),
        (list[int] | bool | str, st.lists(st.integers(0, 9)) | st.booleans() | st.text(max_size=3)),
        (Point, st.builds(Point, st.integers(0, 9), st.text(max_size=3))),
        (set[int], st.sets(st.integers(-9, 9))),
        (frozenset[str], st.frozensets(st.text(max_size=3))),
        (dict[int, str], st.dictionaries(st.integers(-99, 99), st.text(max_size=3), max_size=3)),
        (dict[Level, bool], st.dictionaries(st.sampled_from(Level), st.booleans())),
        (Any, st.text(max_size=5) | st.lists(st.integers(0, 9), max_size=3)),
    ]


def containers(inner: Typed) -> list[Typed]:
    type_, values = inner
    few = st.lists(values, max_size=3)
    return [
        (list[type_], few),
        (tuple[type_, ...], few.map(tuple)),
        (tuple[type_, int], st.tuples(values, st.integers(0, 9))),
        (dict[str, type_], st.dictionaries(st.text(max_size=4), values, max_size=3)),
        (Optional[type_], st.none() | values),  # noqa: UP045  # None | None is no type
    ]


@st.composite
def types(draw: Any, format: str, depth: int = 3) -> Typed:
    """Any type that the format can carry, and its values."""
    kind = draw(st.sampled_from(["leaf", "container", "class"])) if depth else "leaf"
    if kind == "leaf":
        return draw(st.sampled_from(leaves(format)))
    if kind == "container":
        return draw(st.sampled_from(containers(draw(types(format, depth - 1)))))
    return draw(classes(format, depth))


@st.composite
def classes(draw: Any, format: str, depth: int = 3) -> Typed:
    """A new attrs class, or dataclass, and its instances."""
    fields = draw(st.lists(types(format, depth - 1), min_size=1, max_size=5))
    names = [f"field_{number}" for number in range(len(fields))]
    optional = draw(st.integers(0, len(fields)))  # how many, from behind, have a default
    name = f"Made{next(NUMBERS)}"
    if draw(st.booleans()):
        made: Any = attrs.make_class(
            name,
            {
                one: attrs.field(
                    type=type_, **({"default": None} if at >= len(fields) - optional else {})
                )
                for at, (one, (type_, _)) in enumerate(zip(names, fields, strict=True))
            },
            frozen=draw(st.booleans()),
            slots=draw(st.booleans()),
        )
    else:
        made = dataclasses.make_dataclass(
            name, [(one, type_) for one, (type_, _) in zip(names, fields, strict=True)]
        )
    return made, st.builds(
        made, **{one: values for one, (_, values) in zip(names, fields, strict=True)}
    )


def holder(type_: Any) -> Any:
    """A class whose one field is of ``type_``: on top, a value is written by its class alone."""
    return attrs.make_class("Holder", {"held": attrs.field(type=type_)})


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same classes all the way down: ``1`` is neither ``True`` nor ``1.0``."""
    if one.__class__ is not other.__class__:
        return False
    if attrs.has(one.__class__):
        return all(
            same(getattr(one, a.name), getattr(other, a.name)) for a in attrs.fields(one.__class__)
        )
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, set | frozenset):
        return same(sorted(one, key=repr), sorted(other, key=repr))
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    return bool(one == other)
