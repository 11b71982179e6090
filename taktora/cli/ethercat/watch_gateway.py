"""Watching the bus of a gateway that runs elsewhere: what it tells of itself, and what its channels carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from taktora.cli.ethercat.watch_rate import CycleRate
from taktora.cli.ethercat.watch_values import bits_in_words, field_in_words
from taktora.cli.ethercat.watch_view import Shown, View
from taktora.connectors.envelope import HEADER_SIZE, Rejection, unseal
from taktora.connectors.ethercat.connector import EthercatRemote
from taktora.connectors.ethercat.cycle_stats import statistics_channel
from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.connectors.ethercat.sdo_messages import sdo_channel
from taktora.connectors.health import Degraded, Up, words
from taktora.connectors.host import ConnectorHost
from taktora.errors import IpcError, PortLimitReached
from taktora.ipc import Node
from taktora.ipc.existing import existing_channels
from taktora.ipc.tap import Tap

if TYPE_CHECKING:
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.ethercat.cycle_stats import BusStatistics

__all__ = ["GatewayBus", "gateway_bus"]

_NOTHING: Final = "(nothing came yet)"


class GatewayBus:
    """The bus of a connector whose gateway is in another process.

    Args:
        host: has the connector's plug-in side.
        node: to listen on.
        name: of the connector.
        channels: descriptors of some of them, which say what their bits stand for.
    """

    def __init__(
        self,
        host: ConnectorHost,
        node: Node,
        name: str,
        channels: Mapping[str, ChannelDescriptor[Any]],
    ) -> None:
        self.executor = host.executor
        self.was_up = False
        """Whether it ever was in operation."""
        self._remote = host.register(EthercatRemote(name))
        self._statistics = self._remote.create_statistics_reader()
        self._node = node
        self._name = name
        self._routings = {
            one.name: one.routing
            for one in channels.values()
            if isinstance(one.routing, EthercatRouting)
        }
        self._hidden = {statistics_channel(name).name, sdo_channel(name).name}
        self._taps: dict[tuple[str, str], Tap | None] = {}
        self._values: dict[tuple[str, str], str] = {}
        self._latest: BusStatistics | None = None
        self._rate = CycleRate()
        self._began = monotonic()

    def read(self) -> View:
        """As it is. Always the same thread."""
        for received in self._statistics:
            self._latest = received.value
            self._rate.hear(received.value, received.timestamp_ns)
        health = self._remote.health
        self.was_up = self.was_up or isinstance(health, Up | Degraded)
        self._listen()
        return View(
            seconds=monotonic() - self._began,
            name=self._name,
            health=words(health),
            statistics=self._latest,
            values=tuple(
                Shown(channel, way, self._values.get((way, channel), _NOTHING))
                for way, channel in self._taps
            ),
            cycles_per_second=self._rate.per_second,
        )

    def close(self) -> None:
        """Listen no more."""
        for tap in self._taps.values():
            if tap is not None:
                tap.close()

    def _listen(self) -> None:
        """Take the latest value of each channel that the gateway says it has."""
        for label in self._remote.gateway_stats():
            way, _, channel = label.partition(" ")
            if channel in self._hidden or way not in ("in", "out"):
                continue
            tap = self._taps.get((way, channel))
            if tap is None:
                tap = self._taps[way, channel] = self._tap(way, channel)
            if tap is not None and (frames := tap.drain()[0]):
                self._values[way, channel] = self._in_words(channel, frames[-1])

    def _tap(self, way: str, channel: str) -> Tap | None:
        name = f"{channel}.{way}"
        try:
            layout = existing_channels(self._node).get(name)
            return None if layout is None else Tap(self._node, name, layout)
        except (IpcError, PortLimitReached) as error:
            self._values[way, channel] = f"cannot be listened to: {error}"
            return None

    def _in_words(self, channel: str, frame: bytes) -> str:
        facts = unseal(frame)
        if isinstance(facts, Rejection):
            return f"damaged: {facts}"
        payload = frame[HEADER_SIZE : HEADER_SIZE + facts.payload_len]
        routing = self._routings.get(channel)
        return bits_in_words(payload) if routing is None else field_in_words(routing, payload)


@contextmanager
def gateway_bus(
    name: str, domain: str | None, channels: Mapping[str, ChannelDescriptor[Any]]
) -> Iterator[GatewayBus]:
    """Attached to it until the end; it notices nothing."""
    with ExitStack() as stack:
        host = stack.enter_context(ConnectorHost(worker_threads=0, domain=domain))
        node = stack.enter_context(Node(domain=domain))
        bus = GatewayBus(host, node, name, channels)
        stack.callback(bus.close)
        yield bus
