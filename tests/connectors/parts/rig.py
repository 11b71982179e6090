"""A gateway in a simulation, on a link that does what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from taktora.connectors import ChannelDescriptor, ExponentialBackoff, HealthKeeper
from taktora.connectors.gateway import Gateway
from taktora.connectors.health import ConnectorHealth
from taktora.connectors.inbound import Session
from taktora.connectors.link import Direction
from taktora.connectors.service_factory import INWARD, OUTWARD, ServiceFactory
from taktora.testing import SimulatedExecutor
from taktora.time import NANOS_PER_SECOND

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def says_up(session: Session) -> None:
    session.up()


def says_nothing(session: Session) -> None:
    pass


def raises(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


class Scripted:
    """A link. What it does is in attributes that a test may change at any time."""

    def __init__(self, poll_period: int = 0) -> None:
        self.poll_period = poll_period
        self.on_open: Callable[[Session], object] = says_up
        self.on_send: Callable[[], Any] = lambda: True
        self.on_close: Callable[[], object] = lambda: None
        self.on_poll: Callable[[int], object] = lambda now: None
        self.opened: list[int] = []
        """When, in virtual nanoseconds."""
        self.sessions: list[Session] = []
        self.closes = 0
        self.sent: list[tuple[str, bytes]] = []
        self.tries = 0
        self.clock: Callable[[], int] = lambda: 0

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    def open(self, session: Session) -> None:
        self.opened.append(self.clock())
        self.sessions.append(session)
        self.on_open(session)

    def close(self) -> None:
        self.closes += 1
        self.on_close()

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        pass

    def send(
        self,
        descriptor: ChannelDescriptor[Any],
        payload: memoryview,
        *,
        sequence: int,
        correlation_id: bytes | None,
    ) -> Any:
        self.tries += 1
        taken = self.on_send()
        if taken is True:
            self.sent.append((descriptor.name, bytes(payload)))
        return taken

    def poll(self, now: int) -> None:
        self.on_poll(now)


class Rig:
    """A gateway with a heartbeat of 100 ms, and the plug-in's end of its channels."""

    def __init__(
        self,
        link: Scripted | None = None,
        *,
        queue: int = 8,
        delay: float = 1.0,
        max_attempts: int | None = None,
        patience: float = 5.0,
        seed: int | None = 0,
    ) -> None:
        self.sim = sim = SimulatedExecutor(seed)
        self.link = Scripted() if link is None else link
        self.link.clock = lambda: int(sim.now_ns)
        self.keeper = HealthKeeper(now=EPOCH)
        self.events = self.keeper.subscribe(1000)
        self.factory = ServiceFactory(sim, buffer_size=queue)
        self.gateway = Gateway(
            "lab",
            self.link,
            self.keeper,
            policy=ExponentialBackoff(delay, delay, jitter=0, max_attempts=max_attempts),
            capacity=queue,
            heartbeat=0.1,
            patience=int(patience * NANOS_PER_SECOND),
            wall=lambda: EPOCH + timedelta(microseconds=int(sim.now_ns) / 1000),
            clock=lambda: int(sim.now_ns),
        )
        self.ref = self.gateway.join(sim)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sim.close()

    @property
    def health(self) -> ConnectorHealth:
        return self.keeper.health

    def seen(self) -> list[str]:
        """What it has become since the last call."""
        return [type(event.to).__name__ for event in self.events]

    def out(self, name: str = "way", max_payload: int = 64) -> Any:
        """Have a channel carried outward; the plug-in's writer."""
        descriptor: ChannelDescriptor[Any] = ChannelDescriptor(name, max_payload=max_payload)
        self.gateway.open_out(descriptor, self.factory)
        return self.factory.create_raw_writer(
            descriptor, suffix=OUTWARD, overflow=False, must_reach=True
        )

    def into(self, name: str = "way", max_payload: int = 64) -> Any:
        """Have a channel carried inward; the plug-in's reader."""
        descriptor: ChannelDescriptor[Any] = ChannelDescriptor(name, max_payload=max_payload)
        reader = self.factory.create_raw_reader(descriptor, suffix=INWARD)
        self.gateway.open_in(descriptor, self.factory)
        return reader

    def settle(self) -> None:
        self.sim.run_until_idle()

    def beat(self, times: int = 1) -> None:
        """Let so many heartbeats pass."""
        self.sim.advance(0.1 * times)
