"""Channel descriptors: what can be one, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, frozen
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import ChannelDescriptor, ConnectorError, InvalidDescriptor, NoRouting
from taktora.connectors.routing import Routing
from taktora.errors import TaktoraError, WrongType
from taktora.transport.names import check_channel_name

MOST = 2**32 - 65
plain = st.text(
    st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=235
).filter(lambda name: not name.startswith("iox2://"))


@frozen
class Address:
    """A routing of somebody else's."""

    number: int

    @property
    def is_routing(self) -> bool:
        return True


@pytest.mark.rule("CORE-01")
@given(name=plain, number=st.integers(), size=st.integers(1, MOST))
def test_a_descriptor_holds_what_it_was_given_and_cannot_be_changed(
    name: str, number: int, size: int
):
    one = ChannelDescriptor(name, Address(number), size)
    assert (one.name, one.routing.number, one.max_payload) == (name, number, size)
    assert one == ChannelDescriptor(name, Address(number), size)
    assert hash(one) == hash(ChannelDescriptor(name, Address(number), size))
    with pytest.raises(FrozenInstanceError):
        one.max_payload = 5  # type: ignore[misc]
    for suffix in (".out", ".in"):
        assert check_channel_name(name + suffix)


@pytest.mark.rule("CORE-01")
def test_what_is_not_given_is_no_routing_and_4096_bytes():
    assert ChannelDescriptor("a") == ChannelDescriptor("a", NoRouting(), 4096)


@pytest.mark.rule("CORE-02")
def test_a_name_has_at_most_235_characters_and_the_error_says_so():
    assert ChannelDescriptor("n" * 235).name == "n" * 235
    with pytest.raises(InvalidDescriptor, match="at most 235 characters, not 236"):
        ChannelDescriptor("n" * 236)
    for suffix in (".out", ".in"):
        assert check_channel_name("n" * 235 + suffix)


@pytest.mark.rule("CORE-02")
@pytest.mark.parametrize("name", ["", "n" * 10_000, "ü", "a\0b", "iox2://x", "a\ud800"])
def test_a_name_that_iceoryx2_cannot_use_is_refused(name: str):
    with pytest.raises(InvalidDescriptor) as caught:
        ChannelDescriptor(name)
    assert isinstance(caught.value, ConnectorError | ValueError)
    assert len(str(caught.value)) < 300


@pytest.mark.rule("CORE-02")
@pytest.mark.parametrize("size", [0, -1, MOST + 1, 2**64])
def test_a_size_out_of_range_is_refused_and_not_clamped(size: int):
    with pytest.raises(InvalidDescriptor, match=f"1 to {MOST} bytes, not {size}"):
        ChannelDescriptor("a", max_payload=size)
    with pytest.raises(InvalidDescriptor):
        evolve(ChannelDescriptor("a"), max_payload=size)


@pytest.mark.rule("CORE-02")
@pytest.mark.parametrize(
    "arguments",
    [
        {"name": None},
        {"name": b"a"},
        {"max_payload": True},
        {"max_payload": 4096.0},
        {"max_payload": "4096"},
        {"max_payload": None},
        {"routing": None},
        {"routing": "key/expression"},
        {"routing": NoRouting},
        {"routing": Address},
    ],
)
def test_something_of_the_wrong_type_is_refused(arguments: dict[str, Any]):
    with pytest.raises(WrongType):
        ChannelDescriptor(**{"name": "a"} | arguments)


@given(
    name=st.text(max_size=300) | st.none() | st.integers(),
    size=st.integers() | st.floats() | st.booleans() | st.none(),
)
def test_a_descriptor_is_valid_or_refused_with_an_error_of_taktoras(name: Any, size: Any):
    try:
        one = ChannelDescriptor(name, max_payload=size)
    except TaktoraError:
        return
    assert check_channel_name(one.name + ".out")
    assert 1 <= one.max_payload <= MOST


def test_a_routing_is_known_by_its_mark():
    assert isinstance(NoRouting(), Routing)
    assert isinstance(Address(1), Routing)
    assert not isinstance("a", Routing)
