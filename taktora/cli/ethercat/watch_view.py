"""A bus at one moment, as the cells of what is shown of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from taktora.cli.reading import printable
from taktora.connectors.ethercat.cycle_stats import BusStatistics, Spread, SubDeviceStatus

__all__ = ["Shown", "View", "counted", "error_of", "fields_of"]


@frozen
class Shown:
    """One value."""

    name: str
    way: str
    """``in`` or ``out``, as the MainDevice sees it."""
    text: str


@frozen
class View:
    """What is known at one moment."""

    seconds: float
    """Since the beginning."""
    name: str
    """Of the interface, or the connector."""
    health: str
    """In words."""
    statistics: BusStatistics | None = None
    """``None``: nothing was told yet."""
    values: tuple[Shown, ...] = field(default=())
    cycles_per_second: float | None = None

    @property
    def subdevices(self) -> tuple[SubDeviceStatus, ...]:
        """As the last state sweep found them."""
        return () if self.statistics is None else self.statistics.subdevices


def fields_of(view: View) -> list[tuple[str, str, bool]]:
    """Name, text, and whether it is cause for concern, of everything that is counted."""
    stats = view.statistics
    if stats is None:
        return []
    wkc = "lost" if stats.wkc < 0 else str(stats.wkc)
    cycles = f"{stats.cycles}"
    if view.cycles_per_second is not None:
        cycles += f" ({view.cycles_per_second:.0f}/s)"
    told = [
        ("cycle", _time(stats.cycle_time), False),
        ("cycles", cycles, False),
        ("wkc", f"{wkc} of {stats.expected_wkc}", stats.wkc != stats.expected_wkc),
        ("late", _spread(stats.lateness), False),
        ("exchange", _spread(stats.exchange), False),
    ]
    return told + [(name, str(count), alarm and count > 0) for name, count, alarm in counted(stats)]


def counted(stats: BusStatistics) -> list[tuple[str, int, bool]]:
    """Name, number, and whether it should be zero."""
    return [
        ("lost", stats.lost_frames, True),
        ("short", stats.short_counters, True),
        ("overruns", stats.overruns, True),
        ("recoveries", stats.recoveries, True),
        ("bring-ups", stats.bring_ups, False),
        ("sdos", stats.sdos, False),
        ("refused", stats.refused, True),
    ]


def error_of(one: SubDeviceStatus) -> str:
    """Why it is not as it should be; empty: it is."""
    if one.state == "NONE":
        return "it does not answer"
    if not one.error:
        return ""
    return f"{printable(one.text) or 'it does not say why'} (AL status code 0x{one.al_status:04X})"


def cut(rows: Sequence[Sequence[str]], most: int) -> tuple[list[Sequence[str]], int]:
    """The first ``most`` rows, and how many there are besides."""
    return list(rows[:most]), max(len(rows) - most, 0)


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    return "/".join(f"{one / 1000:.0f}" for one in (spread.p50, spread.p99, spread.maximum)) + " us"


def _time(nanos: int) -> str:
    return f"{nanos / 1e6:g} ms"
