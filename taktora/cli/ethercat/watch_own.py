"""Watching a bus that this process runs itself: nobody writes outputs, so they keep their safe values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from taktora.cli.ethercat.watch_rate import CycleRate
from taktora.cli.ethercat.watch_values import field_in_words, image_in_words
from taktora.cli.ethercat.watch_view import Shown, View
from taktora.connectors.ethercat.connector import EthercatConnector
from taktora.connectors.ethercat.routing import Direction
from taktora.connectors.ethercat.soem import SoemBusDriver
from taktora.connectors.health import Connecting, Degraded, Up, words
from taktora.errors import BusError, PayloadOverflow
from taktora.executor import Executor

if TYPE_CHECKING:
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.ethercat.cycle_stats import BusStatistics
    from taktora.connectors.ethercat.options import EthercatOptions

__all__ = ["OwnBus", "own_bus"]


class OwnBus:
    """A bus, and the executor that runs it.

    Args:
        executor: runs it.
        options: of the bus.
        channels: to be shown, and their outputs kept safe; none: whole images are shown.
    """

    def __init__(
        self,
        executor: Executor,
        options: EthercatOptions,
        channels: Mapping[str, ChannelDescriptor[Any]],
    ) -> None:
        self.executor = executor
        self.was_up = False
        """Whether it ever was in operation."""
        self._driver = SoemBusDriver(options)
        self._options = options
        self._channels = channels
        self.connector = EthercatConnector(
            options.network_interface, options=options, driver=self._driver, node=executor
        )
        for one in channels.values():
            self.connector.carry(one, one.routing.one_way)
        self._statistics = self.connector.create_statistics_reader()
        self.connector.register_with(executor)
        self._latest: BusStatistics | None = None
        self._rate = CycleRate()
        self._began = monotonic()

    def read(self) -> View:
        """As it is. Any one thread."""
        for received in self._statistics:
            self._latest = received.value
            self._rate.hear(received.value, received.timestamp_ns)
        health = self.connector.health
        self.was_up = self.was_up or isinstance(health, Up | Degraded)
        said = words(health)
        if isinstance(health, Connecting) and self._latest is not None:
            said = self._latest.state  # with the step that it is at
        return View(
            seconds=monotonic() - self._began,
            name=self._options.network_interface,
            health=said,
            statistics=self._latest,
            values=tuple(self._values()),
            cycles_per_second=self._rate.per_second,
        )

    def _values(self) -> Iterator[Shown]:
        try:
            yield from self._fields() if self._channels else self._images()
        except BusError:  # it is not up, or not any more
            return

    def _fields(self) -> Iterator[Shown]:
        for name, descriptor in self._channels.items():
            routing = descriptor.routing
            position = self._options.position_of(routing.subdevice)
            if position is None:
                continue
            is_output = routing.direction is Direction.RX
            image = (self._driver.outputs if is_output else self._driver.inputs)(position)
            try:
                text = field_in_words(routing, routing.bits.read(image))
            except PayloadOverflow as error:
                text = str(error)
            yield Shown(name, "out" if is_output else "in", text)

    def _images(self) -> Iterator[Shown]:
        for one in self._latest.subdevices if self._latest else ():
            for way, look in (("out", self._driver.outputs), ("in", self._driver.inputs)):
                if len(image := look(one.position)):
                    yield Shown(f"{one.position} {one.name}", way, image_in_words(image))


@contextmanager
def own_bus(
    options: EthercatOptions, channels: Mapping[str, ChannelDescriptor[Any]]
) -> Iterator[OwnBus]:
    """A bus that is let go of at the end, in a domain of its own."""
    with Executor(worker_threads=0, domain=f"watch-{os.getpid()}") as executor:
        bus = OwnBus(executor, options, channels)
        try:
            yield bus
        finally:
            bus.connector.close()
