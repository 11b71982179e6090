"""The baseline: the shortest loop over pysoem that keeps a time grid and looks at its counter."""

from __future__ import annotations

from multiprocessing.connection import Connection
from time import monotonic_ns, sleep, thread_time_ns

import pysoem

from benchmarks.ethercat.job import WARM_UP, Job, Taken, as_loop

__all__ = ["bare"]

_TIMEOUT = 2000  # us, as the gateway's


def bare(answers: Connection, job: Job) -> None:
    """Bring the bus up, keep it in OP for so many cycles, and send what was taken."""
    master = pysoem.Master()
    master.open(job.nic)
    try:
        if master.config_init() != job.subdevices:
            raise RuntimeError(f"found {len(master.slaves)} SubDevices, not {job.subdevices}")
        master.config_map()
        if master.state_check(pysoem.SAFEOP_STATE, 2_000_000) != pysoem.SAFEOP_STATE:
            raise RuntimeError("no SAFE-OP")
        master.send_processdata()
        master.receive_processdata(_TIMEOUT)
        master.state = pysoem.OP_STATE
        master.write_state()
        for _ in range(200):
            master.send_processdata()
            master.receive_processdata(_TIMEOUT)
            if master.state_check(pysoem.OP_STATE, 10_000) == pysoem.OP_STATE:
                break
        else:
            raise RuntimeError("no OP")
        with as_loop(job):
            taken = _run(master, job)
        answers.send(taken)
    finally:
        master.state = pysoem.INIT_STATE
        master.write_state()
        master.close()


def _run(master: pysoem.Master, job: Job) -> Taken:
    taken = Taken()
    expected, period = master.expected_wkc, job.period
    send, receive = master.send_processdata, master.receive_processdata
    slot, first, began_at = monotonic_ns(), -WARM_UP, 0
    for number in range(first, job.cycles):
        if number == 0:
            began_at = thread_time_ns()
        slot += period
        now = monotonic_ns()
        if now < slot:
            sleep((slot - now) / 1e9)
        else:
            missed = (now - slot) // period
            slot += missed * period
            if number >= 0:
                taken.skipped += missed
        woke = monotonic_ns()
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
        taken.exchange.append(done - woke)
        taken.late.append(woke - slot)
    taken.cpu = thread_time_ns() - began_at
    taken.work = taken.exchange
    return taken
