"""A plug-in to be killed: ``python plugin.py DOMAIN NIC|FILE``. Commands three outputs, and says that it is up."""

from __future__ import annotations

import sys

from taktora import Executor, every
from taktora.connectors import BackPressure, ConnectorDown, ConnectorHost, Up
from taktora.connectors.ethercat import EthercatConnector, EthercatOptions, SubDeviceMap
from tests.connectors.ethercat.end_to_end.line import OUTPUTS

domain, where = sys.argv[1:]


def run(executor: Executor, bus: object, ports: list) -> None:
    told = []

    @every(0.005)
    def command() -> None:
        try:
            for port in ports:
                port.send(0xA5)
        except (ConnectorDown, BackPressure):
            return
        if isinstance(bus.health, Up) and not told:
            told.append(True)
            watcher = bus._watcher
            print(getattr(watcher, "pid", None), flush=True)

    executor.add(command)
    executor.run()


if where.endswith(".toml"):
    with ConnectorHost.from_file(where, domain=domain) as host:
        bus = host["bus"]
        run(host.executor, bus, [bus.create_writer(one.name, int) for one in OUTPUTS])
else:
    with Executor(domain=domain) as executor:
        options = EthercatOptions(
            where, cycle_time=0.001, subdevices=[SubDeviceMap(1, sm_watchdog=5)]
        )
        bus = EthercatConnector("bus", options=options, node=executor)
        ports = [bus.create_writer(one, int) for one in OUTPUTS]
        bus.register_with(executor)
        run(executor, bus, ports)
