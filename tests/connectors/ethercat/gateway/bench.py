"""An EtherCAT connector on a bus in memory, in virtual time."""

from __future__ import annotations

from typing import Any, Self

from taktora.connectors import ChannelDescriptor, ExponentialBackoff
from taktora.connectors.ethercat.connector import EthercatConnector
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.routing import Direction, EthercatRouting
from taktora.testing import SimulatedExecutor

CYCLE = 0.001
MS = 1_000_000


def output(name: str, subdevice: int | str, offset: int, length: int = 1, **options: Any) -> Any:
    routing = EthercatRouting(subdevice, Direction.RX, offset, length, **options)
    return ChannelDescriptor(name, routing)


def input_(name: str, subdevice: int | str, offset: int, length: int = 1, **options: Any) -> Any:
    routing = EthercatRouting(subdevice, Direction.TX, offset, length, **options)
    return ChannelDescriptor(name, routing)


def options(**more: Any) -> EthercatOptions:
    return EthercatOptions(**{"network_interface": "veth1", "cycle_time": CYCLE, **more})


class Bench:
    """A bus of SubDevices with 16 bits each way, and its connector, not yet registered."""

    def __init__(
        self,
        driver: MockBusDriver | None = None,
        *,
        count: int = 1,
        retry: float = 0.1,
        max_attempts: int | None = None,
        common: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        self.driver = driver or MockBusDriver(*(MockSubDevice() for _ in range(count)))
        self.sim = SimulatedExecutor(None)
        self.connector = EthercatConnector(
            "bus",
            options=options(**more),
            driver=self.driver,
            node=self.sim,
            reconnect=ExponentialBackoff(retry, retry, jitter=0, max_attempts=max_attempts),
            **(common or {}),
        )
        self.health = self.connector.subscribe_health()
        self.sim.start()

    def begin(self) -> Self:
        """Registered and up."""
        self.connector.register_with(self.sim)
        self.advance(20)
        assert self.states() == ["Up"], self.connector.health
        return self

    def advance(self, cycles: float) -> None:
        """So many cycles."""
        self.sim.advance(cycles * CYCLE)

    def writer(self, *where: Any, type: Any = int, **routing: Any) -> Any:
        return self.connector.create_writer(output(*where, **routing), type)

    def reader(self, *where: Any, type: Any = int, **routing: Any) -> Any:
        return self.connector.create_reader(input_(*where, **routing), type)

    def states(self) -> list[str]:
        """Where health has gone since the last look."""
        return [type(event.to).__name__ for event in self.health]

    @property
    def state(self) -> str:
        return type(self.connector.health).__name__

    @property
    def reason(self) -> str:
        return getattr(self.connector.health, "reason", "")

    @property
    def link(self) -> Any:
        return self.connector._gateway._link._link

    def close(self) -> None:
        self.connector.close()
        self.sim.close()
