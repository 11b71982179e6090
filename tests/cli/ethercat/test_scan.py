"""``taktora ethercat scan`` on a simulated line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from taktora.connectors.ethercat.bus_browser import mailbox_protocols
from taktora.testing.ethercat import SimulatedSegment

from .conftest import NIC, Said

pytestmark = pytest.mark.segment

Tool = Callable[..., Said]


@pytest.mark.rule("TOOL-10", "TOOL-06")
def test_each_subdevice_is_a_line_with_what_it_is(line: SimulatedSegment, tool: Tool) -> None:
    said = tool("scan", "--nic", NIC)
    assert (said.code, said.err) == (0, "")
    heads, *rows, blank, count = said.lines
    assert heads.split() == (
        ["#", "name", "vendor", "product", "revision", "state", "out", "in", "mailbox", "alias"]
    )
    cells = [row.split() for row in rows]
    assert [one[:2] for one in cells] == [
        ["1", "coupler"],
        ["2", "loop"],
        ["3", "digital-out"],
        ["4", "axis"],
    ]
    assert [one[4:] for one in cells] == [
        ["0x00000001", "PRE-OP", "0", "0", "-", "-"],
        ["0x00000001", "PRE-OP", "32", "32", "CoE", "7"],
        ["0x00000001", "PRE-OP", "4", "0", "-", "-"],
        ["0x00020003", "PRE-OP", "96", "112", "CoE", "-"],
    ]
    assert len({len(row) for row in (heads, *rows)}) == 1  # in columns
    assert (blank, count) == ("", f"4 SubDevices answered on {NIC}.")
    assert {one.state.label for one in line.states()} == {"PRE-OP"}


@pytest.mark.rule("TOOL-11")
def test_programs_are_told_the_same_as_numbers(line: SimulatedSegment, tool: Tool) -> None:
    said = tool("scan", "--nic", NIC, "--json")
    assert said.code == 0
    assert said.json["nic"] == NIC
    assert said.json["problem"] is None
    assert len(said.json["subdevices"]) == 4
    loop = said.json["subdevices"][1]
    assert isinstance(loop.pop("product"), int)
    assert loop == {
        "position": 2,
        "name": "loop",
        "vendor": 0x54414B54,
        "revision": 1,
        "state": "PRE-OP",
        "error": False,
        "al_status": 0,
        "al_status_text": "",
        "output_bits": 32,
        "input_bits": 32,
        "mailbox": ["CoE"],
        "station_address": line.register(2, 0x0010),
        "alias": 7,
    }


@pytest.mark.rule("TOOL-10")
def test_one_subdevice_is_counted_as_one(
    make_segment: Callable[..., SimulatedSegment], tool: Tool
) -> None:
    make_segment([{"type": "coupler"}])
    assert tool("scan", "--nic", NIC).lines[-1] == f"1 SubDevice answered on {NIC}."


@pytest.mark.rule("TOOL-12")
def test_process_data_that_cannot_be_mapped_hide_nobody(
    make_segment: Callable[..., SimulatedSegment], tool: Tool
) -> None:
    make_segment([{"type": "loopback", "bytes": 1024, "count": 5}, {"type": "coupler"}])
    said = tool("scan", "--nic", NIC)
    assert said.code == 0
    assert [row.split()[6:8] for row in said.lines[1:7]] == [["?", "?"]] * 6
    assert said.lines[-1] == f"6 SubDevices answered on {NIC}."
    assert "process data could not be mapped: the process data of all SubDevices are" in said.err
    told = tool("scan", "--nic", NIC, "--json").json
    assert "SOEM has room for 4096" in told["problem"]
    assert {one["output_bits"] for one in told["subdevices"]} == {None}


@pytest.mark.rule("TOOL-10")
def test_protocols_are_bits_of_the_sii() -> None:
    assert mailbox_protocols(b"\x04\x00\xff\xff") == ("CoE",)
    assert mailbox_protocols(b"\x0e\x00") == ("EoE", "CoE", "FoE")
    assert mailbox_protocols(b"\x31\x00\x00\x00") == ("AoE", "SoE", "VoE")
    assert mailbox_protocols(bytes(4)) == mailbox_protocols(b"") == ()
