"""Names are judged without iceoryx2; here iceoryx2's own judgement is asked."""

from __future__ import annotations

import ctypes

import iceoryx2 as iox
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taktora.errors import InvalidName, UnsupportedPayload
from taktora.transport.names import (
    RESPONSE_EVENT,
    check_channel_name,
    check_node_name,
    check_service_name,
)
from taktora.transport.type_names import LONGEST_TYPE_NAME, checked_type_name, derived_type_name

from . import shapes

SCALARS = [
    kind
    for kind in vars(ctypes).values()
    if isinstance(kind, type) and issubclass(kind, ctypes.c_int.__mro__[1])
]
SHAPES = [
    kind
    for kind in vars(shapes).values()
    if isinstance(kind, type) and issubclass(kind, ctypes.Structure | ctypes.Union)
]
TEXT = st.text() | st.text(st.characters(max_codepoint=130), max_size=300)
NUMBERS = ("c_int", "c_ubyte", "size_t", "ssize_t", "c_uint64", "c_longdouble", "c_bool")


def admitted(make, text):
    try:
        make(text)
    except (iox.SemanticStringError, UnicodeEncodeError):
        return False
    return True


def accepted(check, text):
    try:
        return check(text) == text
    except (InvalidName, UnsupportedPayload):
        return False


@pytest.mark.rule("CHAN-20")
@pytest.mark.parametrize("kind", [*SCALARS, *SHAPES, ctypes.c_int * 3], ids=lambda k: k.__name__)
def test_types_have_the_name_that_the_binding_gives_them(kind):
    if kind is shapes.Named:  # a field of that name, which the binding would try to call
        assert checked_type_name(kind) == "Named"
    else:
        assert checked_type_name(kind) == iox.get_type_name(kind)


@given(
    st.sampled_from(NUMBERS) | st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True),
    st.integers(1, 20),
)
def test_a_structure_named_like_a_number_is_named_as_the_binding_does(name, size):
    kind = type(name, (ctypes.Structure,), {"_fields_": [("a", ctypes.c_uint8 * size)]})
    assert derived_type_name(kind) == iox.get_type_name(kind)


@pytest.mark.rule("CHAN-22")
@given(TEXT)
@example("iox2://a")
@example("x" * (255 - len(RESPONSE_EVENT)))
@example("\udc80")
@example("")
def test_a_service_name_is_accepted_exactly_when_iceoryx2_has_room_for_it_and_its_events(text):
    longest = text + (RESPONSE_EVENT if text else "")
    assert accepted(check_service_name, text) == admitted(iox.ServiceName.new, longest)


@pytest.mark.rule("CHAN-22")
@given(TEXT)
@example("iox2://a")
@example("iox2:/")
@example("")
def test_a_channel_name_is_refused_when_iceoryx2_refuses_it(text):
    if accepted(check_channel_name, text):
        assert admitted(iox.ServiceName.new, text)
    elif len(text) <= 200:
        assert not admitted(iox.ServiceName.new, text)


@pytest.mark.rule("CHAN-22")
@given(TEXT)
@example("x" * 128)
@example("x" * 129)
@example("iox2://a")
def test_a_node_name_is_accepted_exactly_when_iceoryx2_accepts_it(text):
    assert accepted(check_node_name, text) == admitted(iox.NodeName.new, text)


@pytest.mark.rule("CHAN-07")
@given(TEXT)
@example("x" * LONGEST_TYPE_NAME)
@example("x" * (LONGEST_TYPE_NAME + 1))
@example("")
def test_a_type_name_is_accepted_exactly_when_iceoryx2_accepts_it(text):
    fields = {"_fields_": [("a", ctypes.c_int)], "type_name": staticmethod(lambda: text)}
    kind = type("Chosen", (ctypes.Structure,), fields)
    assert accepted(lambda _: checked_type_name(kind), text) == admitted(iox.TypeName.new, text)


@pytest.mark.rule("CHAN-07")
def test_the_longest_type_name_is_the_bindings():
    assert iox.TypeName.max_len() == LONGEST_TYPE_NAME
