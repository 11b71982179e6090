"""The baseline: the shortest loop over pysoem that keeps a time grid and looks at its counter."""

from __future__ import annotations

from multiprocessing.connection import Connection
from time import monotonic_ns, sleep, thread_time_ns
from typing import Any

from benchmarks.ethercat.job import WARM_UP, Job, Taken, as_loop, time_in_use
from taktora.drivers.libc import set_timer_slack

__all__ = ["bare"]

_TIMEOUT = 2000  # us, as the gateway's
_PATIENCE = 2_000_000  # us


def bare(line: Connection, job: Job) -> None:
    """Bring the bus up, exchange so many times, and send what was taken."""
    import pysoem

    master = pysoem.Master()
    master.open(job.nic)
    try:
        _bring_up(pysoem, master, job)
        set_timer_slack(1000)  # ns, as every executor's
        as_loop(job)
        line.send(_run(master, job))
    finally:
        master.state = pysoem.INIT_STATE
        master.write_state()
        master.close()


def _bring_up(pysoem: Any, master: Any, job: Job) -> None:
    found = master.config_init()
    if found != job.subdevices:
        raise RuntimeError(f"found {found} SubDevices, not {job.subdevices}")
    master.config_map()
    if master.state_check(pysoem.SAFEOP_STATE, _PATIENCE) != pysoem.SAFEOP_STATE:
        raise RuntimeError("not everybody is in SAFE-OP")
    master.state = pysoem.OP_STATE
    master.write_state()
    for _ in range(1000):
        master.send_processdata()
        master.receive_processdata(_TIMEOUT)
        if master.state_check(pysoem.OP_STATE, 1000) == pysoem.OP_STATE:
            return
    raise RuntimeError("not everybody is in OP")


def _run(master: Any, job: Job) -> Taken:
    taken = Taken()
    expected, period = master.expected_wkc, job.period
    send, receive = master.send_processdata, master.receive_processdata
    slot, cpu, in_use = monotonic_ns(), 0, 0
    for number in range(-WARM_UP, job.cycles):
        if number == 0:
            cpu, in_use = thread_time_ns(), time_in_use(job.cpu)
        slot += period
        now = monotonic_ns()
        if now < slot:
            sleep((slot - now) / 1e9)
        else:
            missed = (now - slot) // period
            slot += missed * period
            taken.skipped += missed if number > 0 else 0
        began = monotonic_ns()
        send()
        counter = receive(_TIMEOUT)
        done = monotonic_ns()
        if number < 0:
            continue
        if counter != expected:
            if counter < 0:
                taken.lost += 1
            else:
                taken.short += 1
        taken.exchange.append(done - began)
        taken.late.append(began - slot)
    taken.cpu = thread_time_ns() - cpu
    taken.others = time_in_use(job.cpu) - in_use - taken.cpu
    taken.work = taken.exchange
    return taken
