"""Routings: what can be is made, what cannot be is refused at its key, in code and in files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.config import examine
from taktora.connectors import ChannelDescriptor, Routing
from taktora.connectors.ethercat import Direction, EthercatRouting
from taktora.connectors.ethercat.pdi import Field
from taktora.errors import InvalidArgument, WrongType

RX, TX = Direction.RX, Direction.TX


def routing(**changes: Any) -> EthercatRouting:
    return EthercatRouting(
        **{"subdevice": 1, "direction": RX, "bit_offset": 0, "bit_length": 16} | changes
    )


def in_file(**changes: Any) -> tuple[Any, list[str]]:
    tree = {"subdevice": 1, "direction": "rx", "bit_offset": 0, "bit_length": 16} | changes
    made, problems = examine(tree, EthercatRouting, at=("routing",))
    return made, [str(one) for one in problems]


@pytest.mark.rule("ECAT-01")
def test_a_routing_is_one_of_a_channel():
    made = EthercatRouting("axis", RX, 3, 12)
    assert isinstance(made, Routing)
    assert ChannelDescriptor("axis/target", made).routing.bits == Field(3, 12)
    assert made == EthercatRouting("axis", RX, 3, 12)
    assert hash(made) == hash(EthercatRouting("axis", RX, 3, 12))


@pytest.mark.rule("ECAT-01", "ECAT-02", "ECAT-03")
@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"subdevice": 0}, InvalidArgument, "subdevice must be a position .* from 1, to 65535"),
        ({"subdevice": 65536}, InvalidArgument, "not 65536"),
        ({"subdevice": " "}, InvalidArgument, "subdevice must not be empty"),
        ({"subdevice": True}, WrongType, "subdevice must be a position or a name, not True"),
        ({"subdevice": 1.0}, WrongType, "subdevice must be a position or a name, not 1.0"),
        ({"direction": "rx"}, WrongType, "Direction.RX or Direction.TX, not 'rx'"),
        ({"bit_offset": -1}, InvalidArgument, "bit_offset must be 0 to 524280, not -1"),
        ({"bit_offset": 1.5}, WrongType, "bit_offset must be a whole number, not 1.5"),
        ({"bit_length": 0}, InvalidArgument, "bit_length must be 1 to 11888, not 0"),
        ({"bit_length": 65}, InvalidArgument, '1 to 64, not 65; longer fields are .* "bytes"'),
        ({"bit_length": True}, WrongType, "bit_length must be a whole number"),
        ({"bit_length": 16, "kind": "float"}, InvalidArgument, "a float must be 32 or 64, not 16"),
        ({"kind": "bool"}, InvalidArgument, "kind must be 'int', 'float' or 'bytes', not 'bool'"),
        ({"signed": 1}, WrongType, "signed must be true or false, not 1"),
        ({"signed": True, "bit_length": 1}, InvalidArgument, "signed needs 2 bits or more"),
        ({"signed": True, "kind": "bytes"}, InvalidArgument, 'signed is for fields of kind = "int"'),
        ({"byte_order": "bit"}, InvalidArgument, "byte_order must be 'little' or 'big', not 'bit'"),
        ({"byte_order": "big", "bit_length": 12}, InvalidArgument, "needs whole bytes; .* 12 bits"),
        ({"safe": "hodl"}, InvalidArgument, "safe must be 'hold', 'zero' or a value, not 'hodl'"),
        ({"safe": None}, WrongType, "safe must be 'hold', 'zero' or a value, not None"),
        ({"safe": 65536}, InvalidArgument, "safe must fit its field: 65536 does not fit in 16 bits, unsigned: 0 to 65535"),
        ({"safe": -1}, InvalidArgument, "safe .*: -1 does not fit in 16 bits"),
        ({"safe": 1.5}, InvalidArgument, "safe .* takes an int, not 1.5"),
        ({"safe": True}, InvalidArgument, "safe .*: True goes into a field of 1 bit"),
        ({"safe": 1, "kind": "bytes"}, InvalidArgument, "safe .* takes bytes, not 1"),
        ({"safe": 1e39, "kind": "float", "bit_length": 32}, InvalidArgument, "safe .*: 1e.39 does not fit"),
        ({"safe": "hold", "direction": TX}, InvalidArgument, "safe is for outputs"),
        ({"safe": 1, "direction": TX}, InvalidArgument, "safe is for outputs"),
        ({"safe_after": 0}, InvalidArgument, "safe_after must be more than zero"),
        ({"safe_after": "1 s"}, WrongType, "safe_after must be a datetime.timedelta or a number"),
        ({"safe_after": 1, "direction": TX}, InvalidArgument, "safe_after is for outputs"),
        ({"safe_after": 1, "safe": "hold"}, InvalidArgument, "safe_after changes nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(
    changes: dict[str, Any], error: type[Exception], said: str
):
    with pytest.raises(error, match=said):
        routing(**changes)


@pytest.mark.rule("ECAT-02")
@pytest.mark.parametrize(
    "changes",
    [
        {"bit_length": 1},
        {"bit_length": 64, "signed": True},
        {"bit_length": 2, "signed": True, "bit_offset": 8 * 0xFFFF},
        {"bit_length": 32, "kind": "float", "byte_order": "big"},
        {"bit_length": 11888, "kind": "bytes"},
        {"bit_length": 3, "kind": "bytes"},
    ],
)
def test_every_kind_of_field_can_be(changes: dict[str, Any]):
    assert routing(**changes).bits.bit_length == changes["bit_length"]


@pytest.mark.rule("ECAT-03")
@pytest.mark.parametrize(
    ("changes", "bits"),
    [
        ({}, b"\x00\x00"),
        ({"safe": "zero", "bit_length": 12}, b"\x00\x00"),
        ({"safe": "hold"}, None),
        ({"safe": 0x1234}, b"\x34\x12"),
        ({"safe": 0x1234, "byte_order": "big"}, b"\x12\x34"),
        ({"safe": -2, "signed": True, "bit_length": 12}, b"\xfe\x0f"),
        ({"safe": True, "bit_length": 1}, b"\x01"),
        ({"safe": 1, "kind": "float", "bit_length": 32}, b"\x00\x00\x80\x3f"),
    ],
)
def test_a_safe_value_is_the_bits_of_its_field(changes: dict[str, Any], bits: bytes | None):
    assert routing(**changes).safe_bits == bits


@pytest.mark.rule("ECAT-04")
def test_a_file_says_it_with_words_and_numbers():
    made, problems = in_file(
        subdevice="axis", signed=True, byte_order="big", safe=-5, safe_after="100 ms"
    )
    assert problems == []
    assert made == routing(
        subdevice="axis",
        signed=True,
        byte_order="big",
        safe=-5,
        safe_after=timedelta(milliseconds=100),
    )
    assert in_file(safe="hold")[0].safe == "hold"
    assert in_file(safe=True, bit_length=1)[0].safe is True
    assert in_file(safe=1.5, kind="float", bit_length=32)[0].safe == 1.5
    assert in_file(direction="tx")[0].direction is TX


@pytest.mark.rule("ECAT-04")
def test_a_file_is_told_every_mistake_at_its_key():
    _, problems = in_file(
        subdevice=0, direction="out", bit_offset=-1, bit_length=66, safe="hodl", bytes_order="big"
    )
    starts = [
        "routing.subdevice: subdevice must be a position",
        'routing.direction: is "out", and must be "rx" or "tx"',
        "routing.bit_offset: bit_offset must be 0",
        "routing.bit_length: bit_length must be 1 to 64",
        'routing.safe: is "hodl" (text), and must be "hold" or "zero", true or false, a whole',
        "routing.bytes_order: is not known",
    ]
    for start in starts:
        assert any(one.startswith(start) for one in problems), (start, problems)
    assert len(problems) == len(starts)


def made_or_refused(asked: dict[str, Any]) -> tuple[EthercatRouting | None, str]:
    try:
        return EthercatRouting(**asked), ""
    except (InvalidArgument, WrongType) as error:
        return None, str(error)


@pytest.mark.rule("ECAT-01", "ECAT-02", "ECAT-03")
@given(
    subdevice=st.integers(-1, 3) | st.sampled_from(["", "axis"]),
    direction=st.sampled_from(Direction),
    bit_offset=st.integers(-1, 2**20),
    bit_length=st.integers(-1, 12_000) | st.sampled_from([1, 2, 32, 64]),
    signed=st.booleans(),
    byte_order=st.sampled_from(["little", "big"]),
    kind=st.sampled_from(["int", "float", "bytes"]),
    safe=st.sampled_from(["hold", "zero", True]) | st.integers(-5, 300) | st.floats(),
    safe_after=st.none() | st.floats(0, 10),
)
def test_whatever_is_asked_for_is_made_whole_or_refused(**asked: Any):
    made, refusal = made_or_refused(asked)
    if made is None:
        assert refusal.split()[0] in asked
    elif (bits := made.safe_bits) is not None:
        image = bytearray(made.bits.end)
        made.bits.write(image, bits)
        assert made.bits.read(image) == bits
