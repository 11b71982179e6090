"""The same seed, the same bytes: in every process, under every hash seed, on every machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCENARIO = """
import ctypes, sys
import taktora
from taktora import item
from taktora.testing import Pct, SimulatedExecutor, faults

def build(executor):
    parts = executor.channel("parts", ctypes.c_uint32)
    publishers = [parts.publisher() for _ in range(3)]
    for name, publisher in zip("abc", publishers):
        executor.add(
            item(lambda publisher=publisher: publisher.send_copy(7) and None, id=name,
                 triggers=lambda on: on.interval(0.01)),
            supervision=taktora.Supervision.resume(),
        )
    for name in ("left", "right"):
        subscriber = parts.subscriber()
        executor.add(
            item(lambda subscriber=subscriber: list(subscriber).clear(), id=name,
                 triggers=lambda on, subscriber=subscriber: on.deadline(subscriber, 0.015)))
    executor.add(
        item(lambda ctx: ctx.emit(ctx.input)) >> [item(lambda: None, id=n) for n in "xyz"]
        >> item(lambda: None), id="graph")

for options in ({"seed": 11}, {"chooser": Pct(5, 3, 50)}, {"seed": None}):
    with SimulatedExecutor(worker_threads=2, **options) as sim:
        build(sim)
        sim.takes("left", 0.004)
        sim.inject(faults.Raise("b"))
        for round in range(5):
            sim.inject(faults.Drop("parts"))
            sim.inject(faults.Delay("x", 0.002))
            sim.ref("graph").tell(round)
            sim.advance(0.013)
            sim.publish("parts", round)
        sim.check()
        sys.stdout.write(sim.trace.to_text())
"""

GOLDEN = "e5c05cdbceb151fc9a819cd979827a30a13167d7cfdb6585f50a1756c84dddbf"


def run(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCENARIO],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


@pytest.mark.rule("VIRT-30", "SIM-40")
def test_the_same_seed_gives_the_same_trace_byte_for_byte() -> None:
    first = run("0")
    assert len(first.splitlines()) > 200
    assert run("1") == first
    assert run("31337") == first


@pytest.mark.rule("VIRT-30", "SIM-40")
def test_it_is_the_trace_that_it_was_when_this_was_written() -> None:
    """On another machine, Python or day. Who changes what a simulation does changes this, too."""
    assert hashlib.sha256(run("random").encode()).hexdigest() == GOLDEN
