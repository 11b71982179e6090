"""The rig of EtherCAT tests: a network of one's own, a simulator in it, and nothing left of both."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from taktora.connectors.ethercat.bus import AlState
from taktora.testing.ethercat import SegmentFailed, SegmentState, simulated_segment

pytestmark = pytest.mark.segment


def names() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.rule("WIRE-01")
def test_the_thread_is_in_a_network_of_its_own_inside_and_back_after_also_after_an_error() -> None:
    before = names()
    with simulated_segment(1) as segment:
        assert names() == {"lo", "ecat0", "ecat1"}
        assert segment.nic == "ecat0"
        assert is_alive(segment.pid)
    assert names() == before
    assert not is_alive(segment.pid)
    with pytest.raises(ZeroDivisionError), simulated_segment(1) as segment:
        raise ZeroDivisionError
    assert names() == before
    assert not is_alive(segment.pid)


@pytest.mark.rule("WIRE-01")
def test_two_segments_at_once_know_nothing_of_each_other() -> None:
    with simulated_segment(1) as outer, simulated_segment(2) as inner:
        assert (len(outer.states()), len(inner.states())) == (1, 2)


@pytest.mark.rule("WIRE-02")
def test_when_the_test_is_killed_so_is_the_simulator(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(
        textwrap.dedent("""
        import os, signal
        from taktora.testing.ethercat import simulated_segment
        with simulated_segment(1) as segment:
            print(segment.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """)
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TMPDIR": str(tmp_path),
        },
    )
    assert [one.name for one in tmp_path.iterdir()] == ["killed.py"]
    try:
        simulator = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return  # gone already
    try:
        ended, _, _ = select.select([simulator], [], [], 30)
        assert ended, "the simulator lives on"
    finally:
        os.close(simulator)


@pytest.mark.rule("WIRE-03")
def test_mistakes_in_what_is_described_are_told_at_their_places() -> None:
    said = r"subdevices\[0\].type: is \"digital\""
    with pytest.raises(SegmentFailed, match=said), simulated_segment([{"type": "digital"}]):
        pass


@pytest.mark.rule("WIRE-03")
def test_a_simulator_that_has_ended_says_so_with_what_it_printed() -> None:
    with simulated_segment(1) as segment:
        segment.kill()
        with pytest.raises(SegmentFailed, match="ended with exit code -9"):
            segment.states()


@pytest.mark.rule("WIRE-04")
def test_images_states_and_devices_can_be_looked_at_while_it_runs() -> None:
    subdevices = [{"type": "digital-in", "name": "buttons"}, {"type": "loopback"}]
    with simulated_segment(subdevices) as segment:
        assert segment.states() == (
            SegmentState(1, "buttons", AlState.INIT, error=False, al_status=0),
            SegmentState(2, "loopback", AlState.INIT, error=False, al_status=0),
        )
        segment.call(1, "inputs.load", b"\x81")
        assert segment.call(1, "inputs") == [True, *[False] * 6, True]
        assert segment.register(2, 0x0400) == 2498
        assert segment.statistics()["frames"] == 0
        for wrong, said in (
            (lambda: segment.outputs(3), "no SubDevice at position 3"),
            (lambda: segment.call(1, "_pdos"), "private"),
            (lambda: segment.call(1, "nothing"), "no attribute 'nothing'"),
            (lambda: segment.register(1, 1 << 20), "there are addresses"),
            (lambda: segment.ask("dance"), "a request is one of"),
        ):
            with pytest.raises(SegmentFailed, match=said):
                wrong()
        assert len(segment.states()) == 2


@pytest.mark.rule("WIRE-04")
def test_a_segment_file_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "segment.toml"
    file.write_text('[[subdevices]]\ntype = "coupler"\nname = "head"\n')
    with simulated_segment(file) as segment:
        assert [one.name for one in segment.states()] == ["head"]


@pytest.mark.rule("WIRE-04")
def test_a_device_of_ones_own_is_found_where_the_test_finds_it(tmp_path: Path) -> None:
    (tmp_path / "own_heater.py").write_text(
        textwrap.dedent("""
        from taktora.segment.hook import OwnDevice
        from taktora.segment.signals import Signal

        class Heater(OwnDevice):
            outputs = (Signal("power", "u16"),)
            inputs = (Signal("heat", "i16"),)
            def cycle(self, outputs, now):
                return {"heat": outputs["power"]}
        """)
    )
    sys.path.insert(0, str(tmp_path))
    try:
        with simulated_segment([{"type": "own_heater:Heater"}]) as segment:
            assert segment.call(1, "output_bits") == 16
    finally:
        sys.path.remove(str(tmp_path))
