"""What happens in an executor, to ``logging`` and to OpenTelemetry (extra ``otel``).

::

    tracing = OpenTelemetryObserver()  # or LoggingObserver()
    executor = Executor(observer=tracing, monitor=tracing)
    observe_stats(executor)
"""

from __future__ import annotations

from taktora.observe.tracing.opentelemetry import OpenTelemetryObserver, observe_stats
from taktora.observe.tracing.to_logging import LoggingObserver

__all__ = ["LoggingObserver", "OpenTelemetryObserver", "observe_stats"]
