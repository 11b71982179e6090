"""The connector contract, applied to the loopback connector in a simulation."""

from __future__ import annotations

from typing import Any

from taktora.connectors import ExponentialBackoff
from taktora.connectors.codecs.raw import RawCodec
from taktora.connectors.loopback import LoopbackConnector
from taktora.connectors.loopback_world import LoopbackWorld
from taktora.testing import ConnectorMachine, SimulatedExecutor
from taktora.testing.connector_contract import Arrival


class LoopbackMachine(ConnectorMachine):
    """Three lines of it are needed by a third party: open, descriptor, and the world outside."""

    make: Any = LoopbackConnector
    patience = 60.0
    room: int | None = None

    def open(self) -> LoopbackConnector:
        self.executor = SimulatedExecutor()
        self.executor.start()
        self.world = LoopbackWorld(room=self.room)
        return self.make(
            "lab",
            self.world,
            codec=RawCodec(),
            node=self.executor,
            queue=16,
            reconnect=ExponentialBackoff(seed=1),
        )

    def outside_send(self, channel: str, value: bytes) -> None:
        self.world.send(channel, value)

    def outside_received(self, channel: str) -> list[Arrival]:
        return [
            Arrival(one.payload, one.correlation_id, one.sequence)
            for one in self.world.arrived(channel)
        ]

    def break_link(self) -> None:
        self.world.cut()

    def mend_link(self) -> None:
        self.world.mend()

    def corrupt(self, channel: str, value: bytes) -> None:
        self.world.send(channel, value, damaged=True)


class ALittleRoom(LoopbackMachine):
    """The world takes a few values only: writers meet back pressure."""

    room = 3

    def outside_received(self, channel: str) -> list[Arrival]:
        arrived = super().outside_received(channel)
        self.world.clear()
        return arrived
