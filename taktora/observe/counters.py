"""What is counted about each item: constant memory, written only by the thread that executes it."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from taktora.core.mailbox import Mailbox
from taktora.time import Nanos

__all__ = ["ExecutorStats", "ItemCounters", "ItemStats"]

_NEVER: Final = 2**63 - 1


class ItemCounters:
    """Running numbers of one item; ``Cell.run`` counts executions right where they happen.

    Reading while it executes gives a recent, not an exact, view.
    """

    __slots__ = (
        "count",
        "failed",
        "late_max",
        "late_sum",
        "ticks",
        "took_max",
        "took_min",
        "took_sum",
    )

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0
        self.took_sum = 0
        self.took_min = _NEVER
        self.took_max = 0
        self.ticks = 0
        self.late_sum = 0
        self.late_max = 0

    def note_tick(self, late: Nanos) -> None:
        """Count one interval tick that began ``late`` ns after its slot."""
        self.ticks += 1
        self.late_sum += late
        if late > self.late_max:
            self.late_max = late

    def stats(self, item_id: str, mailbox: Mailbox, skipped: int) -> ItemStats:
        """These numbers, and the mailbox's, as a value."""
        return ItemStats(
            item_id=item_id,
            count=self.count,
            failures=self.failed,
            took_min_ns=self.took_min if self.count else None,
            took_max_ns=self.took_max if self.count else None,
            took_mean_ns=self.took_sum / self.count if self.count else None,
            lateness_max_ns=self.late_max if self.ticks else None,
            lateness_mean_ns=self.late_sum / self.ticks if self.ticks else None,
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
    """One item's numbers. Durations in nanoseconds; ``None``: never measured."""

    item_id: str
    count: int
    """Executions: wake-ups and messages handled."""
    failures: int
    took_min_ns: Nanos | None
    took_max_ns: Nanos | None
    took_mean_ns: float | None
    lateness_max_ns: Nanos | None
    """The latest start of an interval tick against its grid slot."""
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


@frozen
class ExecutorStats:
    """An executor's numbers at one moment."""

    items: dict[str, ItemStats] = field(factory=dict)
    wakeups: int = 0
    """Turns of the driver that ran at least one item, over all runs."""
    dead_letters: int = 0
    """Messages that nobody handled, over all runs."""
    rescued: int = 0
    """Notifications found by looking, without a wake-up: 0 unless iceoryx2 lost one."""

    def __getitem__(self, item_id: str) -> ItemStats:
        return self.items[item_id]
