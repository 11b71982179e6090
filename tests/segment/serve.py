"""``python -m tests.segment.serve NIC COUNT OPTIONS``: probes at an interface, in a process of its own.

A master that holds the interpreter's lock while it waits could not be answered from the same process.
"""

from __future__ import annotations

import json
import sys
import time

from taktora.segment.controller_options import ControllerOptions
from taktora.segment.segment import Segment
from taktora.segment.wire import Wire

from .bench import Probe


def main(nic: str, count: str, options: str) -> None:
    every = [ControllerOptions(**one) for one in json.loads(options)]
    devices = [Probe(32, 32) for _ in range(int(count))]
    wire = Wire(Segment(devices, every, time.monotonic_ns()), nic)
    print("ready", flush=True)
    wire.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
