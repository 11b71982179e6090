"""What is counted about each item: constant memory, written only by the thread that executes it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from taktora.core.mailbox import Mailbox
from taktora.observe import port_table, table
from taktora.observe.histogram import Histogram, Summary
from taktora.observe.pace import Pace
from taktora.observe.port_stats import PortStats
from taktora.time import Nanos

__all__ = ["ExecutorStats", "ItemCounters", "ItemStats"]

_NOTHING = Summary(0)


class ItemCounters:
    """Running numbers of one item; ``Cell.run`` records executions right where they happen.

    Reading while it executes gives a recent, not an exact, view.
    """

    __slots__ = ("failed", "overruns", "pace", "took")

    took: Histogram
    """How long each execution took; their number is the number of executions."""
    failed: int
    overruns: int
    """Executions that took longer than the item's budget. Never goes back."""
    pace: Pace | None
    """Of an item with intervals."""

    def __init__(self) -> None:
        self.took = Histogram()
        self.failed = 0
        self.overruns = 0
        self.pace = None

    def stats(self, item_id: str, mailbox: Mailbox, skipped: int) -> ItemStats:
        """These numbers, and the mailbox's, as a value."""
        took = self.took.summary()
        lateness = jitter = _NOTHING
        pace = self.pace
        if pace is not None and pace.lateness is not None:
            lateness, jitter = pace.lateness.summary(), pace.jitter.summary()
        return ItemStats(
            item_id=item_id,
            count=took.count,
            failures=self.failed,
            overruns=self.overruns,
            took_min_ns=took.minimum,
            took_max_ns=took.maximum,
            took_mean_ns=took.mean,
            p50_ns=took.p50,
            p95_ns=took.p95,
            p99_ns=took.p99,
            jitter_p99_ns=jitter.p99,
            jitter_max_ns=jitter.maximum,
            lateness_p50_ns=lateness.p50,
            lateness_p99_ns=lateness.p99,
            lateness_max_ns=lateness.maximum,
            lateness_mean_ns=lateness.mean,
            skipped=skipped,
            coalesced=mailbox.coalesced,
            mailbox_depth=mailbox.depth,
            mailbox_peak=mailbox.peak,
            mailbox_capacity=mailbox.capacity,
            dropped=mailbox.dropped,
            rejected=mailbox.rejected,
        )


@frozen
class ItemStats:
    """One item's numbers since it was added. Durations in nanoseconds; ``None``: never measured.

    Counts, minima, maxima and means are exact; percentiles are within 0.4 % of the nearest rank.
    ``str()`` gives one line for people.
    """

    item_id: str
    count: int
    """Executions: wake-ups and messages handled."""
    failures: int
    overruns: int
    """Executions that took longer than the item's budget. Never goes back."""
    took_min_ns: Nanos | None
    """The shortest execution."""
    took_max_ns: Nanos | None
    took_mean_ns: float | None
    p50_ns: Nanos | None
    """Half of all executions took this long or less."""
    p95_ns: Nanos | None
    p99_ns: Nanos | None
    jitter_p99_ns: Nanos | None
    """Jitter: how far the time between two successive starts of an interval is from the period
    times the number of slots between them."""
    jitter_max_ns: Nanos | None
    lateness_p50_ns: Nanos | None
    """Lateness: how long after its grid slot an interval tick started."""
    lateness_p99_ns: Nanos | None
    lateness_max_ns: Nanos | None
    lateness_mean_ns: float | None
    skipped: int
    """Interval slots that passed without a run."""
    coalesced: int
    """Triggers that shared an execution with an earlier one."""
    mailbox_depth: int
    mailbox_peak: int
    mailbox_capacity: int
    dropped: int
    """Messages dropped by the overflow policy."""
    rejected: int
    """Messages rejected to their sender."""

    def __str__(self) -> str:
        return table.line(self)


@frozen
class ExecutorStats:
    """An executor's numbers at one moment. ``str()`` gives a table for people."""

    items: dict[str, ItemStats] = field(factory=dict)
    wakeups: int = 0
    """Turns of the driver that ran at least one item, over all runs."""
    dead_letters: int = 0
    """Messages that nobody handled, over all runs."""
    rescued: int = 0
    """Notifications found by looking, without a wake-up: 0 unless iceoryx2 lost one."""
    ports: Mapping[str, PortStats] = field(factory=dict)
    """Of the connectors that are registered with it: ``lab out motor/speed``,
    ``lab gateway in motor/speed``."""

    def __getitem__(self, item_id: str) -> ItemStats:
        return self.items[item_id]

    def __str__(self) -> str:
        items = table.text(table.rows(self))
        return f"{items}\n\n{table.text(port_table.rows(self))}" if self.ports else items
