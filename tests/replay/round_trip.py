"""Record a run, replay it while recording again, and compare: ``python -m tests.replay.round_trip``."""

from __future__ import annotations

import argparse
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import taktora
from taktora.replay import Recording

ROOT = Path(__file__).parents[2]
RATE = 1000  # Hz
CHANNELS = 5


class Sample(ctypes.Structure):
    _fields_ = [("number", ctypes.c_uint64), ("value", ctypes.c_double)]


def _command(domain: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "taktora", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "TAKTORA_DOMAIN": domain},
        stdout=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str], seconds: float) -> str:
    out, _ = process.communicate(timeout=seconds + 60)
    assert process.returncode == 0, out
    return out


def _feed(domain: str, count: int, ready: threading.Event, begin: threading.Event) -> None:
    """``count`` samples on each channel, all of one number together, each millisecond."""
    with taktora.Node(domain=domain) as node:
        publishers = [
            node.channel(f"rig/{one}", Sample, buffer_size=RATE).publisher()
            for one in range(CHANNELS)
        ]
        ready.set()
        begin.wait(60)
        due = time.monotonic_ns()
        for number in range(count):
            due += 10**9 // RATE
            time.sleep(max(due - time.monotonic_ns(), 0) / 1e9)
            for publisher in publishers:
                publisher.send_copy(Sample(number, number / 3))
        time.sleep(0.2)


def contents(path: Path) -> tuple[dict[str, list[bytes]], list[int], int]:
    """Payloads by channel, the times of the first channel from its first, and full reads."""
    with Recording(path) as recording:
        assert recording.broken is None, recording.broken
        found: dict[str, list[bytes]] = {one.name: [] for one in recording.channels}
        times = []
        for one in recording.messages():
            found[one.channel].append(one.data)
            if one.channel == "rig/0":
                times.append(one.log_time_ns)
        full = sum(tally.full_reads for tally in recording.tallies.values())
    return found, [at - times[0] for at in times], full


def round_trip(domain: str, folder: Path, seconds: float) -> str:
    """Run it; a report. Raises ``AssertionError`` where the second recording is another one."""
    count, started = int(seconds * RATE), threading.Event()
    ready = threading.Event()
    first, second = folder / "first.mcap", folder / "second.mcap"
    feeder = threading.Thread(target=_feed, args=(domain, count, ready, started))
    with ExitStack() as stack:
        feeder.start()
        stack.callback(feeder.join)
        stack.callback(started.set)
        assert ready.wait(30)
        recorder = _command(domain, "record", "rig/*", "-o", first, "--messages", count * CHANNELS)
        stack.callback(recorder.kill)
        until = time.monotonic() + 30
        while not first.exists():
            assert recorder.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        started.set()
        out = _end(recorder, seconds)
    data, times, full = contents(first)
    assert data == {
        f"rig/{one}": [bytes(Sample(number, number / 3)) for number in range(count)]
        for one in range(CHANNELS)
    }
    with ExitStack() as stack:
        recorder = _command(domain, "record", "rig/*", "-o", second, "--messages", count * CHANNELS)
        stack.callback(recorder.kill)
        player = _command(domain, "replay", first, "--wait-for-subscribers")
        stack.callback(player.kill)
        played = _end(player, seconds)
        again = _end(recorder, 0)
    data_again, times_again, full_again = contents(second)
    assert data_again == data
    apart = sorted(abs(one - two) for one, two in zip(times, times_again, strict=True))
    return (
        f"{out}{played}{again}same messages in the same order: {count} on each of {CHANNELS} "
        f"channels; full reads {full}, {full_again}; times apart by {apart[len(apart) // 2] / 1e6:.3f} "
        f"ms (p50), {apart[len(apart) * 99 // 100] / 1e6:.3f} ms (p99), {apart[-1] / 1e6:.3f} ms "
        f"(most); {first.stat().st_size} bytes"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    with tempfile.TemporaryDirectory() as _folder:
        print(round_trip(f"rt{os.getpid()}", Path(_folder), parser.parse_args().seconds))
