"""Playing a recording into a simulation."""

from __future__ import annotations

import ctypes
import heapq
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import taktora
from taktora.errors import InvalidArgument, PayloadMismatch
from taktora.replay import Recording, play_into
from tests.replay.conftest import numbered, write


class Imu(ctypes.Structure):
    _fields_ = [("number", ctypes.c_uint64), ("again", ctypes.c_uint64)]


class TinySimulation:
    """Virtual time, and a node."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.now_ns = 77
        self._order = itertools.count()
        self._due: list[tuple[int, int, Callable[[], object]]] = []

    def at(self, when_ns: int, action: Callable[[], object], /) -> None:
        assert when_ns >= self.now_ns
        heapq.heappush(self._due, (when_ns, next(self._order), action))

    def advance_to(self, until: int) -> None:
        while self._due and self._due[0][0] <= until:
            self.now_ns, _, action = heapq.heappop(self._due)
            action()
        self.now_ns = until


@pytest.fixture
def simulation(domain: str) -> Iterator[TinySimulation]:
    with taktora.Node(domain=domain) as node:
        yield TinySimulation(node)


WHOLE = numbered(30)


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    write(tmp_path / "a.mcap", WHOLE, flush_every=7)
    with Recording(tmp_path / "a.mcap") as recording:
        yield recording


@pytest.mark.rule("REPLAY-50")
@pytest.mark.parametrize("speed", [1, 2, 0.5])
def test_each_message_is_published_at_its_virtual_time(
    speed: float, simulation: TinySimulation, recording: Recording
) -> None:
    imu = simulation.node.channel("imu", Imu).subscriber()
    log = simulation.node.channel("log", bytes).subscriber()
    playback = play_into(
        simulation, recording, speed=speed, channels=["imu", "log"], types={"imu": Imu}
    )
    seen = []
    for number in range(30):
        simulation.advance_to(77 + round(number * 1_000_000 / speed))
        seen += [(number, sample.payload.number) for sample in imu]
        seen += [(number, int.from_bytes(bytes(sample.payload), "little")) for sample in log]
    assert seen == [(number, number) for number in range(30) if number % 3 != 2]
    assert playback.done
    assert playback.count == 20
    assert playback.end_ns == 77 + round(29_000_000 / speed)
    assert "done" in repr(playback)


@pytest.mark.rule("REPLAY-50")
def test_a_channel_without_a_type_is_opened_by_its_layout(
    simulation: TinySimulation, recording: Recording
) -> None:
    subscriber = simulation.node.channel("imu", Imu).subscriber()
    play_into(simulation, recording, channels=["imu"], start=0.006, end=0.012)
    simulation.advance_to(10**9)
    assert [sample.payload.number for sample in subscriber] == [6, 9]


@pytest.mark.rule("REPLAY-50")
def test_types_that_were_not_recorded_are_refused(
    simulation: TinySimulation, recording: Recording
) -> None:
    for name, wrong in (
        ("imu", ctypes.c_uint64),
        ("imu", bytes),
        ("log", ctypes.c_uint8),
        ("imu", np.dtype(np.uint8)),
    ):
        with pytest.raises(PayloadMismatch, match=f"'{name}' was recorded with"):
            play_into(simulation, recording, channels=[name], types={name: wrong})
    with pytest.raises(InvalidArgument, match="full speed"):
        play_into(simulation, recording, speed=float("inf"))


@pytest.mark.rule("REPLAY-50")
def test_a_numpy_type_is_played(simulation: TinySimulation, tmp_path: Path) -> None:
    from taktora.replay import RecordedChannel, RecordingWriter
    from taktora.transport.arrays import layout_name

    dtype = np.dtype((np.int16, (2, 2)))
    with RecordingWriter(tmp_path / "n.mcap") as writer:
        writer.add_channel(RecordedChannel("grid", layout_name(dtype), 8, 2))
        writer.write("grid", np.arange(4, dtype=np.int16).tobytes(), 5)
    subscriber = simulation.node.channel("grid", dtype).subscriber()
    with Recording(tmp_path / "n.mcap") as recording:
        play_into(simulation, recording, types={"grid": dtype})
        simulation.advance_to(10**6)
    (sample,) = subscriber
    assert sample.payload.tolist() == [[0, 1], [2, 3]]
