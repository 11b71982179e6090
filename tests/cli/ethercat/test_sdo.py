"""``taktora ethercat sdo`` on a simulated line: SubDevice 2 has objects of all kinds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from taktora.testing.ethercat import SimulatedSegment

from .conftest import NIC, Said

pytestmark = pytest.mark.segment

Tool = Callable[..., Said]


@pytest.fixture
def sdo(line: SimulatedSegment, tool: Tool) -> Tool:
    return lambda *arguments: tool("sdo", *arguments, "--nic", NIC)


@pytest.mark.rule("TOOL-21")
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("0x1008", ["0x1008:00", "Device", "name", "string", "'loop'"]),
        ("1018:4", ["0x1018:04", "Serial", "number", "u32", "1234", "(0x000004D2)"]),
        ("0x8000:06", ["0x8000:06", "Offset", "i16", "-5", "(0xFFFB)"]),
        ("0x8000:01", ["0x8000:01", "Flag", "bool", "false", "(0x00)"]),
        ("0x8000:03", ["0x8000:03", "Level", "bit3", "0", "(0x00)"]),
        ("0x8000:08", ["0x8000:08", "Gain", "f32", "1", "(0x3F800000)"]),
    ],
)
def test_a_value_is_of_the_type_that_the_subdevice_describes(
    sdo: Tool, address: str, shown: list[str]
) -> None:
    said = sdo("read", "2", address)
    assert (said.code, said.err) == (0, "")
    assert [line.split() for line in said.lines] == [shown]


@pytest.mark.rule("TOOL-21")
def test_a_type_that_is_named_is_the_type(sdo: Tool) -> None:
    said = sdo("read", "2", "0x1018:04", "--type", "bytes")
    assert said.out == "0x1018:04  bytes  d2 04 00 00 = 1234 (0x000004D2)\n"
    wrong = sdo("read", "2", "0x1018:04", "--type", "u16")
    assert (wrong.code, wrong.out) == (1, "")
    assert "object 0x1018:04 has 4 bytes, and u16 is of 2 bytes; read it as bytes" in wrong.err


@pytest.mark.rule("TOOL-21")
def test_programs_are_told_values(sdo: Tool) -> None:
    assert sdo("read", "2", "0x1018:04", "--json").json == {
        "position": 2,
        "index": 0x1018,
        "subindex": 4,
        "name": "Serial number",
        "type": "u32",
        "value": 1234,
        "hex": "d2040000",
    }
    assert sdo("read", "2", "0x1018:04", "--type", "bytes", "--json").json["value"] == "d2040000"


@pytest.mark.rule("TOOL-21", "TOOL-22")
@pytest.mark.parametrize(
    ("address", "written", "stored", "before"),
    [
        ("0x8000:06", "-77", "-77 (0xFFB3)", "-5"),
        ("0x8000:07", "0x10", "16 (0x00000010)", "0"),
        ("0x8000:08", "2.5", "2.5 (0x40200000)", "1"),
        ("0x8000:01", "true", "true (0x01)", "false"),
        ("0x8001", "pump 1", "'pump 1'", ""),
        ("0x8002", "12 34 ab", "12 34 ab = 11219986 (0xAB3412)", "00"),
    ],
)
def test_what_is_written_is_read_back(
    sdo: Tool, address: str, written: str, stored: str, before: str
) -> None:
    said = sdo("write", "2", address, written)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(f"  {stored}  written\n")
    assert sdo("read", "2", address).out.endswith(f"  {stored}\n")
    assert sdo("write", "2", address, before).code == 0


@pytest.mark.rule("TOOL-22")
@pytest.mark.parametrize(
    ("address", "written", "words"),
    [
        ("0x8000:05", "256", "256 is not in the range of a u8, 0 to 255"),
        ("0x8000:05", "ten", "'ten' is not a whole number, as a u8 has"),
        ("0x8000:01", "2", "2 is not in the range of a bool, 0 to 1"),
        ("0x8002", "12 3", "'12 3' is no bytes"),
    ],
)
def test_what_is_no_value_of_the_objects_type_is_not_written(
    sdo: Tool, address: str, written: str, words: str
) -> None:
    before = sdo("read", "2", address).out
    said = sdo("write", "2", address, written)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert sdo("read", "2", address).out == before


@pytest.mark.rule("TOOL-23")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["read", "2", "0x9000"],
            "refused object 0x9000:00: there is no such object (abort code 0x060200",
        ),
        (["read", "2", "0x8000:2"], "refused object 0x8000:02: there is no such subindex"),
        (["read", "2", "0x8000:A"], "refused object 0x8000:0A: it can be written, not read"),
        (["write", "2", "0x8000:B", "1"], "refused object 0x8000:0B: it can be read, not written"),
        (["write", "2", "0x8000:5", "101"], "the value is too high (abort code 0x06090031)"),
        (["write", "2", "0x8000:5", "1", "--type", "u16"], "refused object 0x8000:05: "),
        (["read", "1", "0x1000"], "SubDevice 1 has no mailbox, and so no objects"),
        (["read", "9", "0x1000"], "there is no SubDevice 9; there are 4"),
    ],
)
def test_what_is_refused_is_said_in_words(sdo: Tool, arguments: list[str], words: str) -> None:
    said = sdo(*arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"taktora ethercat sdo {arguments[0]}: ")
    assert words in said.err


@pytest.mark.rule("TOOL-24")
def test_complete_access_is_a_line_for_each_entry(sdo: Tool) -> None:
    said = sdo("read", "2", "0x8000", "--complete")
    assert said.code == 0
    values = {line.split()[0]: line.split()[2:] for line in said.lines[1:]}
    assert "0x8000:02" not in values  # a gap
    assert values["0x8000:03"] == ["bit3", "0", "(0x00)"]
    assert values["0x8000:05"] == ["u8", "10", "(0x0A)"]
    assert values["0x8000:06"] == ["i16", "-5", "(0xFFFB)"]
    assert values["0x8000:0B"] == ["i16", "250", "(0x00FA)"]
    told = sdo("read", "2", "0x1018:1", "--complete", "--json").json
    assert [one["subindex"] for one in told] == [1, 2, 3, 4]
    assert told[3]["value"] == 1234


@pytest.mark.rule("TOOL-24")
def test_complete_access_writes_bytes(sdo: Tool) -> None:
    said = sdo("write", "2", "0x10F1", "0200 01000000 0900", "--complete")
    assert (said.code, said.err) == (0, "")
    assert sdo("read", "2", "0x10F1:2").lines[0].split()[-2:] == ["9", "(0x0009)"]
    assert sdo("write", "2", "0x10F1:2", "4").code == 0
