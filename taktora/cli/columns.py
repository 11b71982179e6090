"""What a table of a run shows of each item; pure: two moments' numbers in, text out."""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from taktora.observe.counters import ExecutorStats, ItemStats
from taktora.time import Nanos

__all__ = ["COLUMNS", "Column", "Reading", "duration", "first_rows", "printable"]


@frozen
class Reading:
    """An executor's numbers at one moment, and how fast they grow."""

    seconds: float
    """Since the run began."""
    stats: ExecutorStats
    rates: dict[str, float] = field(factory=dict)
    """Executions per second and item since the reading before."""

    @classmethod
    def between(
        cls, before: ExecutorStats, stats: ExecutorStats, *, seconds: float, passed: float
    ) -> Reading:
        """The reading ``seconds`` after the beginning and ``passed`` seconds after ``before``."""
        rates = {}
        for item_id, item in stats.items.items():
            old = before.items.get(item_id)
            rates[item_id] = max(item.count - (old.count if old else 0), 0) / max(passed, 1e-9)
        return cls(seconds, stats, rates)

    @property
    def summary(self) -> str:
        """One line about the executor as a whole."""
        stats = self.stats
        text = f"{self.seconds:.1f} s, {stats.wakeups} wake-ups, {stats.dead_letters} dead letters"
        return f"{text}, {stats.rescued} rescued" if stats.rescued else text


@frozen
class Column:
    """One column: its heading, a short one for narrow terminals, and its text for an item."""

    head: str
    short: str
    text: Callable[[ItemStats, Reading], str]
    alarm: str = ""
    """The style of a number that should be zero and is not."""


def duration(nanos: Nanos | None) -> str:
    """Three digits and a unit, ``-`` when it was never measured."""
    if nanos is None:
        return "-"
    value, unit = nanos / 1e3, "us"
    for larger in ("ms", "s"):
        if value < 999.5:
            break
        value, unit = value / 1e3, larger
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}{unit}"


def _rate(item: ItemStats, reading: Reading) -> str:
    rate = reading.rates.get(item.item_id, 0.0)
    return f"{rate:.1f}" if rate < 99.95 else f"{rate:.0f}"


def _nanos(name: str) -> Callable[[ItemStats, Reading], str]:
    return lambda item, _: duration(getattr(item, name, None))


def _count(name: str) -> Callable[[ItemStats, Reading], str]:
    def text(item: ItemStats, _: Reading) -> str:
        value = getattr(item, name, None)
        return "-" if value is None else str(value)

    return text


COLUMNS = (
    Column("item", "item", lambda item, _: printable(item.item_id)),
    Column("runs", "runs", _count("count")),
    Column("rate/s", "rate/s", _rate),
    Column("p50", "p50", _nanos("p50_ns")),
    Column("p99", "p99", _nanos("p99_ns")),
    Column("max", "max", _nanos("took_max_ns")),
    Column("late p99", "late", _nanos("lateness_p99_ns")),
    Column("skipped", "skip", _count("skipped"), "yellow"),
    Column("overruns", "over", _count("overruns"), "yellow"),
    Column("failures", "fail", _count("failures"), "bold red"),
    Column("depth", "dep", _count("mailbox_depth")),
    Column("drops", "drop", lambda item, _: str(item.dropped + item.rejected), "yellow"),
)


def first_rows(reading: Reading, most: int) -> tuple[list[ItemStats], int]:
    """At most ``most`` items, in the order in which they were added, and how many are left out."""
    items = list(reading.stats.items.values())
    return items[:most], max(len(items) - most, 0)


def printable(text: str) -> str:
    """``text`` on one line: what would move the cursor, or cannot be printed, is escaped."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )
