"""What somebody writes who brings a protocol of their own, and how little of it proves the contract."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

from taktora.connectors import ChannelDescriptor
from taktora.connectors.codecs import RawCodec
from taktora.connectors.connector import Connector
from taktora.testing import ConnectorMachine, SimulatedExecutor
from taktora.testing.connector_contract import Arrival


class Wire:
    """The protocol: one peer, which either hears or does not."""

    def __init__(self) -> None:
        self.cut = False
        self.heard: list[tuple[str, Arrival]] = []
        self.session: Any = None


class WireLink:
    """All that the framework needs of it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def open(self, session: Any) -> None:
        if self.wire.cut:
            raise ConnectionRefusedError
        self.wire.session = session
        session.up()

    def close(self) -> None:
        self.wire.session = None

    def add_channel(self, descriptor: Any, direction: Any) -> None:
        """Every channel goes over the wire."""

    def send(self, descriptor: Any, payload: Any, *, sequence: int, correlation_id: Any) -> bool:
        if self.wire.cut:
            raise ConnectionResetError
        arrival = Arrival(bytes(payload), correlation_id, sequence)
        self.wire.heard.append((descriptor.name, arrival))
        return True


class WireConnector(Connector):
    """And all that a user needs."""

    wire = Wire()

    def make_link(self) -> WireLink:
        return WireLink(self.wire)


class WireMachine(ConnectorMachine):
    """And all that a test needs."""

    patience = 60.0

    def open(self) -> WireConnector:
        self.executor = SimulatedExecutor()
        self.executor.start()
        self.connector_under_test = WireConnector("wire", codec=RawCodec(), node=self.executor)
        self.wire = self.connector_under_test.wire = Wire()
        return self.connector_under_test

    def descriptor(self, name: str, max_payload: int) -> ChannelDescriptor[Any]:
        return ChannelDescriptor(name, max_payload=max_payload)

    def outside_send(self, channel: str, value: bytes) -> None:
        if self.wire.session is not None:
            self.wire.session.received(channel, value)

    def outside_received(self, channel: str) -> list[Arrival]:
        return [arrival for name, arrival in self.wire.heard if name == channel]

    def break_link(self) -> None:
        self.wire.cut = True
        if self.wire.session is not None:
            self.wire.session.down("cut")

    def mend_link(self) -> None:
        self.wire.cut = False

    def shut(self) -> None:
        self.executor.close()


TestWire = WireMachine.TestCase
TestWire.settings = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
