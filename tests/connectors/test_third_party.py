"""What somebody else has to write so that their connector keeps, and is seen to keep, the contract."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from taktora.connectors import Connector, Direction, Link, RawCodec, Session
from taktora.errors import LawBroken
from taktora.testing import ConnectorMachine, SimulatedExecutor
from taktora.testing.connector_contract import Arrival
from tests.planting import SEARCH, caught

# --- the connector: a broker that keeps what is sent, until somebody looks --------------------------


class Broker:
    """The world outside, as some library would have it."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Arrival]] = {}
        self.client: Session | None = None
        self.reachable = True


class BrokerLink:
    """The link to it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    def open(self, session: Session) -> None:
        if not self.broker.reachable:
            raise ConnectionRefusedError("the broker is away")
        self.broker.client = session
        session.up()

    def close(self) -> None:
        self.broker.client = None

    def add_channel(self, descriptor: Any, direction: Direction) -> None:
        """It needs no subscriptions."""

    def send(
        self, descriptor: Any, payload: memoryview, *, sequence: int, correlation_id: bytes | None
    ) -> bool:
        if not self.broker.reachable:
            raise ConnectionResetError("the broker went away")
        arrival = Arrival(bytes(payload), correlation_id, sequence)
        self.broker.kept.setdefault(descriptor.name, []).append(arrival)
        return True


class BrokerConnector(Connector):
    def __init__(self, name: str, broker: Broker, **common: Any) -> None:
        super().__init__(name, **common)
        self.broker = broker

    def make_link(self) -> Link:
        return BrokerLink(self.broker)


# --- its test -----------------------------------------------------------------------------------------


class BrokerMachine(ConnectorMachine):
    def open(self) -> BrokerConnector:
        self.executor = SimulatedExecutor()
        self.broker = Broker()
        return BrokerConnector("broker", self.broker, codec=RawCodec(), node=self.executor)

    def outside_send(self, channel: str, value: bytes) -> None:
        if self.broker.client is not None:
            self.broker.client.received(channel, value)

    def outside_received(self, channel: str) -> list[Arrival]:
        return self.broker.kept.get(channel, [])

    def break_link(self) -> None:
        self.broker.reachable = False
        if self.broker.client is not None:
            self.broker.client.down("the broker went away")

    def mend_link(self) -> None:
        self.broker.reachable = True


TestBroker = BrokerMachine.TestCase
TestBroker.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


# --- and what that is worth ---------------------------------------------------------------------------


class ShortLink(BrokerLink):
    def send(self, descriptor: Any, payload: memoryview, **facts: Any) -> bool:
        return super().send(descriptor, payload[:4], **facts)


class SilentLink(BrokerLink):
    def open(self, session: Session) -> None:
        self.broker.client = session


@pytest.mark.parametrize(("link", "law"), [(ShortLink, "CONN-01"), (SilentLink, "CONN-09")])
def test_a_link_that_does_less_is_caught(link: type[BrokerLink], law: str) -> None:
    class Machine(BrokerMachine):
        out_channels = ("out/a",)

        def begin(self) -> None:
            super().begin()
            self.register_it()

        def open(self) -> BrokerConnector:
            connector = super().open()
            connector.make_link = lambda: link(connector.broker)  # type: ignore[method-assign]
            return connector

    caught(Machine, LawBroken, {law}, search=SEARCH)
