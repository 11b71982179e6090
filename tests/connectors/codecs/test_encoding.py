"""What cannot be written is refused, and a buffer that is too small is left alone."""

from __future__ import annotations

import array
import ctypes
import sys
import threading
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import BytesCodec, PayloadCodec
from taktora.connectors.codecs import CborCodec, JsonCodec, MsgpackCodec, RawCodec
from taktora.errors import CodecError, MissingExtra, PayloadOverflow

EVERY = (JsonCodec, MsgpackCodec, CborCodec, RawCodec)


@frozen
class Reading:
    number: Any
    day: date | None = None


@pytest.mark.rule("CODEC-14")
@pytest.mark.parametrize(
    "value", [1 + 2j, object(), uuid.UUID(int=5), Decimal("1.5"), len, int, iter([]), slice(1)]
)
def test_a_value_without_a_form_is_refused_wherever_it_is(codec: Any, value: Any):
    for wrapped in (value, [value], {"a": value}, Reading(value), [Reading([value])]):
        with pytest.raises(CodecError) as caught:
            codec.dumps(wrapped)
        assert caught.value.format == codec.format_name
        assert type(wrapped).__qualname__ in caught.value.reason
        assert value.__class__.__qualname__ in caught.value.reason


@pytest.mark.rule("CODEC-14")
def test_integers_that_are_too_large_for_the_format_are_refused():
    for number in (2**64, -(2**63) - 1, 10**400):
        with pytest.raises(CodecError, match="msgpack: a value of type int cannot be encoded"):
            MsgpackCodec().dumps(number)
        assert CborCodec().decode(memoryview(CborCodec().dumps(number)), int) == number
        assert JsonCodec().decode(memoryview(JsonCodec().dumps(number)), int) == number
    with pytest.raises(CodecError, match="json"):
        JsonCodec().dumps(10**5000)


@pytest.mark.rule("CODEC-10")
def test_json_has_no_nan_no_infinity_and_the_others_have():
    for number in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(CodecError, match="json"):
            JsonCodec().dumps(Reading(number))
        for codec in (MsgpackCodec(), CborCodec()):
            assert repr(codec.decode(memoryview(codec.dumps(number)), float)) == repr(number)


@pytest.mark.rule("CODEC-14")
def test_text_that_is_no_unicode_is_refused(codec: Any):
    with pytest.raises(CodecError):
        codec.dumps({"text": "\ud800"})


@pytest.mark.rule("CODEC-14")
def test_a_datetime_in_the_place_of_a_date_is_refused(codec: Any):
    """A datetime is a date to Python; its time would be lost."""
    with pytest.raises(CodecError, match="would lose its time"):
        codec.dumps(Reading(1, datetime(2020, 1, 1, 12)))  # noqa: DTZ001


@pytest.mark.rule("CODEC-11")
@pytest.mark.parametrize("key", [1, 1.5, True, None, b"x", (1, 2)])
def test_a_key_that_json_would_turn_into_text_is_refused(key: Any):
    with pytest.raises(CodecError):
        JsonCodec().dumps({key: 1} if key != b"x" else {1: b"x"})


@pytest.mark.rule("CODEC-14")
def test_what_contains_itself_is_refused(codec: Any):
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(CodecError, match="RecursionError"):
        codec.dumps(endless)


@pytest.mark.rule("CODEC-15")
@pytest.mark.parametrize("make", EVERY)
@given(data=st.data())
def test_a_buffer_that_is_too_small_is_an_overflow_and_left_alone(make: Any, data: st.DataObject):
    codec = make()
    value = data.draw(st.binary(min_size=1, max_size=50))
    needed = len(codec.dumps(value))
    room = data.draw(st.integers(0, needed - 1))
    buffer = bytearray(b"\xaa" * room)
    with pytest.raises(PayloadOverflow) as caught:
        codec.encode(value, memoryview(buffer))
    assert (caught.value.actual, caught.value.maximum) == (needed, room)
    assert buffer == b"\xaa" * room


@pytest.mark.rule("CODEC-15")
@pytest.mark.parametrize("make", EVERY)
def test_only_the_beginning_of_a_larger_buffer_is_written(make: Any):
    codec = make()
    buffer = bytearray(b"\xaa" * 100)
    size = codec.encode(b"value", memoryview(buffer))
    assert bytes(buffer[:size]) == bytes(codec.dumps(b"value"))
    assert buffer[size:] == b"\xaa" * (100 - size)


@pytest.mark.rule("CODEC-16")
@pytest.mark.parametrize("make", EVERY)
def test_a_decoded_value_keeps_nothing_of_the_data(make: Any):
    codec = make()
    memory = bytearray(codec.dumps(b"payload"))
    view = memoryview(memory)
    value = codec.decode(view.toreadonly(), bytes)
    view.release()
    memory[:] = bytes(len(memory))
    memory.clear()  # refused if anybody still had a view
    assert value == b"payload"


@pytest.mark.rule("CODEC-16")
def test_raw_copies_also_for_a_memoryview():
    memory = bytearray(b"payload")
    value = RawCodec().decode(memoryview(memory), memoryview)
    memory[:] = bytes(7)
    assert value == b"payload"


@pytest.mark.rule("CODEC-17")
def test_raw_takes_whatever_has_a_buffer_and_nothing_else():
    codec = RawCodec()
    numbers = array.array("d", [1.0, 2.0])
    point = (ctypes.c_uint16 * 2)(1, 2)
    grid = memoryview(bytes(range(6)))
    for value in (
        numbers,
        point,
        grid[::2],
        memoryview(numbers),
        memoryview(b""),
        array.array("i"),
    ):
        buffer = bytearray(64)
        size = codec.encode(value, memoryview(buffer))
        assert bytes(buffer[:size]) == memoryview(value).tobytes()
    for wrong in ("text", 5, None, [1], {"a": 1}):
        with pytest.raises(CodecError, match="raw: a value of type"):
            codec.dumps(wrong)
    for type_ in (str, int, list[int], Reading, None):
        with pytest.raises(CodecError, match="bytes are read as bytes"):
            codec.decode(memoryview(b"x"), type_)


@pytest.mark.rule("CODEC-18")
@pytest.mark.parametrize(
    ("make", "module", "extra"),
    [(MsgpackCodec, "msgpack", "msgpack"), (CborCodec, "cbor2", "cbor")],
)
def test_a_missing_package_is_told_when_the_codec_is_made(
    make: Any, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'taktora\[{extra}\]'"):
        make()


@pytest.mark.rule("CODEC-19")
@pytest.mark.parametrize("make", EVERY)
def test_every_codec_follows_the_protocol(make: Any):
    codec = make()
    assert isinstance(codec, PayloadCodec)
    assert isinstance(codec, BytesCodec)
    assert repr(codec) == f"{make.__name__}()"
    assert codec.format_name


@pytest.mark.rule("CODEC-19")
def test_one_codec_serves_any_number_of_threads(codec: Any):
    """All of them meet classes that it has not seen before."""
    start, wrong = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        for one in made:
            for number in range(5):
                value = one([number])
                if codec.decode(memoryview(codec.dumps(value)), one) != value:
                    wrong.append(value)
        done.append(True)

    def fresh() -> Any:
        @frozen
        class Fresh:
            numbers: list[int]

        return Fresh

    made, done = [fresh() for _ in range(20)], []
    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (wrong, len(done)) == ([], 4)
