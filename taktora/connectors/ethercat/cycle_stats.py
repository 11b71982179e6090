"""What a bus cycle has counted and how well it kept its time, and how that is told to others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from taktora.connectors.codecs.json import JsonCodec
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.ethercat.bus import LOST, SubDeviceState
from taktora.connectors.routing import NoRouting
from taktora.observe.histogram import Histogram, Summary
from taktora.time import Nanos

__all__ = [
    "CODEC",
    "BusStatistics",
    "CycleStats",
    "Spread",
    "SubDeviceStatus",
    "statistics_channel",
    "status_of",
]

CODEC: Final = JsonCodec(forbid_extra_keys=False)  # a gateway may be newer than who reads
_NONE: Final = -1
_LARGEST: Final = 65_536


def statistics_channel(connector: str) -> ChannelDescriptor[NoRouting]:
    """Where a connector's :class:`BusStatistics` go, as JSON."""
    return ChannelDescriptor(f"{connector}/bus", max_payload=_LARGEST)


@frozen
class Spread:
    """How long something took, or how late it was, since the gateway was started; nanoseconds."""

    p50: Nanos
    p99: Nanos
    maximum: Nanos


@frozen
class SubDeviceStatus:
    """One SubDevice as the last state sweep found it."""

    position: int
    """On the wire, from 1."""
    name: str
    """As the options call it, else as it calls itself."""
    state: str
    """``INIT``, ``PRE-OP``, ``BOOT``, ``SAFE-OP``, ``OP``, or ``NONE``: it does not answer."""
    error: bool = False
    """Bit 4 of AL Status, register 0x0130."""
    al_status: int = 0
    """AL Status Code, register 0x0134."""
    text: str = ""
    """The code in words."""


@frozen
class BusStatistics:
    """A bus at one moment. Counters count since its gateway was started, bring-ups included."""

    state: str
    """Health in words: ``up``, ``degraded: ...``, ``connecting: ...`` with the step, ``down: ...``."""
    cycle_time: Nanos
    cycles: int = 0
    """Exchanges, whatever became of them."""
    overruns: int = 0
    """Slots of the time grid that passed without an exchange, while the bus was in operation."""
    expected_wkc: int = 0
    """The working counter of a cycle in which every SubDevice takes part."""
    wkc: int = 0
    """The latest working counter; -1: the frame was lost."""
    short_counters: int = 0
    """Exchanges that came back with a working counter below the expected one."""
    lost_frames: int = 0
    """Exchanges that did not come back."""
    sweeps: int = 0
    recoveries: int = 0
    """Steps to take a SubDevice back to OP."""
    bring_ups: int = 0
    """Attempts to take the whole bus to OP."""
    sdos: int = 0
    """Objects read and written at run time, failed ones included."""
    emergencies: int = 0
    """Emergency messages of SubDevices; what they say is in the gateway's log."""
    refused: int = 0
    """Values that the field of their channel cannot hold: a plug-in has another codec."""
    lateness: Spread | None = None
    """How long after its slot an exchange began; ``None``: there was none yet."""
    exchange: Spread | None = None
    """How long an exchange took; ``None``: there was none yet."""
    subdevices: tuple[SubDeviceStatus, ...] = field(default=())
    """In the order of their positions; empty before the bus was first up."""


class CycleStats:
    """Counts. One thread. Histograms are of bounded size, whatever is recorded.

    Args:
        period: of the cycle, in nanoseconds.
    """

    def __init__(self, period: Nanos) -> None:
        self.cycles = self.overruns = self.short_counters = self.lost_frames = 0
        self.sweeps = self.recoveries = self.bring_ups = self.refused = 0
        self.emergencies = 0
        self.expected_wkc = self.wkc = 0
        self.lateness = Histogram()
        self.exchange = Histogram()
        self._period = period
        self._slot: Nanos = _NONE

    def begin(self, expected_wkc: int) -> None:
        """The bus is in operation from now on; slots that passed before are no overruns."""
        self.expected_wkc = expected_wkc
        self._slot = _NONE

    def exchanged(self, slot: Nanos, began: Nanos, ended: Nanos, wkc: int) -> None:
        """The exchange of the grid's ``slot`` took from ``began`` to ``ended``, and had this working
        counter, or is lost. For each cycle.
        """
        self.cycles += 1
        if slot - self._slot != self._period and self._slot != _NONE:
            self.overruns += (slot - self._slot) // self._period - 1
        self._slot = slot
        self.lateness.record(began - slot if began > slot else 0)
        self.exchange.record(ended - began)
        self.wkc = wkc
        if wkc < self.expected_wkc:
            if wkc == LOST:
                self.lost_frames += 1
            else:
                self.short_counters += 1

    def report(
        self, state: str, subdevices: Iterable[SubDeviceStatus], *, sdos: int
    ) -> BusStatistics:
        """All of it."""
        return BusStatistics(
            state=state,
            cycle_time=self._period,
            cycles=self.cycles,
            overruns=self.overruns,
            expected_wkc=self.expected_wkc,
            wkc=self.wkc,
            short_counters=self.short_counters,
            lost_frames=self.lost_frames,
            sweeps=self.sweeps,
            recoveries=self.recoveries,
            bring_ups=self.bring_ups,
            sdos=sdos,
            emergencies=self.emergencies,
            refused=self.refused,
            lateness=_spread(self.lateness.summary()),
            exchange=_spread(self.exchange.summary()),
            subdevices=tuple(subdevices),
        )


def status_of(state: SubDeviceState, name: str) -> SubDeviceStatus:
    """What a sweep found, for others."""
    return SubDeviceStatus(
        state.position, name, state.state.label, state.error, state.al_status, state.text
    )


def _spread(summary: Summary) -> Spread | None:
    if summary.p50 is None or summary.p99 is None or summary.maximum is None:
        return None
    return Spread(summary.p50, summary.p99, summary.maximum)
