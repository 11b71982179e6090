"""``taktora ethercat od`` on a simulated line, and how objects are put into lines."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from taktora.cli.ethercat.objects_text import as_json, as_text, folded
from taktora.connectors.ethercat.object_descriptions import EntryDescription, ObjectDescription
from taktora.testing.ethercat import SimulatedSegment
from tests.cli.conftest import Command

from .conftest import NIC, Said

Tool = Callable[..., Said]


@pytest.fixture
def od(line: SimulatedSegment, tool: Tool) -> Tool:
    return lambda *arguments: tool("od", *arguments, "--nic", NIC)


def entry(subindex: int, name: str, *, bits: int = 8, access: int = 7) -> EntryDescription:
    return EntryDescription(subindex, name, 5, bits, access)


@pytest.mark.segment
@pytest.mark.rule("TOOL-30", "TOOL-06")
def test_each_object_and_entry_is_a_line(od: Tool) -> None:
    said = od("2")
    assert (said.code, said.err) == (0, "")
    assert said.lines[0].split() == ["object", "name", "type", "bits", "access", "pdo"]
    rows = [" ".join(line.split()) for line in said.lines]
    assert "0x1000 Device type u32 32 ro" in rows
    assert "0x1001 Error register u8 8 ro tx" in rows
    settings = rows.index("0x8000 Settings record")
    assert rows[settings + 1 : settings + 4] == [
        ":00 Number of entries u8 8 ro",
        ":01 Flag bool 1 rw",
        ":03 Level bit3 3 rw",
    ]
    assert ":0A Password u32 32 wo" in rows
    assert ":0C Address u16 16 r, w pre-op" in rows
    outputs = rows.index("0x7000 Outputs array")
    assert rows[outputs + 2] == ":01 Byte 0 u8 8 ro rx"
    objects = sum(line.startswith("0x") for line in said.lines)
    assert said.lines[-1] == f"{objects} objects, {_entries(od)} entries."


def _entries(od: Tool) -> int:
    return sum(len(one["entries"]) for one in od("2", "--json").json["objects"])


@pytest.mark.segment
@pytest.mark.rule("TOOL-31")
def test_values_are_read_as_far_as_they_can_be(od: Tool) -> None:
    said = od("2", "0x8000", "0x1A00", "0x8001", "--values")
    assert (said.code, said.err) == (0, "")
    rows = [" ".join(line.split()) for line in said.lines]
    assert rows[0] == "object name type bits access pdo value"
    assert ":05 Filter u8 8 rw 10 (0x0A)" in rows
    assert ":0A Password u32 32 wo" in rows
    assert ":04 Mapping entry 4 u32 32 r, w pre-op 1610613768 (0x60000408)" in rows
    assert ":05 Mapping entry 5 u32 32 r, w pre-op" in rows  # there are 4 of them
    assert "0x8001 Label string 1024 rw ''" in rows


@pytest.mark.segment
@pytest.mark.rule("TOOL-33")
def test_a_gap_in_an_object_does_not_disturb_what_is_read_next(od: Tool, tool: Tool) -> None:
    """SOEM keeps the error of an entry that could not be described, for whoever comes next."""
    told = od("2", "0x8000", "0x1018", "--values", "--json").json
    assert [one["index"] for one in told["objects"]] == [0x8000, 0x1018]
    assert [one["subindex"] for one in told["objects"][0]["entries"]] == [0, 1, *range(3, 13)]
    assert told["objects"][1]["entries"][4]["value"] == 1234
    assert not any("error" in one for thing in told["objects"] for one in thing["entries"])


@pytest.mark.segment
@pytest.mark.rule("TOOL-32", "TOOL-31")
def test_entries_that_are_alike_are_one_line_until_their_object_is_named(od: Tool) -> None:
    whole = [" ".join(line.split()) for line in od("4").lines]
    at = whole.index("0x1600 Cyclic position record")
    assert whole[at + 2] == ":01-10 Mapping entry 1 to 16 u32 32 r, w pre-op"
    values = [" ".join(line.split()) for line in od("4", "--values").lines]
    at = values.index("0x1600 Cyclic position record")
    assert values[at + 1].endswith("r, w pre-op 2 (0x02)")
    assert values[at + 2].startswith(":01 Mapping entry 1 u32 32 r, w pre-op 16148")
    assert [
        line.partition(" to 16 ")[2] for line in values[at + 3 : at + 5] if " to 16 " in line
    ] == ["u32 32 r, w pre-op not in use"]
    named = od("4", "0x1600").lines
    assert len(named) == 1 + 1 + 17 + 2


@pytest.mark.segment
@pytest.mark.rule("TOOL-34")
def test_programs_are_told_all_of_it(od: Tool) -> None:
    told = od("4", "0x6041", "--values", "--json").json
    (entry_,) = told["objects"][0].pop("entries")
    assert told == {
        "position": 4,
        "objects": [{"index": 0x6041, "name": "Statusword", "code": "var"}],
    }
    assert isinstance(entry_.pop("value"), int)
    assert len(entry_.pop("hex")) == 4
    assert entry_ == {
        "subindex": 0,
        "name": "Statusword",
        "type": "u16",
        "data_type": 6,
        "bits": 16,
        "access": "ro",
        "pdo": "tx",
    }


@pytest.mark.segment
@pytest.mark.rule("TOOL-23", "TOOL-30")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["1"], "SubDevice 1 has no mailbox, and so no objects"),
        (["5"], "there is no SubDevice 5; there are 4"),
        (["2", "0x9999"], "SubDevice 2 does not list an object 0x9999"),
    ],
)
def test_what_is_not_there_is_said(od: Tool, arguments: list[str], words: str) -> None:
    said = od(*arguments)
    assert (said.code, said.out) == (1, "")
    assert words in said.err


# --- lines ----------------------------------------------------------------------------------------


@pytest.mark.rule("TOOL-32")
def test_runs_are_of_consecutive_entries_that_differ_by_a_number_only() -> None:
    alike = [entry(n, f"Byte {n}") for n in range(1, 11)]
    assert folded(alike) == [tuple(alike)]
    assert folded(alike[:5]) == [(one,) for one in alike[:5]]
    assert folded([*alike, entry(12, "Byte 12")]) == [tuple(alike), (entry(12, "Byte 12"),)]
    other = entry(11, "Byte 11", bits=16)
    assert folded([*alike, other]) == [tuple(alike), (other,)]
    assert folded([*alike, entry(11, "Sum 11")])[1] == (entry(11, "Sum 11"),)
    assert folded(alike, shown={1, 2}) == [(alike[0],), (alike[1],), tuple(alike[2:])]


@pytest.mark.rule("TOOL-31")
def test_a_refusal_stands_in_its_line_and_what_is_long_is_cut() -> None:
    its = ObjectDescription(0x2000, "Things", 9, (entry(0, "a"), entry(1, "b"), entry(2, "c")))
    values = {(0x2000, 0): "refused: not in its present state", (0x2000, 1): bytes(40)}
    first, second, third = as_text([its], values, fold=True).splitlines()[2:]
    assert first.endswith("refused: not in its present state")
    assert second.endswith(" 00 00 ...")
    assert third.endswith("ro")
    assert '"error": "refused: not in its present state"' in as_json(1, [its], values)
    assert f'"value": "{bytes(40).hex()}"' in as_json(1, [its], values)


@pytest.mark.rule("TOOL-30")
def test_an_object_that_is_not_described_says_why_and_a_gap_is_no_line() -> None:
    silent = ObjectDescription(0x2000, "", 0, (), "it does not describe it: no answer")
    gaps = ObjectDescription(0x2001, "Bits", 9, (entry(0, "n"), entry(1, "", bits=5, access=0)))
    lines = as_text([silent, gaps], None, fold=True).splitlines()
    assert lines[1].split(maxsplit=1)[1] == "it does not describe it: no answer"
    assert len(lines) == 4
    assert '"problem": "it does not describe it: no answer"' in as_json(1, [silent], None)


@pytest.mark.segment
@pytest.mark.rule("TOOL-06")
def test_on_a_terminal_it_shows_how_far_it_is(
    line: SimulatedSegment, taktora_command: Command
) -> None:
    near, far = os.openpty()
    with os.fdopen(near, "rb", buffering=0) as terminal:
        arguments = ("ethercat", "od", "4", "--values", "--nic", NIC)
        done = taktora_command(*arguments, stderr=far, env={"TERM": "xterm"})
        os.set_blocking(near, False)
        shown = terminal.read() or b""
        os.close(far)
    assert done.returncode == 0
    assert done.stdout.startswith("object")
    for words in (
        b"looking for SubDevices on",
        b"asking SubDevice 4 for its obj",
        b"reading their",
    ):
        assert words in shown
