"""Interfaces that can and cannot be used, in a network of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from taktora.connectors.ethercat.nic import Nic, look_up, usable_interface
from taktora.connectors.ethercat.privileges import Capability, has, how_to_give
from taktora.errors import BusError
from taktora.testing.namespaces import own_network
from taktora.testing.veth import set_mtu, set_up, veth_pair

pytestmark = pytest.mark.segment

HOLD = """
import sys
from taktora.connectors.ethercat.nic import Nic
nic = Nic("ecat0")
print("held", flush=True)
sys.stdin.read()
"""
WITHOUT = """
from taktora.connectors.ethercat.nic import usable_interface
try:
    usable_interface("ecat0")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with own_network():
        veth_pair("ecat0", "ecat1")
        yield


def holder() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.rule("SOEM-10")
def test_an_interface_is_driven_by_one_process_which_the_error_names() -> None:
    process = holder()
    try:
        with pytest.raises(BusError, match=rf"ecat0 is driven by .*\(pid {process.pid}\)"):
            Nic("ecat0")
        Nic("ecat1").close()
    finally:
        process.communicate("")
    Nic("ecat0").close()


@pytest.mark.rule("SOEM-10")
def test_it_is_free_when_the_process_was_killed() -> None:
    process = holder()
    process.kill()
    process.communicate()
    Nic("ecat0").close()


@pytest.mark.rule("SOEM-10")
def test_the_same_process_cannot_drive_it_twice_and_closing_twice_is_fine() -> None:
    with Nic("ecat0") as nic:
        for _ in range(3):
            with pytest.raises(BusError, match=rf"this very process already \(pid {os.getpid()}\)"):
                Nic("ecat0")
        nic.check()
        nic.close()
        Nic("ecat0").close()


@pytest.mark.rule("SOEM-10")
def test_an_interface_of_another_network_is_another_one() -> None:
    with Nic("ecat0"), own_network():
        veth_pair("ecat0", "ecat1")
        Nic("ecat0").close()


@pytest.mark.rule("SOEM-11")
def test_one_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(BusError, match=r"no network interface 'eth9'; there are: .*ecat1"):
        usable_interface("eth9")


@pytest.mark.rule("SOEM-11")
def test_one_that_is_down_is_told_with_the_command_that_mends_it() -> None:
    set_up("ecat0", up=False)
    with pytest.raises(BusError, match="ecat0 is down: sudo ip link set ecat0 up"):
        usable_interface("ecat0")
    set_up("ecat0")
    assert usable_interface("ecat0").is_up


@pytest.mark.rule("SOEM-11")
def test_the_loopback_interface_and_a_small_mtu_are_refused() -> None:
    with pytest.raises(BusError, match="lo is no Ethernet interface"):
        usable_interface("lo")
    set_mtu("ecat0", 1400)
    with pytest.raises(BusError, match=r"MTU of ecat0 is 1400.*ip link set ecat0 mtu 1500"):
        usable_interface("ecat0")


@pytest.mark.rule("SOEM-11")
def test_without_a_cable_it_can_be_used_all_the_same() -> None:
    set_up("ecat1", up=False)
    assert not look_up("ecat0").has_carrier
    usable_interface("ecat0")


@pytest.mark.rule("SOEM-12")
def test_without_the_capability_the_error_says_which_and_how_this_python_gets_it() -> None:
    drop = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
    try:
        done = subprocess.run(
            [*drop, sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("no setpriv (util-linux)")
    assert done.stdout.startswith("BusError raw frames on ecat0 need the capability CAP_NET_RAW")
    assert f"sudo setcap cap_net_raw+ep {os.path.realpath(sys.executable)}" in done.stdout
    assert "--cap-add=net_raw" in done.stdout


def test_capabilities_are_those_of_this_thread() -> None:
    assert has(Capability.CAP_NET_RAW)
    told = how_to_give(Capability.CAP_NET_ADMIN, Capability.CAP_NET_RAW, interpreter="/x/python")
    assert "cap_net_admin,cap_net_raw+ep /x/python" in told


def test_a_network_of_ones_own_is_this_threads_alone_and_is_left_again() -> None:
    def names() -> set[str]:
        import socket

        return {name for _, name in socket.if_nameindex()}

    inside, elsewhere = names(), set()
    with own_network():
        assert names() == {"lo"}
        thread = threading.Thread(target=lambda: elsewhere.update(names()))
        thread.start()
        thread.join()
        assert elsewhere == {"lo"}
    assert names() == inside == {"lo", "ecat0", "ecat1"}
    with pytest.raises(ZeroDivisionError), own_network():
        raise ZeroDivisionError
    assert names() == inside


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(FileExistsError):
        veth_pair("ecat1", "ecat2")
