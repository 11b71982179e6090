"""A small line, what it looks like as data, and its picture: python draw_topology.py [topology.svg]."""

from __future__ import annotations

import ctypes
import sys
import tempfile
from pathlib import Path

import taktora
from taktora.picture import render


class Alarm(taktora.Item):
    """Wakes on smoothed data, and when none came for 50 ms."""

    def __init__(self, readings: taktora.Subscriber, alarms: taktora.Publisher) -> None:
        self.readings = readings
        self.publishes = (alarms,)  # what is drawn; without it, what can be seen is

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.deadline(self.readings, 0.05)


def build(executor: taktora.Executor) -> None:
    raw = executor.channel("line/raw", ctypes.c_double)
    smooth = executor.channel("line/smooth", ctypes.c_double)
    alarms = executor.channel("line/alarms", bytes)
    raw_out, raw_in, smooth_out = raw.publisher(), raw.subscriber(), smooth.publisher()

    @taktora.every(0.01)
    def sensor() -> None:
        raw_out.send_copy(1.0)

    @taktora.on(raw_in)
    def smoothing() -> None:
        for sample in raw_in:
            smooth_out.send_copy(sample.payload)

    executor.add(sensor)
    executor.add(smoothing)
    executor.add(Alarm(smooth.subscriber(), alarms.publisher()), id="alarm")


def main() -> None:
    with taktora.Executor(name="line") as executor:
        build(executor)
        topology = executor.topology()
    print(topology)
    folder = Path(tempfile.mkdtemp()) if len(sys.argv) < 2 else None
    path = folder / "topology.svg" if folder else Path(sys.argv[1])
    path.write_text(render(topology, "svg"))
    print(f"drawn: {path}")


if __name__ == "__main__":
    main()
