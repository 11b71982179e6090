"""Types that a class may have beside the usual ones."""

from __future__ import annotations

import collections
import dataclasses
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Generic, NewType, TypedDict, TypeVar

import attrs
import pytest
from attrs import define, field, frozen

from taktora.connectors.codecs import CborCodec
from taktora.errors import CodecError
from tests.connectors.codecs.classes import Level, holder, same

T = TypeVar("T")
Metres = NewType("Metres", float)
Untyped = collections.namedtuple("Untyped", ["x", "y"])  # noqa: PYI024  # such there are


class Setting(TypedDict):
    key: str
    values: list[int]


@frozen
class Box(Generic[T]):
    content: T


@frozen
class Circle:
    radius: float


@frozen
class Square:
    side: float
    name: str = ""


@define(slots=False)
class Base:
    _hidden: int
    other: int = field(kw_only=True, default=3)


@define(slots=False)
class Derived(Base):
    more: list[Base] = field(factory=list, kw_only=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    numbers: tuple[int, ...] = ()
    inner: Circle | None = None


@frozen
class Converting:
    number: int = field(converter=int)


KINDS = [
    (Setting, {"key": "a", "values": [1]}),
    (Box[int], Box(5)),
    (Box[list[Circle]], Box([Circle(1.0)])),
    (Metres, 1.5),
    (Annotated[int, "unit"], 5),
    (Circle | Square, Square(1.0)),
    (Circle | Square | None, Circle(1.0)),
    (Circle | Square | int | None, Square(1.0, "a")),
    (Circle | list[int] | str, Circle(1.0)),
    (list[Circle | Square], [Circle(1.0), Square(2.0)]),
    (Derived, Derived(1, other=2, more=[Base(4)])),
    (Slotted, Slotted((1, 2), Circle(2.0))),
    (Converting, Converting(5)),
    (Untyped, Untyped(1, "a")),
    (Sequence[int], (1, 2)),
    (Mapping[str, int], {"a": 1}),
    (MutableMapping[Level, int], {Level.LOW: 1}),
    (AbstractSet[int], frozenset({1})),
    (deque[int], deque([1, 2])),
    (Counter[str], Counter({"a": 2})),
    (defaultdict[str, list[int]], defaultdict(list, {"a": [1]})),
    (dict[str, dict[int, Circle]], {"a": {1: Circle(1.0)}}),
    (tuple[()], ()),
    (tuple, (1, "a")),
    (list, [1, "a", None]),
    (dict, {"a": [1]}),
    (object, {"a": [1]}),
]  # fmt: skip


@pytest.mark.rule("CODEC-01")
@pytest.mark.parametrize(("type_", "value"), KINDS, ids=str)
def test_it_arrives_as_it_was_sent(codec: Any, type_: Any, value: Any):
    made = holder(type_)
    arrived = codec.decode(memoryview(codec.dumps(made(value))), made).held
    assert same(arrived, value), arrived


@pytest.mark.rule("CODEC-01")
def test_tuples_are_keys_in_cbor():
    made = holder(dict[tuple[int, int], str])
    codec, value = CborCodec(), made({(1, 2): "a"})
    assert codec.decode(memoryview(codec.dumps(value)), made) == value


@pytest.mark.rule("CODEC-03")
@pytest.mark.parametrize("plain", ["ab", 5, True, [["a", 1]], {"zz": "zz"}, [{"a": 1.5}]])
@pytest.mark.parametrize(
    "type_",
    [
        Setting, Box[int], Metres, Annotated[float, "m"], Circle | Square, Circle | int | None, Derived,
        Slotted, Untyped, Sequence[int], Collection[int], Iterable[int], AbstractSet[int],
        deque[int], Counter[str], defaultdict[str, list[int]], Mapping[str, float], memoryview,
        dict[Level, int], range, type, complex,
    ],
    ids=str,
)  # fmt: skip
def test_another_kind_of_value_is_refused(codec: Any, type_: Any, plain: Any):
    """None of the plain values is of any of these."""
    if plain == 5 and type_ in (Metres, Annotated[float, "m"], Circle | int | None):
        plain = 5.5 if type_ == Circle | int | None else "5"
    with pytest.raises(CodecError):
        codec.decode(memoryview(codec.dumps({"held": plain})), holder(type_))


@pytest.mark.rule("CODEC-02")
def test_a_field_without_an_annotation_carries_plain_values(codec: Any):
    made = attrs.make_class("Made", ["anything"])
    value = made({"a": [1, 2.5, None]})
    assert same(codec.decode(memoryview(codec.dumps(value)), made), value)
