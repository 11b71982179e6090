"""``taktora ethercat watch`` in a process of its own, on a simulated segment."""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO

import pytest

from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.ethercat.connector import EthercatRemote
from taktora.connectors.ethercat.routing import Direction, EthercatRouting
from taktora.connectors.health import Up
from taktora.connectors.host import ConnectorHost
from taktora.testing.ethercat import SimulatedSegment
from tests.cli.conftest import Command
from tests.cli.installed import install
from tests.conftest import leftovers

from .conftest import NIC, Said

pytestmark = pytest.mark.segment

LINE = [
    {"type": "coupler"},
    {"type": "loopback", "name": "loop", "serial": 1234},
    {"type": "digital-in", "channels": 4},
]
FILE = """
[[connectors]]
name = "lab"
type = "ethercat"
reconnect = { initial = "50 ms", maximum = "100 ms" }

[connectors.options]
network_interface = "elsewhere"
frame_timeout = "20 ms"
lost_frames = 10

[[connectors.options.subdevices]]
subdevice = 2
name = "loop"

[[connectors.channels]]
name = "level"
routing = { subdevice = "loop", direction = "tx", bit_offset = 0, bit_length = 16, signed = true }

[[connectors.channels]]
name = "target"
routing = { subdevice = "loop", direction = "rx", bit_offset = 0, bit_length = 16, signed = true, safe = -3 }

[[connectors.channels]]
name = "switch"
routing = { subdevice = 3, direction = "tx", bit_offset = 2, bit_length = 1 }
"""


class Running:
    """A command whose lines are read one by one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.out: IO[str] = process.stdout
        self.lines: list[str] = []

    def until(self, *words: str) -> str:
        """Read on until a line has all of ``words``, which is returned."""
        for line in itertools.islice(self.out, 60):
            self.lines.append(line)
            if all(word in line for word in words):
                return line
        self.process.kill()
        raise AssertionError(f"no {words} in {self.lines}: {self.process.communicate()[1]}")

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        self.lines += out.splitlines()
        assert (self.process.returncode, err) == (0, "")


@pytest.fixture
def start(taktora_command: Command) -> Iterator[Callable[..., Running]]:
    """Starts a command that can see the connectors of this tree."""
    environment = install(taktora_command.folder / "site")
    taktora_command.write(FILE, "lab.toml")
    with ExitStack() as stack:

        def make(*arguments: str) -> Running:
            process = taktora_command.start(*arguments, env=environment)
            stack.enter_context(process)
            stack.callback(process.kill)
            return Running(process)

        yield make


def watch(start: Callable[..., Running], *arguments: str) -> Running:
    return start("ethercat", "watch", *arguments)


@pytest.mark.rule("TOOL-50", "TOOL-53", "TOOL-54")
def test_with_an_interface_the_bus_runs_until_it_is_told_to_end(
    make_segment: Callable[..., SimulatedSegment], start: Callable[..., Running]
) -> None:
    segment = make_segment(LINE)
    running = watch(start, "--nic", NIC)
    running.until("health  up")
    assert " bus  cycles=" in running.lines[-2]
    assert "wkc=4/4" in running.lines[-2]
    for words in (
        "SubDevice 1 coupler  OP",
        "SubDevice 2 loop  OP",
        "SubDevice 3 digital-in  OP",
        "out 2 loop  00 00 00 00",
        "in 2 loop  00 00 00 00",
        "in 3 digital-in  00",
    ):
        running.until(words)
    segment.call(3, "inputs.load", b"\5")
    running.until("in 3 digital-in  05")
    running.until(" bus  cycles=")
    running.end(signal.SIGINT)
    assert [one.state.label for one in segment.states()] == ["INIT"] * 3
    assert leftovers(f"watch-{running.process.pid}") == []


@pytest.mark.rule("TOOL-50", "TOOL-51", "TOOL-54")
def test_with_a_file_values_are_those_of_its_channels_and_outputs_are_safe(
    make_segment: Callable[..., SimulatedSegment], start: Callable[..., Running]
) -> None:
    segment = make_segment(LINE)
    running = watch(start, "--nic", NIC, "--file", "lab.toml")
    running.until("health  up")
    running.until("SubDevice 2 loop  OP")
    for words in ("in level  -3 (0xFFFD)", "out target  -3 (0xFFFD)", "in switch  false"):
        running.until(words)
    assert segment.outputs(2) == b"\xfd\xff\0\0"
    segment.call(3, "inputs.load", b"\4")
    running.until("in switch  true")
    running.end(signal.SIGTERM)
    assert [one.state.label for one in segment.states()] == ["INIT"] * 3


@pytest.mark.rule("TOOL-54")
def test_it_ends_after_its_time_and_says_why_it_was_never_up(
    make_segment: Callable[..., SimulatedSegment], tool: Callable[..., Said]
) -> None:
    segment = make_segment(1)
    said = tool("watch", "--nic", NIC, "--for", "0.7")
    assert (said.code, said.err) == (0, "")
    assert said.out.count("health  up") == 1
    segment.kill()
    said = tool("watch", "--nic", NIC, "--for", "0.5")
    assert said.code == 1
    assert f"health  down: no SubDevice answers on {NIC}" in said.out
    assert f"it was never up; it is down: no SubDevice answers on {NIC}" in said.err
    assert "is the gateway running" not in said.err


@pytest.mark.rule("TOOL-55")
def test_a_bus_that_fails_is_shown_as_it_is_until_it_is_back(
    make_segment: Callable[..., SimulatedSegment], start: Callable[..., Running]
) -> None:
    segment = make_segment(LINE)
    running = watch(start, "--nic", NIC, "--file", "lab.toml")
    running.until("health  up")
    fault = segment.fault("cable-out", subdevice=3)
    running.until("health  degraded: ")
    running.until("SubDevice 3 digital-in  NONE: it does not answer")
    segment.heal(fault)
    running.until("health  up")
    segment.call(3, "inputs.load", b"\4")
    running.until("in switch  true")
    running.end()


@pytest.mark.rule("TOOL-54")
def test_it_ends_when_nobody_reads_on(
    make_segment: Callable[..., SimulatedSegment], start: Callable[..., Running]
) -> None:
    segment = make_segment(LINE)
    running = watch(start, "--nic", NIC)
    running.until("health  up")
    running.out.close()
    assert running.process.wait(30) == 0
    assert [one.state.label for one in segment.states()] == ["INIT"] * 3


@pytest.mark.rule("TOOL-53")
def test_on_a_terminal_the_last_picture_stays(
    make_segment: Callable[..., SimulatedSegment], taktora_command: Command
) -> None:
    make_segment(LINE)
    near, far = os.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    shown: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(near, 1 << 16):
                shown.append(data)
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    environment = {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    done = taktora_command(
        "ethercat", "watch", "--nic", NIC, "--for", "1.5", stdout=far, env=environment
    )
    os.close(far)
    reader.join()
    os.close(near)
    assert (done.returncode, done.stderr) == (0, "")
    last = b"".join(shown).decode().rpartition(NIC)[2]
    for words in (
        "up",
        "wkc",
        "4 of 4",
        "SubDevice",
        "digital-in",
        "OP",
        "value of",
        "00 00 00 00",
    ):
        assert words in last


# --- through a gateway ----------------------------------------------------------------------------


@pytest.fixture
def gateway(
    make_segment: Callable[..., SimulatedSegment],
    start: Callable[..., Running],
    taktora_command: Command,
    domain: str,
) -> Iterator[SimulatedSegment]:
    """A gateway of ``lab`` that is up."""
    segment = make_segment(LINE)
    taktora_command.write(FILE.replace("elsewhere", NIC), "lab.toml")
    running = start("gateway", "lab.toml")
    assert running.process.stderr is not None
    for line in running.process.stderr:
        if "connector 'lab' is up" in line:
            break
    yield segment
    running.process.send_signal(signal.SIGINT)
    _, err = running.process.communicate(timeout=30)
    assert running.process.returncode == 0, err


@pytest.mark.rule("TOOL-52")
def test_by_its_name_a_gateways_bus_is_shown_and_runs_on(
    gateway: SimulatedSegment, start: Callable[..., Running], domain: str
) -> None:
    without_file = watch(start, "lab")
    running = watch(start, "lab", "--file", "lab.toml")
    running.until("health  up")
    running.until("out target  (nothing came yet)")
    without_file.until("in switch  (nothing came yet)")
    with ConnectorHost(worker_threads=0, domain=domain) as host:
        remote = host.register(EthercatRemote("lab"))
        routing = EthercatRouting(2, Direction.RX, 0, 16, signed=True)
        writer = remote.create_writer(ChannelDescriptor("target", routing), int)
        host.executor.run_until(lambda: isinstance(remote.health, Up))
        for value in (-5, -6, -7):
            writer.send(value)
        running.until("out target  -7 (0xFFF9)")
        running.until("in level  -7 (0xFFF9)")
        gateway.call(3, "inputs.load", b"\4")
        running.until("in switch  true")
        without_file.until("in switch  1 (0x01)")
        told = running.until(" bus  cycles=")
        assert "wkc=4/4" in told
        assert "bring-ups=1" in told
        running.end()
        without_file.end()
        host.executor.run_for(0.3)
        assert isinstance(remote.health, Up)
    assert gateway.outputs(2)[:2] == b"\xf9\xff"
    assert [one.state.label for one in gateway.states()] == ["OP"] * 3


@pytest.mark.rule("TOOL-25", "TOOL-04", "TOOL-54")
def test_objects_are_accessed_through_it_while_it_runs_and_not_beside_it(
    gateway: SimulatedSegment, tool: Callable[..., Said], domain: str
) -> None:
    through = ("--gateway", "lab", "--domain", domain)
    said = tool("sdo", "read", "2", "0x1018:4", "--type", "u32", *through)
    assert said == Said(0, "0x1018:04  u32  1234 (0x000004D2)\n", "")
    assert tool("sdo", "write", "2", "0x8000:5", "20", "--type", "u8", *through).code == 0
    assert (
        tool("sdo", "read", "2", "0x8000:5", *through).out == "0x8000:05  bytes  14 = 20 (0x14)\n"
    )
    refused = tool("sdo", "read", "2", "0x9000", *through)
    assert refused.code == 1
    assert "SubDevice 2 refused object 0x9000:00: there is no such object" in refused.err
    assert [one.state.label for one in gateway.states()] == ["OP"] * 3
    direct = tool("sdo", "read", "2", "0x1018:4", "--nic", NIC)
    assert direct.code == 2
    assert "(taktora gateway lab.toml), and a bus has one MainDevice" in direct.err
    unknown = tool("watch", "lob", "--domain", domain, "--for", "1")
    assert unknown.code == 1
    assert "health  down: its gateway gave no sign of life" in unknown.out
    assert "it was never up; it is down" in unknown.err
    assert "is the gateway running, and is it in this --domain?" in unknown.err
    nobody = tool("sdo", "read", "2", "0x1018:4", "--gateway", "lob", "--domain", domain)
    assert nobody.code == 2
    assert "connector 'lob' is down: its gateway gave no sign of life" in nobody.err
