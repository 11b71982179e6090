"""What resembles a value of the type is refused, with the place and what is wrong there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, TypedDict

import pytest
from attrs import field, frozen, validators

from taktora.connectors.codecs import CborCodec, JsonCodec, MsgpackCodec
from taktora.errors import CodecError
from tests.connectors.codecs.classes import Celsius, Colour, Level, Point, Unit, holder


class Setting(TypedDict, total=False):
    key: str


class NoNames(NamedTuple):
    one: str
    two: str


@frozen
class Reading:
    number: int = 0
    text: str = ""


@frozen
class Positive:
    value: float = field(validator=validators.gt(0))


@frozen
class Lab:
    readings: list[Reading]
    by_name: dict[str, Reading] = field(factory=dict)


def decode(codec: Any, plain: Any, type_: Any) -> Any:
    return codec.decode(memoryview(codec.dumps(plain)), type_)


WRONG = [
    (int, "5"), (int, True), (int, 3.7), (int, 3.0), (int, None), (int, [1]),
    (float, "1"), (float, True), (float, 2**53 + 1), (float, 10**18 + 1),
    (str, 1), (str, ["a"]), (str, None),
    (bool, 1), (bool, 0), (bool, "true"), (bool, None),
    (NoneType, 0), (NoneType, ""), (NoneType, False),
    (bytes, 1), (bytes, [1, 2]), (bytes, None),
    (list, "abc"), (list, {"a": 1}), (list[str], "abc"), (list[int], 5),
    (tuple[str, str], "ab"), (tuple[int, int], [1]), (tuple[int, int], [1, 2, 3]),
    (tuple[int, ...], {"1": 1}), (set[str], "abc"), (frozenset[str], {"a": 1}),
    (dict, [["a", 1]]), (dict, "a"), (dict[str, int], [["a", 1]]), (dict[str, int], {"a": "1"}),
    (Reading, "text"), (Reading, []), (Reading, ["number"]), (Reading, None), (Reading, 5),
    (Setting, ["key"]), (Setting, "key"), (Setting, {"key": 1}),
    (NoNames, "ab"), (Point, [1]), (Point, ["1", "a"]),
    (Colour, True), (Colour, 1.0), (Colour, 2), (Colour, 0), (Colour, [1.0, 2]),
    (Level, True), (Level, 3), (Level, "LOW"), (Unit, "metre"), (Unit, 1),
    (Literal[1], True), (Literal[1], 1.0), (Literal["a"], "b"), (Literal[False], 0),
    (int | str, True), (int | str, 1.5), (int | None, "1"), (Reading | None, []),
    (datetime, 0), (datetime, "yesterday"), (date, "2020-01-01T00:00:00"), (time, "25:00"),
    (Path, 1), (Celsius, "1.5"),
]  # fmt: skip


@pytest.mark.rule("CODEC-03")
@pytest.mark.parametrize(("type_", "plain"), WRONG, ids=str)
def test_nothing_is_converted_into_what_it_resembles(codec: Any, type_: Any, plain: Any):
    with pytest.raises(CodecError) as caught:
        decode(codec, plain, type_)
    assert caught.value.format == codec.format_name
    with pytest.raises(CodecError, match=r"Holder\.held"):
        decode(codec, {"held": plain}, holder(type_))


@pytest.mark.rule("CODEC-03")
def test_none_is_a_type_too(codec: Any):
    assert decode(codec, None, None) is None
    with pytest.raises(CodecError, match="expected None, not int 0"):
        decode(codec, 0, None)


@pytest.mark.rule("CODEC-04")
def test_an_integer_is_a_float_if_it_is_exactly_one(codec: Any):
    found = decode(codec, 3, float)
    assert (found, found.__class__) == (3.0, float)
    assert decode(codec, 2**53, float) == 2.0**53


@pytest.mark.rule("CODEC-05")
def test_a_key_without_a_field_is_refused_unless_the_codec_is_told_not_to(codec: Any):
    plain = {"number": 1, "unit": "m"}
    with pytest.raises(CodecError, match="Reading has no field for 'unit'"):
        decode(codec, plain, Reading)
    lenient = type(codec)(forbid_extra_keys=False)
    assert decode(lenient, plain, Reading) == Reading(1)
    assert repr(lenient) == f"{type(codec).__name__}(forbid_extra_keys=False)"


@pytest.mark.rule("CODEC-05")
def test_a_field_that_is_missing_is_refused_unless_it_has_a_default(codec: Any):
    assert decode(codec, {}, Reading) == Reading()
    with pytest.raises(CodecError, match=r"Lab\.readings: is missing"):
        decode(codec, {}, Lab)


@pytest.mark.rule("CODEC-06")
def test_the_reason_says_where_and_what(codec: Any):
    plain = {"readings": [{}, {"number": "5"}], "by_name": {"left": {"text": 7}}}
    with pytest.raises(CodecError) as caught:
        decode(codec, plain, Lab)
    assert caught.value.reason == (
        "Lab.readings[1].number: expected int, not str '5'; "
        "Lab.by_name['left'].text: expected str, not int 7"
    )
    assert str(caught.value).startswith(f"{codec.format_name}: Lab.readings[1]")


@pytest.mark.rule("CODEC-06")
def test_what_a_class_says_against_its_values_is_the_reason(codec: Any):
    with pytest.raises(CodecError, match=r"Positive: 'value' must be > 0"):
        decode(codec, {"value": -1.0}, Positive)


@pytest.mark.rule("CODEC-06")
def test_a_reason_is_of_bounded_length(codec: Any):
    for wrong in (["x" * 10_000] * 1000, [1.5] * 50_000):
        with pytest.raises(CodecError) as caught:
            decode(codec, wrong, list[int])
        assert len(caught.value.reason) < 1000
        assert caught.value.reason.startswith("list[int]: expected int")  # too long for a place
    with pytest.raises(CodecError, match="and 7 more"):
        decode(codec, ["1"] * 10, list[int])


@pytest.mark.rule("CODEC-07")
@pytest.mark.parametrize("type_", [bytes | str, datetime | str, Level | int, list[int] | set[int]])
def test_a_union_whose_alternatives_look_alike_is_refused(type_: Any):
    """Else a date that was sent would arrive as text."""
    codec = JsonCodec()
    with pytest.raises(CodecError, match="look alike in json"):
        codec.decode(memoryview(b'"x"'), type_)
    made = holder(type_)
    with pytest.raises(CodecError, match="look alike in json"):
        codec.dumps(made("x"))
    with pytest.raises(CodecError, match="can look like the others"):
        codec.decode(memoryview(b"1"), int | complex)


@pytest.mark.rule("CODEC-07")
def test_bytes_and_text_are_told_apart_where_the_format_does():
    for codec in (MsgpackCodec(), CborCodec()):
        assert decode(codec, b"x", bytes | str) == b"x"
        assert decode(codec, "x", bytes | str) == "x"


@pytest.mark.rule("CODEC-08")
def test_a_type_that_cannot_be_decoded_is_named(codec: Any):
    for type_ in (complex, list[complex], type(codec)):
        with pytest.raises(CodecError):
            decode(codec, "x", type_)
    with pytest.raises(CodecError, match="complex is no type that can be decoded"):
        decode(codec, "x", complex)


DUPLICATES = {
    "json": b'{"number":1,"number":2}',
    "msgpack": b"\x82\xa6number\x01\xa6number\x02",
    "cbor": b"\xa2\x66number\x01\x66number\x02",
}


@pytest.mark.rule("CODEC-09")
def test_a_key_that_comes_twice_is_refused(codec: Any):
    for type_ in (Reading, dict, Any):
        with pytest.raises(CodecError, match="not readable"):
            codec.decode(memoryview(DUPLICATES[codec.format_name]), type_)


@pytest.mark.rule("CODEC-09")
def test_what_is_behind_the_value_is_refused(codec: Any):
    for more in (codec.dumps(1), b"\x00", b"}"):
        with pytest.raises(CodecError, match="not readable"):
            codec.decode(memoryview(codec.dumps({"number": 1}) + more), Reading)


@pytest.mark.rule("CODEC-10")
@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[NaN]", "\ufeff1", "1_0", "'a'"]
)
def test_json_that_is_none_is_refused(text: str):
    for type_ in (Any, float, list, int):
        with pytest.raises(CodecError):
            JsonCodec().decode(memoryview(text.encode()), type_)


@pytest.mark.rule("CODEC-10")
def test_json_of_others_may_have_blanks_and_escapes_and_must_be_utf_8():
    codec = JsonCodec()
    text = json.dumps({"number": 1, "text": "Grüße"}, indent=2)
    assert codec.decode(memoryview(f" \n{text} \n".encode()), Reading) == Reading(1, "Grüße")
    assert codec.dumps(Reading(1, "Grüße")).decode() == '{"number":1,"text":"Grüße"}'
    for encoding in ("latin-1", "utf-16"):
        with pytest.raises(CodecError, match="not readable"):
            codec.decode(memoryview('"Grüße"'.encode(encoding)), str)


@pytest.mark.rule("CODEC-11")
def test_keys_of_json_are_text_or_the_digits_of_an_integer():
    codec = JsonCodec()
    for wrong in (
        b'{"01":0}',
        b'{" 1":0}',
        b'{"1.0":0}',
        b'{"+1":0}',
        '{"٣":0}'.encode(),
        b'{"x":0}',
    ):
        with pytest.raises(CodecError):
            codec.decode(memoryview(wrong), dict[int, int])
    with pytest.raises(CodecError):
        codec.decode(memoryview(b'{"1":0}'), dict[float, int])


@pytest.mark.rule("CODEC-12")
def test_times_of_others_are_understood():
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    native = {
        MsgpackCodec(): b"\xd6\xff" + int(moment.timestamp()).to_bytes(4, "big"),
        CborCodec(): b"\xc1\x1a" + int(moment.timestamp()).to_bytes(4, "big"),
    }
    for codec, data in native.items():
        assert codec.decode(memoryview(data), datetime) == moment
        with pytest.raises(CodecError):
            codec.decode(memoryview(data), str)


@pytest.mark.rule("CODEC-13")
def test_tags_and_extensions_that_make_objects_are_refused():
    cbor, packed = CborCodec(), MsgpackCodec()
    bodies = (b"\x00", b"\x60", b"\x80", b"\x82\x01\x02", b"\x40", b"\x50" + bytes(16), b"\xa0")
    for tag in (*range(300), 1004, 43000, 55799, 2**32 - 1):
        for body in bodies:
            data = memoryview(b"\xda" + tag.to_bytes(4, "big") + body)
            try:
                value = cbor.decode(data, Any)
            except CodecError:
                continue
            assert value.__class__ in (int, datetime), tag
    assert cbor.decode(memoryview(b"\xd9\xd9\xf7\x01"), int) == 1
    with pytest.raises(CodecError, match="extension type 5"):
        packed.decode(memoryview(b"\xd4\x05\x00"), Any)
