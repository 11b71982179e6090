"""A connector as the contract wants it, in plain Python; and the machine around it.

Everything happens in :meth:`Reference.pump`, which a real one would do on an executor. Frames are
bytes with a header, so that a number can be wrong and a frame damaged.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from attrs import define, field, frozen

from taktora.errors import TaktoraError
from taktora.testing.connector_contract import Arrival
from taktora.testing.connector_machine import ConnectorMachine


class Down(TaktoraError): ...


class BackPressure(TaktoraError): ...


class InvalidDescriptor(TaktoraError, ValueError): ...


class Closed(TaktoraError): ...


class PayloadOverflow(TaktoraError):
    def __init__(self, actual: int, maximum: int) -> None:
        super().__init__(f"{actual} bytes, {maximum} at most")
        self.actual = actual
        self.maximum = maximum


@frozen
class Up: ...


@frozen
class Connecting:
    since: float = 0


@frozen
class Degraded:
    reason: str = ""


@frozen
class Broken:
    reason: str = ""
    since: float = 0


Broken.__name__ = "Down"  # the error has the name in this module


@frozen
class Event:
    from_: object
    to: object
    at: float


@define
class Stats:
    messages: int = 0
    drops: int = 0
    gaps: int = 0
    crc_errors: int = 0
    decode_errors: int = 0


@frozen
class Descriptor:
    name: str
    max_payload: int

    def __attrs_post_init__(self) -> None:
        if not self.name or self.max_payload < 1:
            raise InvalidDescriptor(f"{self}")


@frozen
class Received:
    value: bytes
    sequence: int


@frozen
class Outcome:
    sent: bool = True


HEADER = struct.Struct("<Q32sI")


def framed(value: bytes, sequence: int, correlation_id: bytes = bytes(32)) -> bytes:
    body = struct.pack("<Q32s", sequence, correlation_id) + value
    return body[:40] + struct.pack("<I", zlib.crc32(body)) + value


def unframed(frame: bytes) -> tuple[int, bytes, bytes] | None:
    """Number, correlation id, value; ``None`` if the frame is damaged."""
    sequence, correlation_id, crc = HEADER.unpack_from(frame)
    value = frame[HEADER.size :]
    if zlib.crc32(frame[:40] + value) != crc:
        return None
    return sequence, correlation_id, value


@define(eq=False)
class World:
    """What is outside: a link that can break, peers that send and receive."""

    link: bool = True
    arrived: dict[str, list[Arrival]] = field(factory=dict)
    to_plugin: deque[tuple[str, bytes, bool]] = field(factory=deque)

    def receive(self, channel: str, frame: bytes) -> None:
        facts = unframed(frame)
        assert facts
        sequence, correlation_id, value = facts
        known = correlation_id if any(correlation_id) else None
        self.arrived.setdefault(channel, []).append(Arrival(value, known, sequence))

    def break_link(self) -> None:
        self.link = False
        self.to_plugin.clear()


@define(eq=False)
class Writer:
    connector: Reference
    descriptor: Descriptor
    numbers: Stats = field(factory=Stats)
    sequence: int = 0

    def send(self, value: bytes, *, correlation_id: bytes | None = None) -> Outcome:
        self.connector.check_open()
        if type(self.connector.health) is Broken:
            raise Down("the link is broken")
        if len(value) > self.descriptor.max_payload:
            raise PayloadOverflow(len(value), self.descriptor.max_payload)
        if len(self.connector.outbox) >= self.connector.OUTBOX:
            raise BackPressure("the outbox is full")
        frame = framed(value, self.sequence, correlation_id or bytes(32))
        self.connector.outbox.append((self, frame))
        self.sequence += 1
        self.numbers.messages += 1
        return Outcome()

    def stats(self) -> Stats:
        return Stats(self.numbers.messages, self.numbers.drops)


@define(eq=False)
class Reader:
    connector: Reference
    descriptor: Descriptor
    buffer: deque[bytes] = field(init=False)
    numbers: Stats = field(factory=Stats)
    last: int | None = None
    woken: int = 0

    def __attrs_post_init__(self) -> None:
        self.buffer = deque(maxlen=self.connector.BUFFER)

    def deliver(self, frame: bytes) -> None:
        self.buffer.append(frame)
        self.woken += 1

    def try_recv(self) -> Received | None:
        self.connector.check_open()
        while self.buffer:
            facts = unframed(self.buffer.popleft())
            if facts is None:
                self.numbers.crc_errors += 1
                self.connector.damaged()
                continue
            sequence, _, value = facts
            if self.last is not None:
                self.numbers.gaps += sequence - self.last - 1
            self.last = sequence
            self.numbers.messages += 1
            return Received(value, sequence)
        return None

    def stats(self) -> Stats:
        return self.numbers


@define(eq=False)
class Subscription:
    capacity: int = 8
    dropped: int = 0
    events: deque[Event] = field(factory=deque)

    def put(self, event: Event) -> None:
        if len(self.events) >= self.capacity:
            self.events.popleft()
            self.dropped += 1
        self.events.append(event)

    def try_next(self) -> Event | None:
        return self.events.popleft() if self.events else None


@define(eq=False)
class Reference:
    """The connector."""

    OUTBOX: ClassVar = 16
    BUFFER: ClassVar = 8
    DELAY: ClassVar = 0.1
    Writer: ClassVar[type[Any]] = Writer
    Reader: ClassVar[type[Any]] = Reader
    Subscription: ClassVar[type[Any]] = Subscription

    world: World
    name: str = "reference"
    health: object = field(factory=Connecting)
    now: float = 0
    outbox: deque[tuple[Writer, bytes]] = field(factory=deque)
    writers: list[Any] = field(factory=list)
    readers: list[Any] = field(factory=list)
    subscriptions: list[Any] = field(factory=list)
    numbers: dict[str, int] = field(factory=dict)
    registered: bool = False
    closed: bool = False
    retry_at: float = 0
    blemish: bool = False

    def check_open(self) -> None:
        if self.closed:
            raise Closed("the connector was closed")

    def become(self, health: object) -> None:
        event = Event(self.health, health, self.now)
        self.health = health
        for subscription in self.subscriptions:
            subscription.put(event)

    def damaged(self) -> None:
        self.blemish = True

    def subscribe_health(self) -> Subscription:
        self.check_open()
        self.subscriptions.append(self.Subscription())
        return self.subscriptions[-1]

    def register_with(self, executor: Any) -> None:
        self.check_open()
        self.registered = True

    def create_writer(self, descriptor: Descriptor, type: type) -> Writer:
        self.check_open()
        self.writers.append(self.Writer(self, descriptor))
        return self.writers[-1]

    def create_reader(self, descriptor: Descriptor, type: type) -> Reader:
        self.check_open()
        self.readers.append(self.Reader(self, descriptor))
        return self.readers[-1]

    def close(self) -> None:
        self.closed = True

    def pump(self) -> None:
        """Whatever can be done at this instant."""
        if not self.registered or self.closed:
            return
        if self.blemish and type(self.health) is Up:
            self.become(Degraded("a frame was damaged"))
        self.blemish = False
        if not self.world.link:
            self.link_is_broken()
            return
        if type(self.health) is Broken and self.now >= self.retry_at:
            self.become(Connecting(self.now))
        if type(self.health) in (Connecting, Degraded):
            self.become(Up())
            self.reconnected()
        if type(self.health) is Up:
            self.exchange()

    def reconnected(self) -> None: ...

    def link_is_broken(self) -> None:
        if type(self.health) is Broken:
            if self.now >= self.retry_at:
                self.retry_at = self.now + self.DELAY
                self.become(Connecting(self.now))
            return
        for writer, _ in self.outbox:
            writer.numbers.drops += 1
        self.outbox.clear()
        self.become(Broken("no link", self.now))
        self.retry_at = self.now + self.DELAY

    def exchange(self) -> None:
        while self.outbox:
            writer, frame = self.outbox.popleft()
            self.world.receive(writer.descriptor.name, frame)
        while self.world.to_plugin:
            channel, value, whole = self.world.to_plugin.popleft()
            self.take_in(channel, value, whole)

    def take_in(self, channel: str, value: bytes, whole: bool) -> None:
        number = self.numbers.get(channel, 0)
        self.numbers[channel] = number + 1
        frame = framed(value, number)
        if not whole:
            frame = frame[:-1] + bytes([frame[-1] ^ 1])
        for reader in self.readers:
            if reader.descriptor.name == channel:
                reader.deliver(frame)


class ReferenceMachine(ConnectorMachine):
    """The contract, applied to a reference connector or to one with a bug."""

    make: Callable[[World], Reference] = Reference
    patience = 2.0

    def open(self) -> Reference:
        self.world = World()
        self.link = type(self).make(self.world)
        return self.link

    def descriptor(self, name: str, max_payload: int) -> Descriptor:
        return Descriptor(name, max_payload)

    def outside_send(self, channel: str, value: bytes) -> None:
        if self.world.link:
            self.world.to_plugin.append((channel, value, True))

    def outside_received(self, channel: str) -> list[Arrival]:
        return self.world.arrived.get(channel, [])

    def break_link(self) -> None:
        self.world.break_link()

    def mend_link(self) -> None:
        self.world.link = True

    def corrupt(self, channel: str, value: bytes) -> None:
        self.world.to_plugin.append((channel, value, False))

    def wakeups(self, reader: Any) -> Callable[[], int]:
        return lambda: int(reader.woken)

    def settle(self) -> bool:
        self.link.pump()
        return True

    def pass_time(self, seconds: float) -> None:
        self.link.now += seconds
        self.link.pump()
