"""The same jobs as `benchmarks.handwritten_values` through a connector's ports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.handwritten_values import Reading
from benchmarks.harness import Batch, laps
from benchmarks.ours.domain import own_domain
from taktora import Context, Executor, Item, Node, TriggerDeclarer
from taktora.connectors import ChannelDescriptor
from taktora.connectors.codecs.json import JsonCodec
from taktora.connectors.codecs.raw import RawCodec
from taktora.connectors.envelope import Checksum
from taktora.connectors.reader import ChannelReader
from taktora.connectors.service_factory import ServiceFactory
from taktora.connectors.writer import ChannelWriter

__all__ = ["open_raw", "open_raw_codec", "open_values"]


class Relay(Item):
    """Takes a value and sends the next one; stamps the time of each execution."""

    def __init__(self, reader: ChannelReader, writer: ChannelWriter, stamps: list[int]) -> None:
        self.reader = reader
        self.writer = writer
        self.stamps = stamps

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.subscriber(self.reader)

    def execute(self, ctx: Context) -> None:
        received = self.reader.try_recv()
        if received is not None:
            self.stamps.append(time.perf_counter_ns())
            value = received.value
            self.writer.send(
                Reading(value.name, value.number + 1, value.speed, value.ok, value.unit)
            )


@contextmanager
def open_values() -> Iterator[Batch]:
    stamps: list[int] = []
    with own_domain() as domain, Executor(domain=domain) as executor:
        factory, codec = ServiceFactory(executor), JsonCodec()
        ping, pong = ChannelDescriptor[Any]("ping"), ChannelDescriptor[Any]("pong")
        for here, there in ((ping, pong), (pong, ping)):
            reader = factory.create_reader(here, Reading, codec)
            writer = factory.create_writer(there, Reading, codec)
            executor.add(Relay(reader, writer, stamps), placement="inline")
        factory.create_writer(ping, Reading, codec).send(Reading("motor", 0, 12.5, True, "rpm"))

        def batch(n: int) -> list[int]:
            stamps.clear()
            executor.run_n(n + 1)
            assert len(stamps) == n + 1, "an execution without a wake-up of its own"
            return laps(stamps)

        yield batch


@contextmanager
def open_raw(size: int, *, checksum: Checksum = "auto") -> Iterator[Batch]:
    """A raw writer and a raw reader: the payload is looked at where it lies."""
    descriptor: ChannelDescriptor[Any] = ChannelDescriptor("large", max_payload=size)
    payload = bytes(n % 251 for n in range(size))
    now = time.perf_counter_ns
    with own_domain() as domain, Node(domain=domain) as node:
        factory = ServiceFactory(node, checksum=checksum)
        writer = factory.create_raw_writer(descriptor)
        reader = factory.create_raw_reader(descriptor)

        def batch(n: int) -> list[int]:
            samples: list[int] = []
            for _ in range(n):
                began = now()
                writer.send(payload)
                reader.wakeup.drain()
                received = reader.try_recv()
                assert received is not None
                view = received.payload
                ends = view[0], view[-1]
                samples.append(now() - began)
                assert ends == (payload[0], payload[-1])
                del view, received
            return samples

        yield batch


@contextmanager
def open_raw_codec(size: int, *, checksum: Checksum = "auto") -> Iterator[Batch]:
    """A typed writer and reader with a codec that hands out ``bytes``: one copy more."""
    descriptor: ChannelDescriptor[Any] = ChannelDescriptor("large", max_payload=size)
    payload = bytes(n % 251 for n in range(size))
    now = time.perf_counter_ns
    with own_domain() as domain, Node(domain=domain) as node:
        factory = ServiceFactory(node, checksum=checksum)
        writer = factory.create_writer(descriptor, bytes, RawCodec())
        reader = factory.create_reader(descriptor, bytes, RawCodec())

        def batch(n: int) -> list[int]:
            samples: list[int] = []
            for _ in range(n):
                began = now()
                writer.send(payload)
                reader.wakeup.drain()
                received = reader.try_recv()
                assert received is not None
                view = received.value
                ends = view[0], view[-1]
                samples.append(now() - began)
                assert ends == (payload[0], payload[-1])
                del view, received
            return samples

        yield batch
