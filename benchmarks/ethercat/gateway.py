"""The gateway of a connector in a process of its own, with stamps in it."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.ethercat.channels import COMMAND, NAME, echoes
from benchmarks.ethercat.job import Job, as_loop
from benchmarks.ethercat.stamps import Stamps
from taktora.connectors import ConnectorGateway
from taktora.connectors.ethercat import EthercatConnector, EthercatOptions
from taktora.connectors.ethercat.bus import BringUp, Mapped
from taktora.connectors.ethercat.soem import SoemBusDriver
from taktora.connectors.link import Direction

__all__ = ["gateway"]


class _Stamped(SoemBusDriver):
    """Has each exchange stamped, once the bus is up."""

    stamps: Stamps

    def bring_up(self) -> Iterator[str | Mapped | BringUp]:
        for step in super().bring_up():
            if isinstance(step, BringUp):
                self._exchange = self.stamps.around_exchange(self._exchange, step.expected_wkc)
            yield step


def gateway(line: Connection, job: Job, domain: str) -> None:
    """When told, serve the plug-in until so many cycles are done, and send what was taken."""
    options = EthercatOptions(network_interface=job.nic, cycle_time=job.period / 1e9)
    driver = _Stamped(options)
    with ConnectorGateway(worker_threads=0, domain=domain) as host:
        connector: Any = host.register(EthercatConnector(NAME, options=options, driver=driver))
        connector.carry(COMMAND, Direction.OUT)
        for echo in echoes(job):
            connector.carry(echo, Direction.IN)
        driver.stamps = Stamps(job, connector._gateway._link._link.stats, host.executor.stop)
        driver.stamps.around_driver(host.executor._driver)
        line.send("ready")
        line.recv()
        as_loop(job)
        host.executor.run()
        line.send(driver.stamps.taken)
