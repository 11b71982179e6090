"""``python -m benchmarks.ethercat_cycle``: what the framework adds to a cycle of a bare pysoem loop.

Both drive the same simulated segment over a veth pair, in turn, round by round: the shortest loop over
pysoem, and the gateway of an EtherCAT connector, which a plug-in in another process writes to and reads
from 100 times a second. The simulator has a CPU of its own, the loop another one, with the same
priority; the plug-in shares the loop's, at the usual scheduling. Times are in microseconds:

exchange   sending the frame and receiving it: the two calls into pysoem
work       from the wake-up until the loop arms its timer to sleep again; the bare loop's is its exchange
x bare     work against the bare loop's exchange of the same round: median, smallest and largest round
late       from the slot of the time grid to the exchange
CPU/cycle  of the loop's thread, sleeping and waking up included, whatever woke it
others %   how long other threads were on the loop's CPU, the plug-in among them: what they evict from
           its caches makes both loops slower, the longer one more. On a machine that is otherwise idle
           it is about 2
short, lost, skipped   working counters, frames, slots of the grid

Needs root: a network namespace, raw sockets, SCHED_FIFO.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from attrs import frozen

from benchmarks.ethercat.bare import bare
from benchmarks.ethercat.figures import line, table
from benchmarks.ethercat.gateway import gateway
from benchmarks.ethercat.job import Job, Taken
from benchmarks.ethercat.plugin import plugin
from benchmarks.ethercat.processes import process
from benchmarks.machine import describe
from benchmarks.ours.domain import own_domain
from taktora.testing.ethercat import SimulatedSegment, cannot_simulate, simulated_segment

__all__ = ["main"]

_CANNOT = 2
_BARE, _GATEWAY, _BUSY = "bare pysoem", "gateway", "gateway, plug-in busy"


@frozen
class Case:
    """A segment, how often it is exchanged with, and by whom."""

    subdevices: int
    size: int
    """Bytes of outputs, and of inputs, of each SubDevice."""
    period: int
    """Nanoseconds."""
    variants: tuple[str, ...]

    @property
    def title(self) -> str:
        return (
            f"{self.subdevices} SubDevices with {self.size} bytes each way, every "
            f"{self.period / 1e6:g} ms"
        )


CASES = {
    "3": Case(3, 4, 1_000_000, (_BARE, _GATEWAY, _BUSY)),
    "40": Case(40, 8, 2_000_000, (_BARE, _GATEWAY)),
}


def _cannot_run() -> str | None:
    if find_spec("pysoem") is None:
        return "pysoem is not installed: pip install 'taktora[ethercat]'"
    if len(os.sched_getaffinity(0)) < 2:
        return "it needs two CPUs: one for the simulator, one for the loop"
    return cannot_simulate()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ethercat_cycle",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="per variant and round (20)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per case (3)")
    parser.add_argument("--only", nargs="+", metavar="CASE", choices=list(CASES), help="3, or 40")
    parser.add_argument(
        "--priority", type=int, default=50, help="SCHED_FIFO of loops and simulator; 0: none (50)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="half a second each: shows that it runs"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds, arguments.rounds = 0.5, 1
    if arguments.seconds < 0.1 or arguments.rounds < 1:
        parser.error("needs at least 0.1 seconds and one round")
    if not 0 <= arguments.priority <= 99:
        parser.error("--priority must be from 0 to 99")
    return arguments


def _measure(variant: str, job: Job) -> Taken:
    if variant == _BARE:
        with process(bare, job) as loop:
            taken: Taken = loop.hear()
        return taken
    with own_domain() as domain, process(gateway, job, domain) as loop:
        loop.hear()
        with process(plugin, job, job.cpu, domain, variant == _BUSY) as other:
            other.hear()
            loop.tell()
            taken = loop.hear()
            other.tell()
            sent, heard = other.hear()
    if not sent or not heard:
        raise RuntimeError(f"the plug-in sent {sent} values and heard {heard}")
    return taken


@contextmanager
def _segment(case: Case, cpu: int, priority: int) -> Iterator[SimulatedSegment]:
    devices = [{"type": "loopback", "count": case.subdevices, "bytes": case.size}]
    with simulated_segment(devices) as segment:
        os.sched_setaffinity(segment.pid, {cpu})
        if priority:
            os.sched_setscheduler(segment.pid, os.SCHED_FIFO, os.sched_param(priority))
        yield segment


def _run(case: Case, arguments: argparse.Namespace) -> str:
    loop_cpu, wire_cpu = sorted(os.sched_getaffinity(0))[:2]
    taken: dict[str, list[Taken]] = {variant: [] for variant in case.variants}
    with _segment(case, wire_cpu, arguments.priority) as segment:
        job = Job(
            nic=segment.nic,
            subdevices=case.subdevices,
            size=case.size,
            period=case.period,
            cycles=round(arguments.seconds * 1e9 / case.period),
            cpu=loop_cpu,
            priority=arguments.priority,
        )
        for number in range(arguments.rounds):
            turn = number % len(case.variants)
            for variant in case.variants[turn:] + case.variants[:turn]:
                taken[variant].append(_measure(variant, job))
            said = "; ".join(line(name, its[-1]) for name, its in taken.items())
            print(f"round {number + 1}/{arguments.rounds}: {said}", file=sys.stderr, flush=True)
    return table(case.title, taken, case.period)


def main() -> int:
    """Returns 2 when it cannot run here."""
    arguments = _arguments()
    refused = _cannot_run()
    if refused is not None:
        print(f"the EtherCAT cycle cannot be measured here: {refused}")
        return _CANNOT
    machine = describe()
    tables = [_run(CASES[name], arguments) for name in arguments.only or CASES]
    for one in tables:
        print(f"\n{one}")
    fifo = f"SCHED_FIFO {arguments.priority}" if arguments.priority else "the usual scheduling"
    print(f"\n{arguments.rounds} rounds of {arguments.seconds:g} s, {fifo}; {machine}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
