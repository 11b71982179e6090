"""A chain's trace on the console: each node's span, its parent, and what it follows.

pip install 'taktora[otel]'; any other OpenTelemetry exporter goes in the console's place.
"""

from __future__ import annotations

import sys

from taktora import Context, Executor, every, item
from taktora.errors import MissingExtra
from taktora.observe.tracing import OpenTelemetryObserver

try:
    tracing = OpenTelemetryObserver()  # of OpenTelemetry's global providers, which may come later
except MissingExtra as missing:
    sys.exit(str(missing))

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor


def line(span: ReadableSpan) -> str:
    """One span in one line; the exporter's own format takes thirty."""
    assert span.context
    took = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    parent = f"in {span.parent.span_id:016x}" if span.parent else "a run"
    after = "".join(f", after {link.context.span_id:016x}" for link in span.links)
    return f"{span.context.span_id:016x} {span.name:6} {took:6.2f} ms  {parent}{after}\n"


def main() -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=line)))
    trace.set_tracer_provider(provider)

    @every(0.05, id="read")
    def read(ctx: Context) -> None:
        ctx.emit([3, 4, 5])

    def check(ctx: Context) -> None:
        with trace.get_tracer("mine").start_as_current_span("sum"):  # becomes a child of "check"
            ctx.emit(sum(ctx.input))

    with Executor(observer=tracing, monitor=tracing) as executor:
        executor.add_chain(
            [read, item(check, id="check"), item(lambda: None, id="store")], id="line"
        )
        executor.run_n(2)


if __name__ == "__main__":
    main()
