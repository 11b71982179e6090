"""What was encoded is what is decoded, for types that Hypothesis makes up."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktora.connectors import PayloadCodec
from taktora.connectors.codecs import CborCodec, JsonCodec, MsgpackCodec, RawCodec
from tests.connectors.codecs.classes import Level, classes, holder, same, types

CODECS = {made.format_name: made() for made in (JsonCodec, MsgpackCodec, CborCodec)}
FORMATS = pytest.mark.parametrize("format", CODECS)
ENOUGH = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def sent(codec: PayloadCodec, value: Any, type_: Any) -> Any:
    """``value`` as it arrives: through a buffer that is larger than it, and a read-only view."""
    buffer = bytearray(1 << 16)
    size = codec.encode(value, memoryview(buffer))
    return codec.decode(memoryview(bytes(buffer[:size])), type_)


@pytest.mark.rule("CODEC-01")
@FORMATS
@ENOUGH
@given(data=st.data())
def test_an_instance_of_any_class_arrives_as_it_was_sent(format: str, data: st.DataObject):
    type_, values = data.draw(classes(format))
    value = data.draw(values)
    assert same(sent(CODECS[format], value, type_), value)


@pytest.mark.rule("CODEC-01")
@FORMATS
@ENOUGH
@given(data=st.data())
def test_a_value_of_any_type_arrives_as_it_was_sent(format: str, data: st.DataObject):
    type_, values = data.draw(types(format, 2))
    made = holder(type_)
    value = made(data.draw(values))
    assert same(sent(CODECS[format], value, made), value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.mark.rule("CODEC-02")
@FORMATS
@ENOUGH
@given(value=PLAIN)
def test_plain_values_arrive_as_they_were_sent_without_any_class(format: str, value: Any):
    for type_ in (Any, object, *([] if value is None else [value.__class__])):
        assert same(sent(CODECS[format], value, type_), value)


@frozen
class Node:
    number: int
    next: Node | None = None
    others: list[Node] = field(factory=list)


@pytest.mark.rule("CODEC-01")
def test_a_class_that_contains_itself_arrives(codec: PayloadCodec):
    value = Node(1, Node(2, None, [Node(3)]), [Node(4, Node(5))])
    assert sent(codec, value, Node) == value


@pytest.mark.rule("CODEC-02")
def test_what_is_under_no_annotation_arrives_as_plain_values(codec: PayloadCodec):
    value = {"node": Node(1), "level": Level.LOW, "pair": (1, 2)}
    assert sent(codec, value, dict) == {
        "node": {"number": 1, "next": None, "others": []},
        "level": 1,
        "pair": [1, 2],
    }


@pytest.mark.rule("CODEC-01")
@given(payload=st.binary())
def test_raw_bytes_arrive_as_they_were_sent(payload: bytes):
    codec = RawCodec()
    assert sent(codec, payload, bytes) == payload
    for wrapped in (bytearray(payload), memoryview(payload)):
        assert sent(codec, wrapped, bytes) == payload
        arrived = sent(codec, wrapped, wrapped.__class__)
        assert arrived == payload
        assert arrived.__class__ is wrapped.__class__
