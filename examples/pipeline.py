"""A vibration sensor and its monitor: two processes, joined by a channel in shared memory.

    python examples/pipeline.py --seconds 5 --rate 1000

The sensor publishes a reading on every tick of an interval. In the monitor, items are woken by
readings, by silence and by the clock; they share nothing, and tell each other what they know.
Once, the sensor pauses on purpose, so that missed deadlines can be seen. Try Ctrl-C in the
middle, or `kill -9` with the sensor's pid: the monitor goes on, and says so.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import math
import os
import sys
import time
from collections import deque
from collections.abc import Collection
from statistics import fmean
from subprocess import PIPE, Popen

from attrs import frozen

from taktora import Context, Executor, Item, ItemRef, Subscriber, TriggerDeclarer, every, on

PAUSE = 0.2  # seconds that the sensor is silent, once
WITHIN = 0.05  # seconds of silence that the monitor accepts


class Reading(ctypes.Structure):
    """What travels; a C++ or Rust process would read the same bytes."""

    _fields_ = (
        ("sequence", ctypes.c_uint64),
        ("timestamp_ns", ctypes.c_uint64),  # CLOCK_MONOTONIC: the same in every process
        ("acceleration", ctypes.c_double),  # g
        ("temperature", ctypes.c_double),  # degrees Celsius
    )


def sense(domain: str, rate: float, pause_after: float) -> None:
    """The sensor's process: measure and publish until told to end."""
    with Executor(name="sensor", domain=domain) as executor:
        readings = executor.channel("readings", Reading).publisher()
        sequence = itertools.count()
        pause = time.monotonic() + pause_after

        @every(1 / rate)
        def measure(ctx: Context) -> None:
            now = ctx.now_ns / 1e9
            if pause <= now < pause + PAUSE:
                return
            with readings.loan() as reading:  # written in shared memory, sent at the block's end
                reading.sequence = next(sequence)
                reading.acceleration = math.sin(math.tau * 50 * now)
                reading.temperature = 40 + math.sin(now / 60)
                reading.timestamp_ns = time.monotonic_ns()

        @on(sys.stdin)  # a pipe that closes when the monitor ends, whatever ended it
        def end(ctx: Context) -> None:
            ctx.stop_executor()

        executor.add(measure)
        executor.add(end)
        executor.run()


@frozen
class Vibrated:
    """How strongly the machine shook lately: root mean square, in g."""

    rms: float


class Vibration(Item):
    """Computes the root mean square of the acceleration over a sliding window."""

    def __init__(self, readings: Subscriber, monitor: ItemRef) -> None:
        self.readings, self.monitor = readings, monitor
        self.squares: deque[float] = deque(maxlen=100)

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.subscriber(self.readings).interval(0.1)

    def execute(self, ctx: Context) -> None:
        self.squares.extend(sample.payload.acceleration**2 for sample in self.readings)
        if ctx.scheduled_ns and self.squares:  # the interval fired
            self.monitor.tell(Vibrated(math.sqrt(fmean(self.squares))))


class Monitor(Item):
    """Measures how long readings take to get here, and prints a line per second."""

    def __init__(self, readings: Subscriber, sensor: Popen[bytes]) -> None:
        self.readings, self.sensor = readings, sensor
        self.latencies: list[float] = []  # microseconds, since the last line
        self.all: deque[float] = deque(maxlen=1_000_000)  # of the whole run, within reason
        self.received = self.gaps = self.missed = self.since_ns = self.heard_ns = 0
        self.rms, self.silence = math.nan, ""

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.deadline(self.readings, WITHIN)  # a reading, or none in time
        on.interval(1)

    def execute(self, ctx: Context) -> None:
        for sample in self.readings:
            self.note(sample.payload, time.monotonic_ns())
        for fired in ctx.triggers:
            match fired.kind:
                case "deadline_missed":
                    self.miss(ctx)
                case "interval" if self.received:
                    self.show(ctx.now_ns)
                case "message":
                    self.rms = fired.source.rms

    def note(self, reading: Reading, now: int) -> None:
        if self.silence:
            say(f"  ! readings again, after {(now - self.heard_ns) / 1e6:.0f} ms")
        self.latencies.append((now - reading.timestamp_ns) / 1000)
        self.gaps = reading.sequence - self.received  # numbers that were sent and never came
        self.received += 1
        self.since_ns, self.heard_ns, self.silence = self.since_ns or now, now, ""

    def miss(self, ctx: Context) -> None:
        status = self.sensor.poll()
        if status is None and not self.received:
            return  # it is still starting
        silence = "the sensor is alive" if status is None else f"the sensor ended ({status})"
        if silence != self.silence:
            say(f"  ! no reading for {(ctx.now_ns - self.heard_ns) / 1e6:.0f} ms: {silence}")
        self.missed, self.silence = self.missed + 1, silence
        if status == 0:
            ctx.stop_executor()  # it was ended on purpose: end with it

    def show(self, now: int) -> None:
        rate = len(self.latencies) / (now - self.since_ns) * 1e9
        p50, p99 = quantiles(self.latencies)
        say(f"{rate:8.0f} {p50:8.0f} {p99:8.0f} {self.rms:8.3f} {self.missed:8} {self.gaps:6}")
        self.all += self.latencies
        self.latencies, self.since_ns = [], now


def quantiles(values: Collection[float]) -> tuple[float, float]:
    """The median, and what 99 % of all values do not exceed."""
    ordered = sorted(values) or [math.nan]
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]


def watch(seconds: float, rate: float, workers: int) -> None:
    """The monitor's process: start the sensor, watch it, sum up."""
    domain = f"pipeline-{os.getpid()}"  # two copies of this program do not meet
    sensor = [sys.executable, __file__, f"--sensor={domain}", f"--{seconds=}", f"--{rate=}"]
    with Executor(name="monitor", domain=domain, worker_threads=workers) as executor:
        readings = executor.channel("readings", Reading, buffer_size=256)
        # Its own process group spares the sensor our Ctrl-C; its input closes when we end.
        with Popen(sensor, stdin=PIPE, process_group=0) as process:
            monitor = Monitor(readings.subscriber(), process)
            ref = executor.add(monitor)
            executor.add(Vibration(readings.subscriber(), ref))
            say(f"monitor: pid {os.getpid()}, sensor: pid {process.pid}\n")
            say("  rate/s   p50 us   p99 us    rms g   missed   gaps")
            executor.run_for(seconds)
    p50, p99 = quantiles([*monitor.all, *monitor.latencies])
    say(
        f"\n{monitor.received} readings: latency p50 {p50:.0f} us, p99 {p99:.0f} us; "
        f"{monitor.missed} missed deadlines, {monitor.gaps} gaps"
    )


def say(line: str) -> None:
    print(line, flush=True)  # line by line into a pipe, too


def positive(text: str) -> float:
    if not 0 < (number := float(text)) < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1,000,000")
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description="A sensor and its monitor, in two processes.")
    add = parser.add_argument
    add("--seconds", type=positive, default=5, metavar="S", help="how long (default: 5)")
    add("--rate", type=positive, default=1000, metavar="HZ", help="readings (default: 1000)")
    add("--workers", type=int, default=0, metavar="N", help="threads for items (default: 0)")
    add("--sensor", help=argparse.SUPPRESS)  # the domain; be its sensor
    args = parser.parse_args()
    if args.workers < 0:
        parser.error("argument --workers: must be zero or more")
    if args.sensor:
        sense(args.sensor, args.rate, pause_after=min(2, args.seconds / 2))
    else:
        watch(args.seconds, args.rate, args.workers)


if __name__ == "__main__":
    main()
