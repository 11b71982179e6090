"""The plug-in, in a process of its own: 100 outputs per second, and each input that comes."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from benchmarks.ethercat.channels import COMMAND, NAME, echoes
from benchmarks.ethercat.job import Job
from taktora import Context, Runner, every, on
from taktora.connectors import ConnectorHost
from taktora.connectors.ethercat.connector import EthercatRemote
from taktora.connectors.reader import ChannelReader
from taktora.errors import ConnectorDown

__all__ = ["plugin"]

PERIOD = 0.01


def plugin(line: Connection, job: Job, cpu: int, domain: str, busy: bool) -> None:
    """Write and read until told to stop; sends how much of both it did.

    ``busy``: beside a thread that never waits for anything.
    """
    os.sched_setaffinity(0, {cpu})
    sent, heard = 0, 0
    with ConnectorHost(domain=domain) as host:
        bus = host.register(EthercatRemote(NAME))
        writer = bus.create_writer(COMMAND, int)

        @every(PERIOD, id="write")
        def write() -> None:
            nonlocal sent
            with suppress(ConnectorDown):  # not yet, or not any more
                writer.send(sent & 0xFFFF)
                sent += 1

        def take(reader: ChannelReader) -> None:
            nonlocal heard
            heard += sum(1 for _ in reader)

        host.executor.add(write)
        for echo in echoes(job):
            reader = bus.create_reader(echo, int)

            @on(reader, id=echo.name)
            def taking(ctx: Context, reader: ChannelReader = reader) -> None:
                take(reader)

            host.executor.add(taking)
        if busy:
            threading.Thread(target=_spin, daemon=True).start()
        with Runner(host.executor):
            line.send("ready")
            line.recv()
    line.send((sent, heard))


def _spin() -> None:
    while True:
        for _ in range(10_000):
            pass
