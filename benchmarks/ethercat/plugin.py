"""The plug-in: in a process of its own, 100 outputs per second, and each input that comes."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.ethercat.channels import COMMAND, NAME, echoes
from benchmarks.ethercat.job import Job
from taktora import Context, Runner, every, on
from taktora.connectors import ConnectorHost
from taktora.connectors.ethercat.connector import EthercatRemote
from taktora.errors import ConnectorDown

__all__ = ["plugin"]

PERIOD = 0.01


def plugin(orders: Connection, job: Job, cpu: int, domain: str, busy: bool) -> None:
    """Write and read until told to stop; sends how much of both it did."""
    os.sched_setaffinity(0, {cpu})
    sent, heard = [0], [0]
    end = threading.Event()
    with ConnectorHost(domain=domain) as host:
        bus: Any = host.register(EthercatRemote(NAME))
        writer = bus.create_writer(COMMAND, int)
        for echo in echoes(job):
            reader = bus.create_reader(echo, int)

            @on(reader, id=echo.name)
            def take(ctx: Context, reader: Any = reader) -> None:
                while reader.try_recv() is not None:
                    heard[0] += 1

            host.executor.add(take)

        @every(PERIOD, id="write")
        def write() -> None:
            with suppress(ConnectorDown):  # not yet, or not any more
                writer.send(sent[0] & 0xFFFF)
                sent[0] += 1

        host.executor.add(write)
        if busy:
            threading.Thread(target=_spin, args=(end,), daemon=True).start()
        with Runner(host.executor):
            orders.send("ready")
            orders.recv()
        end.set()
    orders.send((sent[0], heard[0]))


def _spin(end: threading.Event) -> None:
    """A thread that never waits for anything."""
    while not end.is_set():
        for _ in range(10_000):
            pass
