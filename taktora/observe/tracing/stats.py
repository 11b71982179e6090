"""Executors' statistics as metrics that are read when somebody collects.

A meter takes each instrument once, so all executors of one meter provider share them. Each
collection asks every instrument in turn; one snapshot serves them all, until one asks again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary, WeakSet

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from taktora.observe.counters import ExecutorStats
from taktora.observe.tracing.attributes import about, version

__all__ = ["HasStats", "publish"]

_Snapshot = tuple[tuple[str, ExecutorStats], ...]
_Read = Callable[[str, ExecutorStats], Iterable[Observation]]


class HasStats(Protocol):
    """What is needed of an executor."""

    @property
    def name(self) -> str:
        """Tells its numbers from those of others."""

    @property
    def closed(self) -> bool:
        """It has no more numbers."""

    def stats(self) -> ExecutorStats:
        """Its numbers. Any thread."""


class _Published:
    """The executors, and the instruments, of one meter provider."""

    def __init__(self, provider: metrics.MeterProvider) -> None:
        self.executors: WeakSet[HasStats] = WeakSet()
        self._lock = threading.Lock()
        self._snapshot: _Snapshot = ()
        self._served: set[str] | None = None
        meter = metrics.get_meter("taktora", version(), provider)
        for name, field, what in (
            ("taktora.mailbox.depth", "mailbox_depth", "Messages that wait"),
            ("taktora.mailbox.peak", "mailbox_peak", "The most messages that ever waited"),
        ):
            meter.create_observable_gauge(
                name, [self._callback(name, _per_item(field))], "{message}", what
            )
        for name, field, unit, what in (
            ("taktora.dropped", "dropped", "{message}", "Messages dropped from a full mailbox"),
            ("taktora.rejected", "rejected", "{message}", "Messages rejected to their sender"),
            ("taktora.skipped", "skipped", "{slot}", "Interval slots without a run"),
            ("taktora.coalesced", "coalesced", "{trigger}", "Triggers that shared an execution"),
            ("taktora.overruns", "overruns", "{execution}", "Executions longer than their budget"),
        ):
            meter.create_observable_counter(
                name, [self._callback(name, _per_item(field))], unit, what
            )
        for field, unit, what in (
            ("messages", "{message}", "Values that a port sent or handed out"),
            ("bytes", "By", "Their payloads"),
            ("drops", "{message}", "Values that were accepted, or had come, and were thrown away"),
            ("gaps", "{message}", "Numbers that were missing between the frames that came"),
            ("crc_errors", "{message}", "Frames that were damaged"),
            ("decode_errors", "{message}", "Frames whose payload no codec could read"),
            ("restarts", "{restart}", "New writers that took over from earlier ones"),
        ):
            name = f"taktora.port.{field}"
            meter.create_observable_counter(
                name, [self._callback(name, _per_port(field))], unit, what
            )
        name = "taktora.port.latency"
        meter.create_observable_gauge(
            name, [self._callback(name, _latencies)], "s", "From sending to receipt, by percentile"
        )
        name = "taktora.wakeups"
        meter.create_observable_counter(
            name,
            [self._callback(name, _wakeups)],
            "{turn}",
            "Turns of the driver that ran at least one item",
        )

    def _callback(
        self, name: str, read: _Read
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> list[Observation]:
            return [one for executor, stats in self._current(name) for one in read(executor, stats)]

        return observe

    def _current(self, name: str) -> _Snapshot:
        with self._lock:
            if self._served is None or name in self._served:
                self._served = set()
                self._snapshot = tuple(
                    (one.name, one.stats()) for one in list(self.executors) if not one.closed
                )
            self._served.add(name)
            return self._snapshot


def _per_item(field: str) -> _Read:
    value: Callable[[object], int] = attrgetter(field)

    def read(executor: str, stats: ExecutorStats) -> Iterable[Observation]:
        for item_id, item in stats.items.items():
            yield Observation(value(item), about(item_id) | _of(executor))

    return read


def _per_port(field: str) -> _Read:
    value: Callable[[object], int] = attrgetter(field)

    def read(executor: str, stats: ExecutorStats) -> Iterable[Observation]:
        for label, port in stats.ports.items():
            yield Observation(value(port), {"taktora.port": label} | _of(executor))

    return read


def _latencies(executor: str, stats: ExecutorStats) -> Iterable[Observation]:
    for label, port in stats.ports.items():
        if port.latency is not None:
            for percentile in ("p50", "p95", "p99"):
                facts = {"taktora.port": label, "taktora.percentile": percentile}
                yield Observation(getattr(port.latency, percentile) / 1e9, facts | _of(executor))


def _wakeups(executor: str, stats: ExecutorStats) -> Iterable[Observation]:
    yield Observation(stats.wakeups, _of(executor))


def _of(executor: str) -> dict[str, Any]:
    return {"taktora.executor": executor}


_published: Final[WeakKeyDictionary[metrics.MeterProvider, _Published]] = WeakKeyDictionary()
_lock: Final = threading.Lock()


def publish(executor: HasStats, provider: metrics.MeterProvider | None) -> None:
    """Let the numbers of ``executor`` be collected."""
    provider = metrics.get_meter_provider() if provider is None else provider
    with _lock:
        published = _published.get(provider)
        if published is None:
            _published[provider] = published = _Published(provider)
        published.executors.add(executor)
