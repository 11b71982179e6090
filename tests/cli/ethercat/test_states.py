"""``taktora ethercat states`` on simulated lines, seen from inside and from outside."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from taktora.cli.ethercat.states import needs_setting_up
from taktora.cli.ethercat.states_told import changes
from taktora.connectors.ethercat.bus import AlState, SubDeviceState
from taktora.testing.ethercat import SimulatedSegment
from tests.cli.conftest import Command

from .conftest import LINE, NIC, Said

Tool = Callable[..., Said]
Make = Callable[..., SimulatedSegment]


STUBBORN = {"type": "tests.cli.ethercat.stubborn:Stubborn"}


@pytest.fixture
def states(tool: Tool) -> Tool:
    return lambda *arguments: tool("states", *arguments, "--nic", NIC)


def labels(segment: SimulatedSegment) -> list[str]:
    return [one.state.label + "+ERR" * one.error for one in segment.states()]


@pytest.mark.segment
@pytest.mark.rule("TOOL-40")
def test_looking_tells_all_states_and_changes_nothing(make_segment: Make, states: Tool) -> None:
    segment = make_segment(LINE)
    before = [segment.register(position, 0x0000, 0x0800) for position in range(1, 5)]
    said = states()
    assert (said.code, said.err) == (0, "")
    assert [line.split() for line in said.lines] == [
        ["#", "state"],
        *([str(position), "INIT"] for position in range(1, 5)),
    ]
    assert [segment.register(position, 0x0000, 0x0800) for position in range(1, 5)] == before
    assert [one["position"] for one in states("2", "4", "--json").json] == [2, 4]
    beyond = states("9")
    assert (beyond.code, beyond.out) == (1, "")
    assert "there is no SubDevice 9; there are 4" in beyond.err


@pytest.mark.segment
@pytest.mark.rule("TOOL-40")
def test_it_needs_no_pysoem(line: SimulatedSegment, taktora_command: Command) -> None:
    (taktora_command.folder / "pysoem.py").write_text("raise ImportError('not here')")
    from tests.cli.conftest import ROOT

    path = {"PYTHONPATH": f"{taktora_command.folder}:{ROOT}"}
    done = taktora_command("ethercat", "states", "--nic", NIC, env=path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("#  state\n1  ")


@pytest.mark.segment
@pytest.mark.rule("TOOL-41", "TOOL-42")
def test_an_error_is_said_in_words_and_acknowledged_by_asking_for_a_state(
    make_segment: Make, states: Tool
) -> None:
    segment = make_segment(LINE)
    assert states("--set", "safe-op").code == 0
    segment.fault("al-error", subdevice=2, code=0x001B)
    found = {line.split()[0]: line for line in states().lines}
    assert found["2"].split(maxsplit=2)[2] == (
        "SyncManager watchdog: no outputs came in time (AL status code 0x001B)"
    )
    assert found["1"].split()[1:] == ["SAFE-OP"]
    told = states("2", "--json").json[0]
    assert (told["error"], told["al_status"]) == (True, 0x1B)

    segment.heal()
    said = states("--set", "pre-op", "2")
    assert said.code == 0
    assert labels(segment) == ["SAFE-OP", "PRE-OP", "SAFE-OP", "SAFE-OP"]


@pytest.mark.segment
@pytest.mark.rule("TOOL-42")
@pytest.mark.parametrize("wanted", ["safe-op", "pre-op", "init"])
def test_downwards_only_those_that_are_meant_are_asked(
    make_segment: Make, states: Tool, wanted: str
) -> None:
    segment = make_segment(3)
    assert states("--set", "safe-op").code == 0
    station = segment.register(1, 0x0010)
    said = states("--set", wanted, "3", "1")
    assert (said.code, said.err) == (0, "")
    assert [line.split() for line in said.lines[1:]] == [
        ["1", wanted.upper()],
        ["3", wanted.upper()],
    ]
    assert labels(segment) == [wanted.upper(), "SAFE-OP", wanted.upper()]
    assert segment.register(1, 0x0010) == station


@pytest.mark.segment
@pytest.mark.rule("TOOL-43")
def test_upwards_the_bus_is_set_up_and_those_that_are_meant_go_on(
    make_segment: Make, states: Tool
) -> None:
    segment = make_segment(LINE)
    assert states("--set", "pre-op").code == 0
    assert labels(segment) == ["PRE-OP"] * 4
    said = states("--set", "safe-op", "2")
    assert (said.code, [line.split() for line in said.lines[1:]]) == (0, [["2", "SAFE-OP"]])
    assert labels(segment) == ["PRE-OP", "SAFE-OP", "PRE-OP", "PRE-OP"]


@pytest.mark.segment
@pytest.mark.rule("TOOL-43")
def test_op_is_held_for_its_time_and_ends_in_safe_op_without_an_error(
    make_segment: Make, states: Tool
) -> None:
    segment = make_segment(LINE)
    said = states("--set", "op", "--for", "0.6")
    assert said.code == 0
    assert said.err == "taktora ethercat states: OP for 0.6 s, or until Ctrl-C\n"
    assert [line.split()[1] for line in said.lines] == ["state", "OP", "OP", "OP", "OP"]
    assert labels(segment) == ["SAFE-OP"] * 4
    assert segment.outputs(2) == bytes(4)


@pytest.mark.segment
@pytest.mark.rule("TOOL-43")
def test_ctrl_c_lets_go_of_op(make_segment: Make, taktora_command: Command) -> None:
    segment = make_segment(2)
    with running(taktora_command, "--set", "op") as (process, out):
        assert [out.readline().split() for _ in range(3)] == [
            ["#", "state"],
            ["1", "OP"],
            ["2", "OP"],
        ]
        assert labels(segment) == ["OP", "OP"]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert labels(segment) == ["SAFE-OP", "SAFE-OP"]


@pytest.mark.segment
@pytest.mark.rule("TOOL-44")
def test_who_does_not_get_there_is_named(make_segment: Make, states: Tool) -> None:
    make_segment([{"type": "loopback"}, STUBBORN, {"type": "coupler"}])
    for arguments in (["--set", "safe-op"], ["--set", "op", "--for", "0.3"]):
        said = states(*arguments)
        assert said.code == 1
        assert said.err.endswith(f"states: not in {arguments[1].upper()}: SubDevice 2\n")
        assert "settings contradict each other (AL status code 0x0026)" in said.out
    said = states("--set", "safe-op", "1", "3")
    assert said.code == 0


@contextmanager
def running(command: Command, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    with command.start("ethercat", "states", *arguments, "--nic", NIC) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()


@pytest.mark.segment
@pytest.mark.rule("TOOL-45")
def test_each_change_is_told_once(make_segment: Make, taktora_command: Command) -> None:
    segment = make_segment(3)
    with running(taktora_command, "--watch", "--json") as (process, out):
        assert [one["state"] for one in json.loads(out.readline())] == ["INIT"] * 3
        segment.fault("al-error", subdevice=2, code=0x0050)
        told = json.loads(out.readline())
        assert (told["position"], told["error"], told["al_status"]) == (2, True, 0x50)
        segment.heal()
        number = segment.fault("cable-out", subdevice=3)
        assert json.loads(out.readline())["state"] == "NONE"
        segment.heal(number)
        told = json.loads(out.readline())
        assert (told["position"], told["state"], told["error"]) == (3, "INIT", False)
        process.send_signal(signal.SIGTERM)
        assert out.read() == ""
        assert process.wait(30) == 0


@pytest.mark.segment
@pytest.mark.rule("TOOL-45")
def test_a_change_is_a_line_for_people(make_segment: Make, taktora_command: Command) -> None:
    segment = make_segment(2)
    with running(taktora_command, "--watch", "2") as (process, out):
        assert [out.readline() for _ in range(2)] == ["#  state\n", "2  INIT\n"]
        segment.fault("al-error", subdevice=1, code=0x0050)  # of which nobody asked
        segment.fault("al-error", subdevice=2, code=0x0050)
        seconds, _, text = out.readline().partition(" s  ")
        assert float(seconds) >= 0
        assert text == (
            "SubDevice 2 in INIT with an error: it has no access to its EEPROM (AL status code 0x0050)\n"
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


# --- pure -----------------------------------------------------------------------------------------


def one(position: int, state: AlState) -> SubDeviceState:
    return SubDeviceState(position, state)


@pytest.mark.rule("TOOL-42", "TOOL-43")
@pytest.mark.parametrize(
    ("wanted", "current", "needs"),
    [
        (AlState.INIT, AlState.OP, False),
        (AlState.INIT, AlState.BOOT, False),
        (AlState.PRE_OP, AlState.SAFE_OP, False),
        (AlState.PRE_OP, AlState.PRE_OP, False),
        (AlState.PRE_OP, AlState.INIT, True),
        (AlState.PRE_OP, AlState.BOOT, True),
        (AlState.SAFE_OP, AlState.PRE_OP, True),
        (AlState.SAFE_OP, AlState.OP, False),
        (AlState.OP, AlState.OP, True),
    ],
)
def test_upwards_more_is_needed_than_a_request(
    wanted: AlState, current: AlState, needs: bool
) -> None:
    assert needs_setting_up(wanted, [one(1, current)]) is needs


@pytest.mark.rule("TOOL-45")
def test_changes_are_of_those_that_were_known_and_who_is_missing_does_not_answer() -> None:
    known = {1: one(1, AlState.OP), 3: one(3, AlState.OP)}
    assert changes(known, [one(1, AlState.OP), one(2, AlState.INIT), one(3, AlState.OP)]) == []
    assert changes(known, [one(1, AlState.SAFE_OP), one(2, AlState.OP)]) == [
        one(1, AlState.SAFE_OP),
        one(3, AlState.NONE),
    ]
