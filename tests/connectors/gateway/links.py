"""A small protocol of the tests' own: everything that a link may do, at the test's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taktora.connectors import ChannelDescriptor, ExponentialBackoff
from taktora.connectors.codecs import RawCodec
from taktora.connectors.connector import Connector
from taktora.connectors.inbound import Session
from taktora.connectors.link import Direction
from taktora.testing import SimulatedExecutor


def nothing(*_: Any) -> None:
    """Does nothing."""


class ALink:
    """Comes up at once unless told otherwise, and keeps what it is sent."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.calls: list[str] = []
        self.sent: list[bytes] = []
        self.sequences: list[int] = []
        self.channels: list[tuple[str, Direction]] = []
        self.opening: Callable[[Session], object] = lambda session: session.up()
        self.closing: Callable[[], object] = nothing
        self.sending: Callable[[bytes], Any] = lambda _: True
        self.adding: Callable[[Any], object] = nothing

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    def open(self, session: Session) -> None:
        self.calls.append("open")
        self.sessions.append(session)
        self.opening(session)

    def close(self) -> None:
        self.calls.append("close")
        self.closing()

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        self.adding(descriptor)
        self.channels.append((descriptor.name, direction))

    def send(
        self,
        descriptor: ChannelDescriptor[Any],
        payload: memoryview,
        *,
        sequence: int,
        correlation_id: bytes | None,
    ) -> bool:
        said = self.sending(bytes(payload))
        if said is True:
            self.sent.append(bytes(payload))
            self.sequences.append(sequence)
        return said


class APollingLink(ALink):
    """Looks at the time every 5 ms."""

    poll_period = 5_000_000

    def __init__(self) -> None:
        super().__init__()
        self.polls: list[int] = []
        self.polling: Callable[[], object] = nothing

    def poll(self, now: int) -> None:
        self.polls.append(now)
        self.polling()


class AConnector(Connector):
    """Of that protocol."""

    def __init__(self, link: ALink | None = None, name: str = "lab", **options: Any) -> None:
        options.setdefault("codec", RawCodec())
        options.setdefault("reconnect", ExponentialBackoff(0.1, 0.1, jitter=0))
        super().__init__(name, **options)
        self.link = ALink() if link is None else link

    def make_link(self) -> ALink:
        return self.link


class Bench:
    """A connector in a simulation that goes first in, first out."""

    def __init__(self, link: ALink | None = None, **options: Any) -> None:
        self.executor = SimulatedExecutor(None)
        self.connector = AConnector(link, node=self.executor, **options)
        self.link = self.connector.link
        self.health = self.connector.subscribe_health()
        self.executor.start()

    def begin(self) -> Bench:
        """Registered, and everything that can happen at once has happened."""
        self.connector.register_with(self.executor)
        self.executor.run_until_idle()
        return self

    def advance(self, seconds: float) -> None:
        self.executor.advance(seconds)

    def writer(self, name: str = "c", **options: Any) -> Any:
        return self.connector.create_writer(ChannelDescriptor(name, max_payload=64), bytes)

    def reader(self, name: str = "c", max_payload: int = 64) -> Any:
        return self.connector.create_reader(ChannelDescriptor(name, max_payload=max_payload), bytes)

    @property
    def state(self) -> str:
        return type(self.connector.health).__name__

    def states(self) -> list[str]:
        """Where health has gone since the last look."""
        return [type(event.to).__name__ for event in self.health]

    @property
    def reason(self) -> str:
        return getattr(self.connector.health, "reason", "")
