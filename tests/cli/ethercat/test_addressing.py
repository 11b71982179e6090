"""What people write for objects, positions, states and types."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.cli.ethercat.addressing import Address, address, object_type, position, state
from taktora.connectors.ethercat.bus import AlState


@pytest.mark.rule("TOOL-20")
@given(st.integers(0, 0xFFFF), st.none() | st.integers(0, 0xFF))
def test_an_object_is_read_as_it_is_printed(index: int, subindex: int | None) -> None:
    found = Address(index, subindex)
    assert address(str(found)) == Address(index, subindex or 0)
    assert address(f"{index:x}" if subindex is None else f"{index:x}:{subindex:x}") == found
    assert found.sub == (subindex or 0)


@pytest.mark.rule("TOOL-20")
@pytest.mark.parametrize(
    "text", ["", ":1", "0x", "0x1018:", "0x10180", "0x1018:100", "1018:1:1", "-1", "0x1018.1", "g"]
)
def test_what_is_no_object_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="INDEX:SUB, both hexadecimal, as in 0x10"):
        address(text)


@pytest.mark.rule("TOOL-01")
def test_positions_states_and_types_are_refused_with_what_there_is() -> None:
    assert position("12") == 12
    for text in ("0", "-1", "x", "65536", "1.0"):
        with pytest.raises(argparse.ArgumentTypeError, match="counted from 1"):
            position(text)
    assert [state(text) for text in ("op", "SAFE-OP", "safeop", "pre_op")] == [
        AlState.OP,
        AlState.SAFE_OP,
        AlState.SAFE_OP,
        AlState.PRE_OP,
    ]
    with pytest.raises(argparse.ArgumentTypeError, match="init, pre-op, safe-op, op"):
        state("boot")
    assert object_type("U16").name == "u16"
    with pytest.raises(argparse.ArgumentTypeError, match="u8 to u64"):
        object_type("uint16")
