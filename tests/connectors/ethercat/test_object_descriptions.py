"""What is said of objects: who may access them, and what complete access gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.object_descriptions import (
    EntryDescription,
    access_in_words,
    entry_at,
    in_complete,
)


@pytest.mark.rule("TOOL-30")
@pytest.mark.parametrize(
    ("access", "words"),
    [
        (0x0007, "ro"),
        (0x0038, "wo"),
        (0x003F, "rw"),
        (0x00BF, "rw"),
        (0x000F, "r, w pre-op"),
        (0x0009, "rw pre-op"),
        (0x0003, "r pre-op+safe-op"),
        (0x0020, "w op"),
        (0x0039, "r pre-op, w"),
        (0x0000, "none"),
    ],
)
def test_who_may_access_an_entry_is_said_with_the_states_if_it_depends_on_them(
    access: int, words: str
) -> None:
    assert access_in_words(access) == words


@pytest.mark.rule("TOOL-24")
@given(
    st.lists(st.tuples(st.integers(1, 64), st.booleans()), max_size=12), st.booleans(), st.data()
)
def test_complete_access_is_taken_apart_by_the_bits_of_its_entries(
    layout: list[tuple[int, bool]], from_zero: bool, data: st.DataObject
) -> None:
    entries = [EntryDescription(0, "count", 5, 8, 7)]
    wanted: list[tuple[int, int]] = []
    whole, at = 0, 0
    if from_zero:
        wanted.append((0, len(layout)))
        whole, at = len(layout), 16
    for subindex, (bits, is_gap) in enumerate(layout, 1):
        value = data.draw(st.integers(0, 2**bits - 1))
        entries.append(EntryDescription(subindex, "", 0 if is_gap else 7, bits, 0 if is_gap else 7))
        whole |= value << at
        at += bits
        if not is_gap:
            wanted.append((subindex, value))
    raw = whole.to_bytes((at + 7) // 8, "little")
    found = in_complete(tuple(entries), raw, from_subindex=0 if from_zero else 1)
    assert [(one.subindex, int.from_bytes(part, "little")) for one, part in found] == wanted
    assert all(len(part) == (one.bits + 7) // 8 for one, part in found)
    short = in_complete(tuple(entries), raw[:-1], from_subindex=0 if from_zero else 1)
    assert short == found[: len(short)]
    assert len(short) < len(found) or entries[-1].is_gap or len(entries) == 1


@pytest.mark.rule("TOOL-24")
def test_what_is_a_gap_is_in_no_list_and_takes_its_bits() -> None:
    gap, filler = EntryDescription(2, "", 0, 0, 0), EntryDescription(4, "", 0, 5, 0)
    one, other = EntryDescription(3, "Level", 0x32, 3, 7), EntryDescription(5, "Mode", 5, 8, 7)
    assert gap.is_gap
    assert filler.is_gap
    found = in_complete((gap, one, filler, other), b"\xfd\7", from_subindex=1)
    assert found == [(one, b"\5"), (other, b"\7")]
    assert entry_at((gap, one), 3) is one
    assert entry_at((gap, one), 4) is None
