"""The wire: a real master at a real interface, and frames that come late or not at all."""

from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taktora.segment.frames import ETHERTYPE, Command, Datagram, build_frame, datagrams_of
from taktora.segment.segment import Segment
from taktora.segment.wire import Wire
from taktora.testing.namespaces import own_network
from taktora.testing.veth import set_up, veth_pair

from .bench import MS, Bench, Probe

pytestmark = pytest.mark.segment

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def serving(segment: Segment) -> Iterator[socket.socket]:
    """The near end of a cable whose far end answers, in a network of the test's own."""
    with own_network():
        veth_pair("near", "far")
        wire = Wire(segment, "far")
        thread = threading.Thread(target=wire.serve)
        thread.start()
        try:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE)) as near:
                near.setsockopt(263, 23, 1)  # not what it sends itself
                near.bind(("near", ETHERTYPE))
                near.settimeout(20)
                yield near
        finally:
            wire.stop()
            thread.join()
            wire.close()


@contextmanager
def pysoem_master(options: list[dict[str, Any]]) -> Iterator[Any]:
    """A master at one end, and at the other so many probes in a process of their own."""
    pysoem = pytest.importorskip("pysoem")
    with own_network():
        veth_pair("near", "far")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.segment.serve"),
                *("far", str(len(options)), json.dumps(options)),
            ],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            master = pysoem.Master()
            master.open("near")
            try:
                yield master
            finally:
                master.close()
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()


def exchange(master: Any) -> int:
    """One cycle, up to the first that is answered: this machine may be busy."""
    for _ in range(100):
        master.send_processdata()
        if (counted := master.receive_processdata(100_000)) >= 0:
            return int(counted)
    raise AssertionError("no frame came back")


@pytest.mark.rule("ESC-100")
@pytest.mark.parametrize("lrw", [True, False])
def test_pysoem_takes_three_probes_to_op_and_exchanges(lrw: bool) -> None:
    with pysoem_master([{"lrw": lrw}] * 3) as master:
        assert master.config_init() == 3
        assert {(one.man, one.id, one.rev, one.name) for one in master.slaves} == {
            (0x1234, 0x5678_9ABC, 3, "Probe")
        }
        assert master.config_map() == 24
        assert master.expected_wkc == 9
        assert master.state_check(4, 1_000_000) == 4
        values = [bytes([number] * 4) for number in (1, 2, 3)]
        for one, value in zip(master.slaves, values, strict=True):
            one.output = value
        assert exchange(master) == 9
        master.state = 8
        master.write_state()
        assert master.state_check(8, 1_000_000) == 8
        for _ in range(3):
            assert exchange(master) == 9
        assert [one.input for one in master.slaves] == [
            bytes(byte ^ 0xFF for byte in value) for value in values
        ]


@pytest.mark.rule("ESC-100")
def test_pysoem_configures_distributed_clocks() -> None:
    with pysoem_master([{"drift": drift} for drift in (0, 50_000, -50_000)]) as master:
        assert master.config_init() == 3
        master.config_map()
        assert master.config_dc()
        delays = [struct.unpack("<I", one._fprd(0x0928, 4))[0] for one in master.slaves]
        assert delays == [0, 500, 1000]
        assert exchange(master) == 9
        before = master.dc_time
        for _ in range(20):
            assert exchange(master) == 9
        assert master.dc_time > before


@pytest.mark.rule("ESC-101")
def test_answers_come_back_when_they_are_due_in_the_order_of_time() -> None:
    segment = Segment([Probe()])
    segment.delaying = lambda number: (80 * MS, 40 * MS, 0)[number]
    with serving(segment) as near:
        sent = time.monotonic_ns()
        for index in range(3):
            near.send(build_frame([Datagram(Command.NOP, 0, b"", index=index)]))
        came = [(datagrams_of(near.recv(2048))[0].index, time.monotonic_ns()) for _ in range(3)]
    assert [index for index, _ in came] == [2, 1, 0]
    assert came[1][1] - sent >= 40 * MS
    assert came[2][1] - sent >= 80 * MS


@pytest.mark.rule("ESC-101")
def test_time_passes_when_no_frame_comes() -> None:
    bench = Bench([probe := Probe()], now=time.monotonic_ns())
    bench.to_op()
    fallen = threading.Event()
    probe.entered = lambda state, now: fallen.set()  # type: ignore[method-assign]
    with serving(bench.segment):
        assert fallen.wait(20)
    assert bench.segment.state(1) == (0x14, 0x1B)


@pytest.mark.rule("ESC-102")
def test_a_link_that_was_down_serves_again() -> None:
    frame = build_frame([Datagram.physical(Command.BRD, 0, 0x0000, bytes(1))])
    with serving(Segment([Probe()])) as near:
        near.send(frame)
        assert datagrams_of(near.recv(2048))[0].working_counter == 1
        set_up("far", up=False)
        set_up("far")
        near.settimeout(0.1)
        for _ in range(200):  # the near end sends once the kernel has noticed the link
            try:
                near.send(frame)
                back = near.recv(2048)
                break
            except OSError:
                continue
        assert datagrams_of(back)[0].working_counter == 1


@pytest.mark.rule("ESC-102")
def test_it_takes_frames_only_from_the_other_end() -> None:
    """Its own answers are no frames for it: else one would go round for ever."""
    segment = Segment([Probe()])
    with serving(segment) as near:
        for _ in range(5):
            near.send(build_frame([Datagram(Command.NOP, 0, b"")]))
            near.recv(2048)
    assert segment.statistics.frames == 5


@pytest.mark.rule("ESC-102")
def test_an_interface_that_there_is_not_is_an_error() -> None:
    with own_network(), pytest.raises(OSError, match="No such device"):
        Wire(Segment([Probe()]), "nowhere")
