"""Faults of a segment file on a real segment, frame by frame."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from taktora.errors import InvalidConfig
from taktora.segment.config import load_segment
from taktora.segment.frames import Command, Datagram, build_frame, datagrams_of
from taktora.segment.simulator import Simulator

S, MS = 1_000_000_000, 1_000_000
START = 7 * S

SUBDEVICES = """
    [[subdevices]]
    type = "loopback"
    count = 3

    [[subdevices]]
    type = "coupler"
"""

READ_TYPE = build_frame([Datagram.physical(Command.BRD, 0, 0x0000, bytes(1))])


class Bench:
    def __init__(self, folder: Path, faults: str) -> None:
        path = folder / "segment.toml"
        path.write_text(textwrap.dedent(SUBDEVICES) + textwrap.dedent(faults))
        self.simulator = Simulator(load_segment(path), START)
        self.segment = self.simulator.segment

    def reached(self, at: int) -> int | None:
        """How many SubDevices count in a frame so long after the start; ``None``: it is lost."""
        answer = self.segment.handle(READ_TYPE, START + at)
        return None if answer is None else datagrams_of(answer)[0].working_counter

    def device(self, position: int) -> Any:
        return self.simulator.device(position)

    def write(self, position: int, register: int, data: bytes, at: int) -> None:
        frame = [Datagram.physical(Command.APWR, 1 - position, register, data)]
        self.segment.handle(build_frame(frame), START + at)


@pytest.mark.rule("TERM-56")
def test_a_cable_is_out_for_its_time_again_and_again(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "cable-out"
        subdevice = 3
        at = "2 s"
        lasts = "1 s"
        every = "4 s"
        """,
    )
    assert [bench.reached(n * S) for n in range(12)] == [4, 4, 2, 4, 4, 4, 2, 4, 4, 4, 2, 4]


@pytest.mark.rule("TERM-56")
def test_overlapping_faults_of_a_cable_are_one(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "cable-out"
        subdevice = 2
        at = 1
        lasts = 3
        [[faults]]
        kind = "cable-out"
        subdevice = 2
        at = 2
        lasts = 4
        [[faults]]
        kind = "cable-out"
        subdevice = 3
        at = 5
        lasts = 3
        """,
    )
    assert [bench.reached(n * S) for n in range(9)] == [4, 1, 1, 1, 1, 1, 2, 2, 4]


@pytest.mark.rule("TERM-56")
def test_a_power_cycle_takes_a_subdevice_away_and_it_begins_anew(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "power-cycle"
        subdevice = 2
        at = "1 s"
        lasts = "500 ms"
        """,
    )
    bench.write(2, 0x0010, b"\x34\x12", 0)
    bench.device(2).objects.put(0x8001, 0, "mine")
    assert bench.reached(S - 1) == 4
    assert bench.simulator.register(2, 0x0010, 2) == b"\x34\x12"
    assert [bench.reached(at * MS) for at in (1000, 1499, 1500)] == [1, 1, 4]
    assert bench.simulator.register(2, 0x0010, 2) == bytes(2)
    assert bench.device(2).objects.values[0x8001, 0] == ""


@pytest.mark.rule("TERM-56")
def test_a_power_cycle_that_nobody_saw_has_happened(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "power-cycle"
        subdevice = 2
        at = "1 s"
        """,
    )
    bench.reached(0)
    bench.device(2).objects.put(0x8001, 0, "mine")
    assert bench.reached(10 * S) == 4
    assert bench.device(2).objects.values[0x8001, 0] == ""
    bench.device(2).objects.put(0x8001, 0, "mine")
    bench.reached(11 * S)
    assert bench.device(2).objects.values[0x8001, 0] == "mine"


@pytest.mark.rule("TERM-56", "TERM-55")
def test_frames_are_lost_at_the_rate_while_it_lasts(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "frame-loss"
        rate = 0.2
        at = 1
        lasts = 1
        """,
    )
    lost = [bench.reached(n * MS) is None for n in range(3000)]
    assert not any(lost[:1000] + lost[2000:])
    assert 150 < sum(lost[1000:2000]) < 250


@pytest.mark.rule("TERM-56")
def test_delays_add_up(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "delay"
        by = "2 ms"
        lasts = 2
        [[faults]]
        kind = "delay"
        by = "3 ms"
        at = 1
        lasts = 2
        """,
    )
    late = []
    for n in range(4):
        bench.reached(n * S)
        late.append(bench.segment.late // MS)
    assert late == [2, 5, 3, 0]


@pytest.mark.rule("TERM-56")
def test_an_al_error_and_an_emergency_happen_once(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "al-error"
        subdevice = "loopback-1"
        code = 0x2C
        at = 1
        [[faults]]
        kind = "emergency"
        subdevice = "loopback-1"
        code = 0x1000
        at = 1
        """,
    )
    bench.device(1).entered(2, START)
    bench.reached(0)
    assert bench.segment.state(1)[1] == 0
    assert bench.device(1).mailbox.pending(0) is None
    bench.reached(S)
    assert bench.segment.state(1)[1] == 0x2C
    message = bench.device(1).mailbox.pending(0)
    assert message is not None
    assert message[8:10] == b"\x00\x10"
    bench.reached(2 * S)
    assert bench.device(1).mailbox.pending(0) is None


@pytest.mark.rule("TERM-56")
def test_mailboxes_are_stuck_and_counts_wrong_while_it_lasts(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "stuck-mailbox"
        subdevice = 1
        at = 1
        lasts = 1
        [[faults]]
        kind = "wrong-working-counter"
        subdevice = 2
        lasts = 2
        by = -1
        [[faults]]
        kind = "wrong-working-counter"
        subdevice = 2
        at = 1
        lasts = 2
        by = 3
        """,
    )
    line = bench.segment
    seen = []
    for n in range(5):
        bench.reached(n * S)
        mail = line.controller(1).application.mail
        assert mail is not None
        seen.append((mail.stuck, line._wrong.get(line.controller(2), 0)))
    assert seen == [(False, -1), (True, 2), (False, 3), (False, 0), (False, 0)]


@pytest.mark.rule("TERM-56")
def test_a_segment_says_when_there_is_more_to_do(tmp_path: Path):
    bench = Bench(
        tmp_path,
        """
        [[faults]]
        kind = "cable-out"
        subdevice = 2
        at = "2 s"
        lasts = "1 s"
        """,
    )
    times = [bench.segment.check_time(START + n * S) for n in range(4)]
    assert times == [START + 2 * S, START + 2 * S, START + 3 * S, None]


@pytest.mark.rule("TERM-56")
@pytest.mark.parametrize("kind", ['"stuck-mailbox"', '"emergency"\ncode = 1'])
def test_a_fault_of_a_mailbox_that_is_not_there_is_a_mistake_in_the_file(tmp_path: Path, kind: str):
    with pytest.raises(InvalidConfig) as caught:
        Bench(tmp_path, f"[[faults]]\nkind = {kind}\nsubdevice = 4\n")
    assert caught.value.problems == ("faults[0].subdevice: is 4, and coupler has no mailbox",)
