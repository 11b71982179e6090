"""Numbers of what observer and monitor are told."""

from __future__ import annotations

from typing import Final

from opentelemetry import metrics

from taktora.core.budgets import Fault
from taktora.observe.observer import DeadLetter
from taktora.observe.tracing.attributes import about, version
from taktora.time import Nanos

__all__ = ["Metrics"]

_BUCKETS: Final = tuple(float(f"{step}e{power}") for power in range(-6, 1) for step in (1, 2.5, 5))
"""From a microsecond to five seconds; the SDK's own are for milliseconds of web requests."""


class Metrics:
    """The instruments of one observer. Any thread."""

    def __init__(self, provider: metrics.MeterProvider | None) -> None:
        meter = metrics.get_meter("taktora", version(), provider)
        self._executions = meter.create_counter(
            "taktora.executions", "{execution}", "Executions that came to their end"
        )
        self._failures = meter.create_counter(
            "taktora.failures", "{execution}", "Executions that raised"
        )
        self._duration = meter.create_histogram(
            "taktora.execution.duration",
            "s",
            "How long executions took",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._runs = meter.create_counter("taktora.runs", "{run}", "Runs of chains and graphs")
        self._faults = meter.create_counter(
            "taktora.faults", "{fault}", "Items and executors that broke a budget and were faulted"
        )
        self._dead_letters = meter.create_counter(
            "taktora.dead_letters", "{message}", "Messages that nobody handled"
        )

    def executed(self, item_id: str, took_ns: Nanos, ok: bool) -> None:
        """An execution is through."""
        attributes = about(item_id)
        self._executions.add(1, attributes)
        self._duration.record(took_ns / 1e9, attributes)
        if not ok:
            self._failures.add(1, attributes)

    def landed(self, composition_id: str, outcome: str) -> None:
        """A run of a chain or graph is over."""
        self._runs.add(1, {"taktora.composition": str(composition_id), "taktora.outcome": outcome})

    def faulted(self, fault: Fault) -> None:
        """An item, or the executor, is faulted."""
        self._faults.add(1, about(fault.item_id) | {"taktora.reason": fault.reason})

    def dead_letter(self, letter: DeadLetter) -> None:
        """A message will never be handled."""
        self._dead_letters.add(1, about(letter.item_id))
