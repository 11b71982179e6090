"""Which span is open, on which thread, and how it ends.

Every open span is in one table, and whoever takes it out ends it: the execution when it is through,
or the end of the executor's run if that never happens. Contexts belong to threads: what a thread
attaches it detaches itself, at the end of the execution or before its next one.
"""

from __future__ import annotations

import threading
from time import monotonic_ns, time_ns
from typing import Any, Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, Status, StatusCode

from taktora.observe.executing import executing
from taktora.observe.tracing.attributes import about, plain, version
from taktora.time import Nanos

__all__ = ["Spans"]

_ROOT: Final = Context()
"""Not what is current on the driver's thread: a trace is the same with and without workers."""


class _Open:
    """A span that has not ended."""

    __slots__ = ("offset", "span")

    def __init__(self, span: Span, offset: Nanos) -> None:
        self.span = span
        self.offset = offset
        """From monotonic time to that since the epoch; one for all spans of a run."""


class _Run(_Open):
    """A run of a chain or graph."""

    __slots__ = ("begun", "context", "culprit")

    def __init__(self, span: Span, offset: Nanos) -> None:
        super().__init__(span, offset)
        self.context = trace.set_span_in_context(span, _ROOT)
        self.begun: dict[str, SpanContext] = {}
        """Nodes that have executed, or do."""
        self.culprit: str | None = None
        """The node that raised first."""


class _Execution(_Open):
    """One execution; owned by its thread."""

    __slots__ = ("ends_at", "item_id", "run", "token")

    def __init__(self, span: Span, offset: Nanos, item_id: str, run: _Run | None) -> None:
        super().__init__(span, offset)
        self.item_id = item_id
        self.run = run
        self.token: Any = contexts.attach(trace.set_span_in_context(span))
        self.ends_at: Nanos = 0

    def detach(self) -> None:
        """No longer be the current span of this thread."""
        token, self.token = self.token, None
        if token is not None:
            contexts.detach(token)


class _Here(threading.local):
    """What this thread is at."""

    execution: _Execution | None = None
    app: tuple[str, int, int | None] | None = None


class Spans:
    """Turns what observer and monitor are told into spans. Any thread."""

    def __init__(self, provider: trace.TracerProvider | None) -> None:
        self._tracer = trace.get_tracer("taktora", version(), provider)
        self._open: dict[_Open, None] = {}
        self._runs: dict[str, _Run] = {}
        self._here = _Here()
        self._lock = threading.Lock()
        self._up = 0
        self._hears_errors = False

    # --- the executor's run -----------------------------------------------------------------------

    def up(self) -> None:
        """A run begins."""
        with self._lock:
            self._up += 1
        self._hears_errors = True

    def down(self, error: BaseException | None) -> None:
        """A run is over: nothing stays open. Called by its driver's thread."""
        self._abandon()
        with self._lock:
            self._up -= 1
            if self._up:
                return  # what is open may belong to another executor
        self._runs.clear()
        for one in list(self._open):
            self._end_unfinished(one, error)

    # --- one execution ----------------------------------------------------------------------------

    def announce(self, item_id: str, app_id: int, app_instance_id: int | None) -> None:
        """The execution that begins next on this thread is of an app."""
        self._here.app = (item_id, app_id, app_instance_id)

    def begin(self, item_id: str, at_ns: Nanos) -> None:
        """An execution begins."""
        self._abandon()
        ctx = executing()
        attributes = about(item_id)
        run = None
        if ctx is not None:
            attributes["taktora.triggers"] = tuple(fired.kind for fired in ctx.triggers)
            if ctx.in_run:
                run = self._runs.get(getattr(item_id, "composition", None) or "")
        app, self._here.app = self._here.app, None
        if app is not None and app[0] == item_id:
            attributes["taktora.app_id"] = app[1]
            if app[2] is not None:
                attributes["taktora.app_instance_id"] = app[2]
        offset = time_ns() - monotonic_ns() if run is None else run.offset
        links = []
        if run is not None:
            before: tuple[str, ...] = getattr(item_id, "predecessors", ())
            links = [Link(run.begun[node]) for node in before if node in run.begun]
        span = self._tracer.start_span(
            str(item_id),
            _ROOT if run is None else run.context,
            attributes=attributes,
            links=links,
            start_time=at_ns + offset,
        )
        if run is not None:
            run.begun[item_id] = span.get_span_context()
        self._here.execution = execution = _Execution(span, offset, item_id, run)
        self._open[execution] = None

    def end(self, item_id: str, at_ns: Nanos, took_ns: Nanos, ok: bool) -> None:
        """An execution is through."""
        execution = self._of(item_id)
        if execution is None:
            return
        execution.detach()
        execution.ends_at = at_ns + took_ns + execution.offset
        if ok or not self._hears_errors:
            self._here.execution = None
            if self._claim(execution):
                if not ok:
                    execution.span.set_status(Status(StatusCode.ERROR))
                execution.span.end(execution.ends_at)

    def failed(self, item_id: str, error: BaseException) -> None:
        """What the execution that is through raised."""
        execution = self._of(item_id)
        self._here.execution = None
        if execution is None or not self._claim(execution):
            return
        if execution.run is not None and execution.run.culprit is None:
            execution.run.culprit = str(item_id)
        span = execution.span
        span.record_exception(error, timestamp=execution.ends_at)
        span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        span.end(execution.ends_at)

    def event(self, item_id: str, event: Any) -> None:
        """An item sends a user event while it executes."""
        execution = self._of(item_id)
        if execution is not None and execution in self._open:
            execution.span.add_event("taktora.event", {"taktora.event": plain(event)})

    # --- chains and graphs ------------------------------------------------------------------------

    def departed(self, composition_id: str, number: int) -> None:
        """A run of a chain or graph begins."""
        now = monotonic_ns()
        offset = time_ns() - now
        span = self._tracer.start_span(
            str(composition_id),
            _ROOT,
            attributes={"taktora.composition": str(composition_id), "taktora.run": number},
            start_time=now + offset,
        )
        before = self._runs.get(composition_id)
        self._runs[composition_id] = run = _Run(span, offset)
        self._open[run] = None
        if before is not None:  # of another executor, whose ids should differ
            self._end_unfinished(before, None)

    def landed(self, composition_id: str, number: int, outcome: str) -> None:  # noqa: ARG002
        """It is over."""
        run = self._runs.pop(composition_id, None)
        if run is None or not self._claim(run):
            return
        run.span.set_attribute("taktora.outcome", outcome)
        if outcome == "failed":
            run.span.set_status(Status(StatusCode.ERROR, f"item {run.culprit!r} failed"))
        run.span.end(monotonic_ns() + run.offset)

    def cancelled(self, item_id: str) -> None:
        """A node was not run."""
        run = self._runs.get(getattr(item_id, "composition", None) or "")
        if run is not None:
            run.span.add_event("taktora.cancelled", {"taktora.item_id": str(item_id)})

    # --- helpers ----------------------------------------------------------------------------------

    def _of(self, item_id: str) -> _Execution | None:
        """What this thread executes, if it is that item."""
        execution = self._here.execution
        return execution if execution is not None and execution.item_id == item_id else None

    def _claim(self, one: _Open) -> bool:
        """Whether it is now the caller's to end."""
        return self._open.pop(one, one) is None

    def _abandon(self) -> None:
        """End what this thread left open: an interrupt, or another observer, was in the way."""
        execution, self._here.execution = self._here.execution, None
        if execution is not None:
            execution.detach()
            self._end_unfinished(execution, None)

    def _end_unfinished(self, one: _Open, error: BaseException | None) -> None:
        if self._claim(one):
            one.span.set_attribute("taktora.unfinished", True)
            why = "cut short" if error is None else f"cut short: {type(error).__name__}"
            one.span.set_status(Status(StatusCode.ERROR, why))
            one.span.end(monotonic_ns() + one.offset)
