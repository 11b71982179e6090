"""``taktora ethercat simulate`` in a process of its own, on interfaces that are there."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.soem import SoemBusDriver
from taktora.errors import BusError
from taktora.testing.namespaces import own_network
from taktora.testing.veth import set_up, veth_pair

from .conftest import Command

pytestmark = pytest.mark.segment

FILE = """
[[subdevices]]
type = "loopback"
count = 2

[[subdevices]]
type = "digital-out"
"""

BROKEN = """
from taktora.segment import OwnDevice, Signal

class Broken(OwnDevice):
    inputs = (Signal("level", "u8"),)

    def cycle(self, outputs, now):
        return {"level": 1 // 0}
"""


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with own_network():
        veth_pair("veth0", "veth1")
        yield


@pytest.mark.rule("WIRE-20", "WIRE-21")
def test_a_maindevice_drives_what_the_file_describes_until_it_is_told_to_end(
    taktora_command: Command,
) -> None:
    taktora_command.write(FILE, "segment.toml")
    with taktora_command.start("ethercat", "simulate", "segment.toml", "--nic", "veth1") as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready == "ready: 3 SubDevices on veth1 (2 loopback, 1 digital-out)\n"
        with SoemBusDriver(EthercatOptions("veth0", frame_timeout=0.1)) as driver:
            *_, found = driver.bring_up()
            assert found.expected_wkc == driver.exchange() == 8
        second = taktora_command("ethercat", "simulate", "segment.toml", "--nic", "veth1")
        assert second.returncode == 2
        assert f"veth1 is driven by another process (pid {process.pid})" in second.stderr
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("ended: ")
    assert out.endswith(" frames, 0 lost; 3 INIT\n")


@pytest.mark.rule("WIRE-20")
def test_it_ends_in_time_and_says_its_numbers_meanwhile(taktora_command: Command) -> None:
    taktora_command.write(FILE, "segment.toml")
    done = taktora_command(
        "ethercat", "simulate", "segment.toml", "--nic", "veth1", "--for", "1.2", "--stats"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1] == "0 frames, 0 lost; 3 INIT"
    assert done.stdout.splitlines()[-1] == "ended: 0 frames, 0 lost; 3 INIT"


@pytest.mark.rule("TERM-41", "WIRE-20")
def test_a_mistake_in_a_device_of_ones_own_is_told_where_the_simulator_runs(
    taktora_command: Command,
) -> None:
    taktora_command.write(BROKEN, "broken.py")
    taktora_command.write('[[subdevices]]\ntype = "broken:Broken"\n', "segment.toml")
    with taktora_command.start("ethercat", "simulate", "segment.toml", "--nic", "veth1") as process:
        assert process.stdout is not None
        process.stdout.readline()
        options = EthercatOptions("veth0", state_timeout=0.5)
        with SoemBusDriver(options) as driver, pytest.raises(BusError, match="0x0001"):
            list(driver.bring_up())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "SubDevice Broken: Broken.cycle() failed; it goes to SAFE-OP" in err
    assert "ZeroDivisionError" in err
    assert 'broken.py", line' in err


@pytest.mark.rule("WIRE-21")
def test_what_cannot_be_simulated_is_refused_with_what_to_do(taktora_command: Command) -> None:
    taktora_command.write('[[subdevices]]\ntype = "digital"\n', "bad.toml")
    taktora_command.write(FILE, "segment.toml")
    set_up("veth1", up=False)
    for file, nic, said in (
        ("bad.toml", "veth1", 'did you mean "digital-in" or "digital-out"?'),
        ("none.toml", "veth1", "there is no such segment file"),
        ("segment.toml", "veth7", "no network interface 'veth7'; there are: lo, veth1, veth0"),
        ("segment.toml", "veth1", "veth1 is down: sudo ip link set veth1 up"),
    ):
        done = taktora_command("ethercat", "simulate", file, "--nic", nic)
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stdout == ""
