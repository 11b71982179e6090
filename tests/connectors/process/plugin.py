"""A plug-in to be killed: ``python plugin.py DOMAIN PIPE HOW LINGER``. Says its gateway's process id."""

from __future__ import annotations

import os
import sys

from taktora import Executor, every
from taktora.connectors import BackPressure, ChannelDescriptor, ConnectorDown, Up
from tests.connectors.process.conftest import QUICK
from tests.connectors.process.planted import Options, Planted

TROUBLES = {"stuck": "stay", "blocked": "block"}

domain, pipe, how, linger = sys.argv[1:]
options = Options(pipe=pipe, plugin=os.getpid(), trouble=TROUBLES.get(how, ""))
with Executor(domain=domain) as executor:
    lab = Planted(
        "lab", gateway="own process", node=executor, options=options, linger=float(linger), **QUICK
    )
    writer = lab.create_writer(ChannelDescriptor("a", max_payload=64), int)
    lab.register_with(executor)
    told = False

    @every(0.005)
    def control() -> None:
        global told
        if isinstance(lab.health, Up) and not told:
            told = True
            print(lab.gateway_process, flush=True)
        try:
            writer.send(1)
        except (ConnectorDown, BackPressure):
            return

    executor.add(control)
    if how == "forks" and os.fork() == 0:  # holds all that its parent has open
        lab.close()  # is the parent's
        os.read(int(os.environ["HOLD"]), 1)
        os._exit(0)
    executor.run()
