"""Before anything is done: help, wrong usage, interfaces, privileges, and who else is there."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from taktora.cli.ethercat.holder import in_use, program_of
from taktora.cli.ethercat.interfaces import as_text
from taktora.connectors.ethercat.nic import Interface, Nic
from taktora.testing.ethercat import SimulatedSegment
from taktora.testing.veth import set_up
from tests.cli.conftest import ROOT, Command

from .conftest import NIC, Said

Tool = Callable[..., Said]

COMMANDS = [
    ["scan"],
    ["states"],
    ["states", "--set", "init"],
    ["sdo", "read", "1", "0x1000"],
    ["sdo", "write", "1", "0x1000", "--type", "u8", "1"],
    ["od", "1"],
    ["watch"],
]
named = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)

ELSEWHERE = """
import contextlib, io, json, sys
from taktora.cli import main
for command in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["ethercat", *command])
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def elsewhere(command: Command, commands: list[list[str]], **options: Any) -> list[Said]:
    """Each of ``commands`` in one process of its own, which takes a second to begin."""
    done = command(json.dumps(commands), prefix=[sys.executable, "-c", ELSEWHERE], **options)
    assert (done.returncode, done.stderr) == (0, "")
    found = [Said(*json.loads(line)) for line in done.stdout.splitlines()]
    assert len(found) == len(commands)
    return found


@pytest.mark.rule("TOOL-01")
@pytest.mark.parametrize(
    "command", [["scan"], ["states"], ["sdo", "read"], ["sdo", "write"], ["od"], ["watch"]]
)
def test_help_has_examples_and_exit_codes(tool: Tool, command: list[str]) -> None:
    said = tool(*command, "--help")
    assert said.code == 0
    examples, codes = said.out.split("examples:\n")[1].split("exit codes:\n")
    assert f"taktora ethercat {' '.join(command)}" in examples
    assert [line.split()[0] for line in codes.splitlines() if line[2:3].isdigit()] == [
        "0",
        "1",
        "2",
    ]


@pytest.mark.rule("TOOL-01")
def test_help_of_the_group_lists_its_commands(tool: Tool) -> None:
    for arguments in ([], ["--help"]):
        said = tool(*arguments)
        assert said.code == 0
        for command in ("scan", "states", "sdo", "od", "watch", "simulate"):
            assert f"\n    {command} " in said.out
    assert tool("sdo").code == 0


@pytest.mark.rule("TOOL-01")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scam"], "invalid choice: 'scam'"),
        (["od"], "the following arguments are required: POSITION"),
        (["od", "0"], "'0' is no position"),
        (["sdo", "read", "1", "x"], "'x' is no object"),
        (["sdo", "read", "1", "0x1000", "--type", "int"], "'int' is no type"),
        (
            ["sdo", "read", "1", "0x1000:02", "--complete", "--nic", "x"],
            "begins at subindex 0 or 1",
        ),
        (["sdo", "read", "1", "0x1000", "--nic", "x", "--gateway", "y"], "not both"),
        (["sdo", "write", "1", "0x1000", "300", "--type", "u8"], "300 is not in the range of a u8"),
        (["states", "--set", "boot"], "'boot' is no state"),
        (["states", "--for", "1"], "--for is for --watch, or --set op"),
        (["watch", "--nic", "lo", "--file", "none.toml"], "none.toml"),
    ],
)
def test_wrong_usage_says_what_is_wanted(tool: Tool, arguments: list[str], words: str) -> None:
    said = tool(*arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err


@pytest.mark.rule("TOOL-01")
def test_other_commands_import_nothing_of_it() -> None:
    code = "import sys, taktora.cli as c; c._parser(); print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "taktora.cli.gateway" in done.stdout.split()
    assert "taktora.connectors.ethercat" not in done.stdout.split()


# --- interfaces -----------------------------------------------------------------------------------


@pytest.mark.rule("TOOL-02")
@named
def test_without_an_interface_they_are_listed(tool: Tool, command: list[str]) -> None:
    said = tool(*command)
    assert (said.code, said.out) == (2, "")
    called = "sdo " + command[1] if command[0] == "sdo" else command[0]
    first, second, *others = said.err.splitlines()
    assert first == f"taktora ethercat {called}: say which network interface: --nic NAME"
    assert second == "network interfaces:"
    assert "lo" in [line.split()[0] for line in others]
    unknown = tool(*command, "--nic", "nosuch0")
    assert unknown.code == 2
    assert "there is no network interface 'nosuch0'" in unknown.err
    assert unknown.err.splitlines()[1:] == said.err.splitlines()[1:]


@pytest.mark.rule("TOOL-02")
def test_what_each_interface_is_good_for_is_said_and_the_useful_ones_come_first() -> None:
    def interface(name: str, *, up: bool, carrier: bool, ethernet: bool = True) -> Interface:
        return Interface(name, 1, up, carrier, ethernet, 1500)

    found = [
        interface("lo", up=True, carrier=True, ethernet=False),
        interface("eth0", up=True, carrier=True),
        interface("enp3s0", up=True, carrier=False),
        interface("eth1", up=False, carrier=False),
    ]
    assert as_text(found).splitlines() == [
        "network interfaces:",
        "  eth0    up, with a carrier",
        "  enp3s0  up, no carrier: is the cable in?",
        "  eth1    down (sudo ip link set eth1 up)",
        "  lo      no Ethernet",
    ]
    assert as_text([]) == "there are no network interfaces"


# --- privileges -----------------------------------------------------------------------------------


@pytest.mark.rule("TOOL-03")
@named
def test_an_interface_that_is_no_ethernet_is_refused(tool: Tool, command: list[str]) -> None:
    said = tool(*command, "--nic", "lo")
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith(": lo is no Ethernet interface, which EtherCAT needs\n")


@pytest.mark.rule("TOOL-03")
def test_without_pysoem_it_says_what_to_install(taktora_command: Command) -> None:
    (taktora_command.folder / "pysoem.py").write_text("raise ImportError('not here')")
    path = {"PYTHONPATH": f"{taktora_command.folder}:{ROOT}"}
    those = [[*one, "--nic", "lo"] for one in COMMANDS if one[0] != "states"]
    for said in elsewhere(taktora_command, those, env=path):
        assert (said.code, said.out) == (2, "")
        assert "EtherCAT needs pysoem: pip install 'taktora[ethercat]'" in said.err


def without_raw_sockets() -> None:
    """In the child: what it runs has every capability but this one, as far as it had them."""
    drop, net_raw = 24, 13  # PR_CAPBSET_DROP, CAP_NET_RAW
    ctypes.CDLL(None).prctl(drop, net_raw, 0, 0, 0)


@pytest.mark.segment
@pytest.mark.rule("TOOL-03")
def test_without_the_right_to_send_frames_it_says_which_capability_is_missing(
    line: SimulatedSegment, taktora_command: Command
) -> None:
    before = line.statistics()["frames"]
    those = [[*one, "--nic", NIC] for one in COMMANDS]
    for said in elsewhere(taktora_command, those, preexec_fn=without_raw_sockets):
        assert (said.code, said.out) == (2, "")
        assert f"raw frames on {NIC} need the capability CAP_NET_RAW" in said.err
        assert f"sudo setcap cap_net_raw+ep {os.path.realpath(sys.executable)}" in said.err
        assert "docker run --cap-add=net_raw" in said.err
    assert line.statistics()["frames"] == before


@pytest.mark.segment
@pytest.mark.rule("TOOL-03")
def test_an_interface_that_is_down_is_refused(
    make_segment: Callable[..., SimulatedSegment], tool: Tool
) -> None:
    set_up(make_segment(1).nic, up=False)
    for command in COMMANDS:
        said = tool(*command, "--nic", NIC)
        assert (said.code, said.out) == (2, "")
        assert f"{NIC} is down: sudo ip link set {NIC} up" in said.err


# --- somebody else --------------------------------------------------------------------------------


@pytest.mark.segment
@pytest.mark.rule("TOOL-04")
def test_an_interface_that_is_driven_is_refused_with_the_process_and_left_alone(
    line: SimulatedSegment, taktora_command: Command
) -> None:
    with Nic(NIC):
        before = line.statistics()["frames"]
        for said in elsewhere(taktora_command, [[*one, "--nic", NIC] for one in COMMANDS]):
            assert (said.code, said.out) == (2, "")
            assert f"{NIC} is driven by process {os.getpid()} (" in said.err
            assert "taktora ethercat watch NAME" in said.err
            assert "--gateway NAME" in said.err
        assert line.statistics()["frames"] == before


@pytest.mark.segment
@pytest.mark.rule("TOOL-04")
def test_it_says_so_too_when_the_process_is_this_one(line: SimulatedSegment, tool: Tool) -> None:
    with Nic(NIC):
        said = tool("scan", "--nic", NIC)
    assert said.code == 2
    assert f"{NIC} is driven by this very process already (pid {os.getpid()})" in said.err
    assert tool("scan", "--nic", NIC).code == 0


@pytest.mark.rule("TOOL-04")
def test_a_command_line_is_told_without_what_runs_python() -> None:
    assert program_of(["/usr/bin/python3", "-m", "taktora", "gateway", "lab.toml"]) == (
        "taktora gateway lab.toml"
    )
    assert program_of(["/opt/venv/bin/taktora", "ethercat", "watch"]) == "taktora ethercat watch"
    assert program_of(["/opt/line/run.py", "x" * 100]) == "/opt/line/run.py " + "x" * 50 + "..."
    assert "by another process, and a bus" in in_use("eth0", 0)


@pytest.mark.rule("TOOL-04")
def test_at_the_simulators_end_it_says_where_a_maindevice_goes() -> None:
    script = "import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, "taktora", "ethercat", "simulate", "line.toml"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        said = in_use("ecat1", process.pid)
    first, second = said.splitlines()
    assert first == (
        f"ecat1 is driven by process {process.pid} (taktora ethercat simulate line.toml), and a bus "
        f"has one MainDevice"
    )
    assert second == "that is the SubDevices' end of the cable; a MainDevice goes to the other one"


@pytest.mark.segment
@pytest.mark.rule("TOOL-05")
def test_when_nobody_answers_it_says_what_to_look_at(
    make_segment: Callable[..., SimulatedSegment], tool: Tool
) -> None:
    make_segment(1).kill()
    for command in COMMANDS[:-1]:
        said = tool(*command, "--nic", NIC)
        assert (said.code, said.out) == (1, "")
        assert f"no SubDevice answers on {NIC}: is the cable in, in the right socket" in said.err
