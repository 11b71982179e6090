"""10,000 damaged payloads per codec: each is a CodecError, or a value of the type, and no more."""

from __future__ import annotations

import dataclasses
import random
import resource
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, get_args, get_origin

import attrs
import pytest
from attrs import field, frozen

from taktora.connectors.codecs import RawCodec
from taktora.errors import CodecError
from tests.connectors.codecs.classes import Colour, Level, Unit

HOW_MANY = 10_000


@dataclasses.dataclass
class Point:
    x: float = 0.0
    y: float = 0.0


@frozen
class Node:
    number: int
    next: Node | None = None


@frozen
class Everything:
    number: int
    ratio: float
    text: str
    data: bytes
    good: bool
    colour: Colour
    level: Level
    unit: Unit
    moment: datetime
    choice: Literal["a", 1]
    either: int | str | None
    numbers: list[int]
    pair: tuple[int, str]
    points: list[Point]
    by_number: dict[int, Point]
    names: dict[str, list[str]] = field(factory=dict)
    node: Node | None = None


SAMPLES: list[tuple[Any, Any]] = [
    (
        Everything,
        Everything(
            7, 2.5, "Grüße", b"\x00\xff", True, Colour.PAIR, Level.HIGH, Unit.METRE,
            datetime(2026, 1, 2, 3, 4, 5), "a", "x", [1, 2, 300, 70000], (1, "b"),  # noqa: DTZ001
            [Point(1.0, 2.0), Point()], {1: Point(), -5: Point(3.0)}, {"n": ["a", "b"]},
            Node(1, Node(2)),
        ),
    ),
    (list[int], [1, -1, 1000, 2**40]),
    (dict[str, int], {"a": 1, "b": 2}),
    (int, 123456),
    (str, "some text"),
    (float, 1234.5678),
    (bool, True),
    (Node, Node(1, Node(2, Node(3)))),
]  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """``data`` with something done to it."""
    found = bytearray(data)
    kind = chance.randrange(7)
    at = chance.randrange(len(found) + 1)
    if kind == 0:
        return bytes(found[:at])
    if kind == 1:
        return chance.randbytes(chance.randrange(40))
    if kind == 2:  # a piece of it again
        return bytes(found[:at] + found[max(0, at - chance.randrange(20)) :])
    if kind == 3:  # larger than it was
        return bytes(found) + chance.randbytes(chance.randrange(1, 9))
    if kind == 4:  # a length that promises a lot
        found[at : at + 5] = (
            chance.choice((b"\xdd", b"\xdf", b"\xc6", b"\x9a", b"\xbb", b"\x7a")) + b"\x7f" * 4
        )
        return bytes(found)
    if kind == 5:  # a piece less
        return bytes(found[:at] + found[at + chance.randrange(1, 9) :])
    for _ in range(chance.randrange(1, 9)):
        found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    return bytes(found)


def fits(value: Any, type_: Any) -> bool:
    """Whether ``value`` is of ``type_``, exactly and all the way down."""
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ is None or type_ is type(None):
        return value is None
    if origin is Literal:
        return any(value == one and value.__class__ is one.__class__ for one in arguments)
    if origin is list:
        return value.__class__ is list and all(fits(one, arguments[0]) for one in value)
    if origin is dict:
        return value.__class__ is dict and all(
            fits(key, arguments[0]) and fits(one, arguments[1]) for key, one in value.items()
        )
    if origin is tuple:
        return (
            value.__class__ is tuple
            and len(value) == len(arguments)
            and all(map(fits, value, arguments))
        )
    if origin is not None:  # a union
        return any(fits(value, one) for one in arguments)
    if value.__class__ is not type_:
        return False
    if attrs.has(type_):
        attrs.resolve_types(type_)
        return all(fits(getattr(value, one.name), one.type) for one in attrs.fields(type_))
    if dataclasses.is_dataclass(type_):
        return fits(value.x, float) and fits(value.y, float)
    return True


def outcomes(codec: Any, chance: random.Random) -> Iterator[tuple[bytes, Any, Any]]:
    samples = [(type_, bytes(codec.dumps(value))) for type_, value in SAMPLES]
    for number in range(HOW_MANY):
        type_, data = samples[0 if number % 2 else chance.randrange(len(samples))]
        damaged = mutated(data, chance)
        yield damaged, type_, tried(codec, damaged, type_)


def tried(codec: Any, data: bytes, type_: Any) -> Any:
    """The value, or the CodecError."""
    try:
        return codec.decode(memoryview(data), type_)
    except CodecError as error:
        return error


@pytest.mark.rule("CODEC-20")
def test_damaged_payloads_are_codec_errors_or_values_of_the_type(codec: Any):
    refused = 0
    for damaged, type_, outcome in outcomes(codec, random.Random(20)):
        if isinstance(outcome, CodecError):
            refused += 1
            assert outcome.format == codec.format_name
            assert 0 < len(outcome.reason) < 1000
        else:
            assert fits(outcome, type_), (damaged, type_, outcome)
    assert HOW_MANY // 2 < refused < HOW_MANY


@pytest.mark.rule("CODEC-20")
def test_raw_takes_any_payload():
    chance = random.Random(21)
    for _ in range(HOW_MANY):
        damaged = chance.randbytes(chance.randrange(60))
        assert RawCodec().decode(memoryview(damaged), bytes) == damaged


HOSTILE = [
    b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000, b"\xff" * 1000, b'"\xed\xa0\x80"', b"",
    b"\x91" * 100_000, b"\x81\xa1a" * 50_000, b"\xdd\x7f\xff\xff\xff", b"\xdf\x7f\xff\xff\xff",
    b"\xc6\x7f\xff\xff\xff", b"\xdb\x7f\xff\xff\xff", b"\xc9\x7f\xff\xff\xff\x01",
    b"\xdd\x00\x01\x00\x00" * 20_000,
    b"\x81" * 100_000, b"\xc1" * 100_000, b"\xa1\x61a" * 50_000, b"\x9f" * 100_000, b"\x5f" * 1000,
    b"\x9b\x7f" + b"\xff" * 7, b"\xbb\x7f" + b"\xff" * 7, b"\x5b\x7f" + b"\xff" * 7,
    b"\x7b\x7f" + b"\xff" * 7, b"\x9b" + b"\xff" * 8, b"\xd8\x1c\x81\xd8\x1d\x00",
    b"\xc1\xfb\x7f\xf8" + bytes(6), b"\xc1\xfb\x7f\xef" + b"\xff" * 6, b"\xc2\x5a\x7f\xff\xff\xff",
    b"\xd8\x23\x6d(a+)+$aaaaaaa", b"\xc0\x61x", b"\xd7\xff" + b"\xff" * 8,
]  # fmt: skip


@pytest.mark.rule("CODEC-20")
@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: f"{data[:6].hex()}-{len(data)}")
def test_depth_and_promised_lengths_cost_nothing_but_an_error(codec: Any, data: bytes):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for type_ in (Everything, list[int], dict, Node):
        with pytest.raises(CodecError):
            codec.decode(memoryview(data), type_)
    for type_ in (Any, bytes, str, datetime):
        outcome = tried(codec, data, type_)
        assert not isinstance(outcome, CodecError) or len(outcome.reason) < 1000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 128 * 1024, "KiB"


@pytest.mark.rule("CODEC-20")
def test_a_value_nested_too_deeply_for_the_stack_is_refused(codec: Any):
    plain: Any = None
    for number in range(300):
        plain = {"number": number, "next": plain}
    data = codec.dumps(plain)
    outcomes = [outcome_below(codec, data, depth) for depth in range(0, 700, 50)]
    assert {type(one) for one in outcomes} == {Node, CodecError}


def outcome_below(codec: Any, data: bytes, depth: int) -> Any:
    """As :func:`tried`, with ``depth`` frames less of the stack."""
    return outcome_below(codec, data, depth - 1) if depth else tried(codec, data, Node)
