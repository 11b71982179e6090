"""What the ports of a gateway have counted: for its own executor, and for plug-ins elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from taktora.connectors.status import PortStatus

if TYPE_CHECKING:
    from taktora.connectors.pump import Pump
    from taktora.connectors.raw_ports import RawWriter
    from taktora.observe.port_sources import PortSources
    from taktora.observe.port_stats import PortStats

__all__ = ["GatewayPorts"]


class GatewayPorts:
    """The ports of one gateway, by direction and channel as the plug-in sees them. Any thread.

    Args:
        name: of the connector.
        dropped: payloads from outside that made way for newer ones, by channel; it is looked at.
    """

    def __init__(self, name: str, dropped: Mapping[str, int]) -> None:
        self._name = name
        self._dropped = dropped
        self._refused: dict[str, int] = {}
        self._outs: dict[str, Pump] = {}
        self._ins: dict[str, RawWriter] = {}
        self._shown: list[tuple[PortSources, str]] = []

    def add_out(self, pump: Pump, sources: PortSources) -> None:
        """One that reads what plug-ins write; shown among ``sources``."""
        channel = pump.descriptor.name
        self._outs[channel] = pump
        self._show(f"out {channel}", lambda: _carried(pump), sources)

    def add_in(self, channel: str, writer: RawWriter, sources: PortSources) -> None:
        """One that writes what came from outside; shown among ``sources``."""
        self._ins[channel] = writer
        self._show(f"in {channel}", lambda: self._brought(channel, writer), sources)

    def refused(self, channel: str) -> None:
        """A payload from outside could not be passed on. By the gateway's actor only."""
        self._refused[channel] = self._refused.get(channel, 0) + 1

    def hide(self) -> None:
        """They are over: show them no more."""
        for sources, name in self._shown:
            sources.forget(name)
        self._shown.clear()

    def stats(self) -> dict[str, PortStats]:
        """Out, ``messages`` are what the link has taken, ``drops`` what was too old to be sent; in,
        ``drops`` are what was not passed on.
        """
        found = {f"out {channel}": _carried(pump) for channel, pump in list(self._outs.items())}
        for channel, writer in list(self._ins.items()):
            found[f"in {channel}"] = self._brought(channel, writer)
        return found

    def status(self) -> dict[str, PortStatus]:
        """The same, without what takes long to sum up, and how far each writer was carried."""
        found = {f"out {channel}": _followed(pump) for channel, pump in list(self._outs.items())}
        for channel, writer in list(self._ins.items()):
            found[f"in {channel}"] = PortStatus(self._brought(channel, writer))
        return found

    def _show(self, label: str, source: Callable[[], PortStats], sources: PortSources) -> None:
        name = sources.register(f"{self._name} gateway {label}", source)
        self._shown.append((sources, name))

    def _brought(self, channel: str, writer: RawWriter) -> PortStats:
        drops = self._dropped.get(channel, 0) + self._refused.get(channel, 0)
        return evolve(writer.stats(), drops=drops)


def _carried(pump: Pump) -> PortStats:
    """Only what the link has taken is carried; a payload that waits for it in the pump is not."""
    counts = pump.reader.stats()
    return evolve(counts, messages=pump.carried, bytes=pump.carried_bytes, drops=pump.dropped)


def _followed(pump: Pump) -> PortStatus:
    taken, writers = pump.reader.followed()
    carried = pump.carried  # after the reader: of what was taken, only the last can be missing here
    if carried + pump.dropped < taken:
        latest = next(reversed(writers))
        writers[latest] = evolve(writers[latest], next=writers[latest].next - 1)
    stats = evolve(
        pump.reader.counts(), messages=carried, bytes=pump.carried_bytes, drops=pump.dropped
    )
    return PortStatus(stats, {f"{writer:x}": how_far for writer, how_far in writers.items()})
