"""Processes that are killed: the gateway comes back by itself, and outputs of dead plug-ins are safe."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taktora.connectors import BackPressure, ConnectorDown
from taktora.connectors.ethercat import SubDeviceMap
from taktora.testing.ethercat import SimulatedSegment, simulated_segment

from .line import COMMANDED, LAMPS, LOOP, OUTPUTS, SAFE, Line, eventually, refused

pytestmark = pytest.mark.segment

ROOT = Path(__file__).parents[4]
PATIENT = (SubDeviceMap(1, sm_watchdog=5),)


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this project, in this thread's network; it is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def plugin(domain: str, where: str) -> Iterator[subprocess.Popen[str]]:
    """A plug-in that commands its outputs."""
    with started("-m", "tests.connectors.ethercat.end_to_end.plugin", domain, where) as process:
        yield process


def commanded(segment: SimulatedSegment) -> None:
    eventually(lambda: segment.outputs(1) == COMMANDED, "the outputs are as commanded")


def made_safe(segment: SimulatedSegment) -> None:
    eventually(lambda: segment.outputs(1) == SAFE, f"the outputs are safe: {segment.outputs(1)}")


def ends(pid: int) -> bool:
    """Whether a process does so soon."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    found = bool(poll.poll(20_000))
    os.close(fd)
    return found


@pytest.mark.rule("LINE-20")
def test_a_gateway_that_is_killed_is_started_again_and_values_go_on(domain: str) -> None:
    with Line(domain, [LOOP, LAMPS], common={"stale_after": 0.4}) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        first = line.kill_gateway()
        line.until("Down")
        eventually(lambda: refused(writer), "a value is refused")
        line.until("Up")
        assert line.bus._watcher.pid != first
        eventually(lambda: _sent(writer, 7), "a value is accepted")
        line.gets(reader, 7)


def _sent(writer, value) -> bool:
    try:
        return writer.send(value).sent
    except (ConnectorDown, BackPressure):
        return False


@pytest.mark.rule("LINE-21")
def test_the_outputs_of_a_plug_in_that_is_killed_are_made_safe(domain: str) -> None:
    with simulated_segment([LOOP]) as segment, plugin(domain, segment.nic) as process:
        assert process.stdout
        gateway = int(process.stdout.readline())
        commanded(segment)
        process.kill()
        made_safe(segment)
        assert ends(gateway)
        eventually(lambda: segment.states()[0].state.label != "OP", "the bus was left in order")


@pytest.mark.rule("LINE-22")
def test_a_gateway_started_by_hand_makes_them_safe_and_waits_for_the_next_plug_in(
    domain: str, tmp_path: Path
) -> None:
    file = tmp_path / "bus.toml"
    with simulated_segment([LOOP]) as segment:
        file.write_text(_file(segment.nic))
        with started("-m", "taktora", "gateway", str(file), "--domain", domain) as gateway:
            with plugin(domain, str(file)) as first:
                assert first.stdout
                assert first.stdout.readline()
                commanded(segment)
                first.kill()
                made_safe(segment)
            with plugin(domain, str(file)) as second:
                assert second.stdout
                assert second.stdout.readline()
                commanded(segment)
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(20) == 0


def _file(nic: str) -> str:
    channels = "".join(
        f"""
[[connectors.channels]]
name = "{one.name}"
routing = {{ subdevice = 1, direction = "rx", bit_offset = {one.routing.bit_offset}, bit_length = 8, \
safe = {one.routing.safe if isinstance(one.routing.safe, int) else f'"{one.routing.safe}"'} }}
"""
        for one in OUTPUTS
    )
    return f"""
[[connectors]]
name = "bus"
type = "ethercat"
options = {{ network_interface = "{nic}", cycle_time = "1 ms", \
subdevices = [{{ subdevice = 1, sm_watchdog = "5 s" }}] }}
{channels}"""


@pytest.mark.rule("LINE-23")
def test_a_value_that_is_stale_is_made_safe_until_the_next_one(domain: str) -> None:
    with Line(domain, [LOOP], maps=PATIENT) as line:
        writer = line.writer("a", 1, 0, 8, safe=0x18, safe_after=0.2)
        line.up()
        for value in (0x55, 0x66):
            writer.send(value)
            eventually(lambda value=value: line.segment.outputs(1)[0] == value, "it goes out")
            eventually(lambda: line.segment.outputs(1)[0] == 0x18, "it is made safe")


@pytest.mark.rule("LINE-24")
def test_a_second_gateway_on_an_interface_says_who_has_it(domain: str) -> None:
    with Line(domain, [LOOP], maps=PATIENT) as line:
        line.up()
        holder = line.bus._watcher.pid
        other = type(line.bus)("other", options=line.bus.options, node=line.executor)
        with other:
            other.register_with(line.executor)
            eventually(
                lambda: str(holder) in getattr(other.health, "reason", ""),
                f"process {holder} is named: {other.health}",
            )
        assert line.follow() == []


@pytest.mark.rule("LINE-25")
def test_ten_thousand_malformed_frames_on_the_wire_do_not_disturb_the_bus(domain: str) -> None:
    import random

    chance = random.Random(1)
    with Line(domain, [LOOP, LAMPS], maps=PATIENT) as line:
        writer, reader = line.writer("a", 1, 0, 32), line.reader("b", 1, 0, 32)
        line.up()
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind((line.segment.nic, 0))
            for _ in range(10_000):
                body = chance.randbytes(chance.randrange(0, 120))
                # an own kind of source, so that no answer is taken for the master's
                wire.send(b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x09" + b"\x88\xa4" + body)
        writer.send(3)
        line.gets(reader, 3)
        assert line.segment.statistics()["malformed"] > 100
