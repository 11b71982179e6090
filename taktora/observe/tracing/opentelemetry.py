"""The door to OpenTelemetry: what is told here becomes spans and metrics.

Only ``spans`` and ``metrics`` import OpenTelemetry's API, and they are imported when the first
object here is made. The SDK, its exporters and samplers are the user's to choose.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taktora.core.budgets import Fault
from taktora.errors import MissingExtra
from taktora.observe.observer import DeadLetter, ExecutionMonitor, Observer
from taktora.time import Nanos

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from taktora.observe.tracing.stats import HasStats

__all__ = ["OpenTelemetryObserver", "observe_stats"]


@contextmanager
def _needing_opentelemetry() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] != "opentelemetry":
            raise
        raise MissingExtra("this needs OpenTelemetry: pip install 'taktora[otel]'") from exc


class OpenTelemetryObserver(Observer, ExecutionMonitor):
    """A span per execution and per run, and metrics: ``Executor(observer=it, monitor=it)``.

    Spans are named by the item's id. While an item executes, its span is the current one on that
    thread, so that spans made inside are its children. A chain or graph has a span per run, whose
    children are its nodes' spans; each of these links to those of the nodes right before it. A run,
    and an execution that is part of none, is the root of a trace of its own.

    Spans carry ``taktora.item_id``, ``taktora.composition``, ``taktora.triggers``,
    ``taktora.app_id``, ``taktora.run``, ``taktora.outcome``. Metrics: ``taktora.executions``,
    ``taktora.failures``, ``taktora.execution.duration`` (histogram, s), ``taktora.runs``,
    ``taktora.faults``, ``taktora.dead_letters``. See also :func:`observe_stats`.

    Executors may share one if the ids of their chains and graphs differ; else give each its own,
    with the same providers. As an observer only, it sees no executions; as a monitor only, no
    exceptions.

    Args:
        tracer_provider, meter_provider: ``None``: OpenTelemetry's global ones.

    Raises:
        MissingExtra: ``opentelemetry-api`` is not installed.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        with _needing_opentelemetry():
            from taktora.observe.tracing.metrics import Metrics
            from taktora.observe.tracing.spans import Spans
        self._spans = Spans(tracer_provider)
        self._metrics = Metrics(meter_provider)

    def on_executor_up(self) -> None:
        """A run begins: from now on, a failed execution is followed by its exception."""
        self._spans.up()

    def on_executor_down(self) -> None:
        """Ends every span that is still open."""
        self._spans.down(None)

    def on_executor_error(self, error: BaseException) -> None:
        """Ends every span that is still open."""
        self._spans.down(error)

    def on_app_start(self, item_id: str, app_id: int, app_instance_id: int | None) -> None:
        """Its ids become attributes of the execution's span."""
        self._spans.announce(item_id, app_id, app_instance_id)

    def pre_execute(self, item_id: str, at_ns: Nanos) -> None:
        """Begins the span and makes it the current one."""
        self._spans.begin(item_id, at_ns)

    def post_execute(self, item_id: str, at_ns: Nanos, took_ns: Nanos, ok: bool) -> None:
        """Ends the span; one that failed is still to hear why."""
        self._spans.end(item_id, at_ns, took_ns, ok)
        self._metrics.executed(item_id, took_ns, ok)

    def on_app_error(self, item_id: str, error: BaseException) -> None:
        """Records the exception in the span that failed, and ends it."""
        self._spans.failed(item_id, error)

    def on_send_event(self, item_id: str, event: Any) -> None:
        """An event of the execution's span."""
        self._spans.event(item_id, event)

    def on_composition_start(self, composition_id: str, run: int) -> None:
        """Begins the span of a run."""
        self._spans.departed(composition_id, run)

    def on_composition_end(self, composition_id: str, run: int, outcome: str) -> None:
        """Ends it."""
        self._spans.landed(composition_id, run, outcome)
        self._metrics.landed(composition_id, outcome)

    def on_cancelled(self, item_id: str) -> None:
        """An event of the run's span."""
        self._spans.cancelled(item_id)

    def on_fault(self, item_id: str | None, fault: Fault) -> None:  # noqa: ARG002  # fault says it
        """Counted."""
        self._metrics.faulted(fault)

    def on_dead_letter(self, letter: DeadLetter) -> None:
        """Counted."""
        self._metrics.dead_letter(letter)


def observe_stats(executor: HasStats, meter_provider: MeterProvider | None = None) -> None:
    """Let ``executor.stats()`` be collected as metrics, for as long as the executor lives.

    Per item (attributes ``taktora.executor``, ``taktora.item_id``): gauges
    ``taktora.mailbox.depth`` and ``taktora.mailbox.peak``; counters ``taktora.dropped``,
    ``taktora.rejected``, ``taktora.skipped``, ``taktora.coalesced``, ``taktora.overruns``. Per
    port of a connector (``taktora.executor``, ``taktora.port``): counters ``taktora.port.messages``,
    ``.bytes``, ``.drops``, ``.gaps``, ``.crc_errors``, ``.decode_errors``, ``.restarts``, and gauge
    ``taktora.port.latency`` (s, by ``taktora.percentile``: p50, p95, p99). Per executor: counter
    ``taktora.wakeups``. Costs one ``stats()`` per collection, nothing in between.
    Give executors names that differ. The same executor twice is as once.

    Raises:
        MissingExtra: ``opentelemetry-api`` is not installed.
    """
    with _needing_opentelemetry():
        from taktora.observe.tracing.stats import publish
    publish(executor, meter_provider)
