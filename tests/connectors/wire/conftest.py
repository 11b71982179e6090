from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taktora.connectors import ChannelDescriptor
from taktora.connectors.service_factory import ServiceFactory
from tests.processes.conftest import Worker

from .values import Reading, TinyJson

WORKER = Path(__file__).with_name("worker.py")


class Wire:
    """A factory, a descriptor, and the ports that a test wants of them."""

    def __init__(self, source: Any, **options: Any) -> None:
        self.source = source
        self.factory = ServiceFactory(source, **options)
        self.descriptor: ChannelDescriptor[Any] = ChannelDescriptor("motor", max_payload=256)
        self.codec: Any = TinyJson()
        self.type: Any = Reading

    def writer(self, **options: Any) -> Any:
        return self.factory.create_writer(self.descriptor, self.type, self.codec, **options)

    def reader(self, **options: Any) -> Any:
        return self.factory.create_reader(self.descriptor, self.type, self.codec, **options)

    def raw_writer(self, **options: Any) -> Any:
        return self.factory.create_raw_writer(self.descriptor, **options)

    def raw_reader(self, **options: Any) -> Any:
        return self.factory.create_raw_reader(self.descriptor, **options)

    def plain(self, suffix: str = "") -> Any:
        """The channel beneath, for somebody who knows nothing of envelopes."""
        return self.source.channel(self.descriptor.name + suffix, bytes)


@pytest.fixture
def make_wire(make_executor: Callable[..., Any]) -> Callable[..., Wire]:
    """A wire on an executor of its own, real or in memory."""
    return lambda **options: Wire(make_executor(), **options)


@pytest.fixture
def wire(make_wire: Callable[..., Wire]) -> Wire:
    return make_wire()


class WireWorker(Worker):
    """``worker.py`` of this folder."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(WORKER), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def start() -> Iterator[Callable[..., WireWorker]]:
    """Starts workers; kills what is left of them."""
    workers: list[WireWorker] = []

    def begin(*arguments: object) -> WireWorker:
        workers.append(WireWorker(*arguments))
        return workers[-1]

    yield begin
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.kill()
        worker.process.communicate()
