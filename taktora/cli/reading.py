"""An executor's numbers at one moment, and how its table looks; pure."""

from __future__ import annotations

from attrs import evolve, field, frozen

from taktora.observe.counters import ExecutorStats
from taktora.observe.table import rates, rows

__all__ = ["COLUMNS", "Column", "Reading", "printable"]


@frozen
class Column:
    """How one column of the table looks on a terminal."""

    short: str
    """The heading when there is little room."""
    width: int
    """At least; what most numbers need, so that columns stand still."""
    alarm: str = field(default="")
    """The style of a number that should be zero and is not."""


COLUMNS = (
    Column("item", 8),
    Column("runs", 6),
    Column("rate", 6),
    Column("p50", 7),
    Column("p99", 7),
    Column("max", 7),
    Column("late", 7),
    Column("skip", 4, "yellow"),
    Column("over", 4, "yellow"),
    Column("fail", 4, "bold red"),
    Column("dep", 3),
    Column("drop", 4, "yellow"),
)
"""In the order of ``HEADER``."""


@frozen
class Reading:
    """Numbers, and how fast they grow."""

    seconds: float
    """Since the run began."""
    stats: ExecutorStats
    rates: dict[str, float] = field(factory=dict)
    """Executions per second and item since an earlier reading."""

    @classmethod
    def between(
        cls, before: ExecutorStats, stats: ExecutorStats, *, seconds: float, passed: float
    ) -> Reading:
        """The reading ``seconds`` after the beginning and ``passed`` seconds after ``before``."""
        return cls(seconds, stats, rates(before, stats, max(passed, 1e-9)))

    def rows(self, most: int) -> tuple[list[tuple[str, ...]], int]:
        """Cells of the first ``most`` items, oldest first, and how many items are left out."""
        names = list(self.stats.items)
        some = {name: self.stats.items[name] for name in names[:most]}
        table = rows(evolve(self.stats, items=some), self.rates)[1:]
        return [(printable(item), *cells) for item, *cells in table], len(names) - len(some)

    @property
    def summary(self) -> str:
        """One line about the executor as a whole."""
        stats = self.stats
        text = f"{self.seconds:.1f} s, {stats.wakeups} wake-ups, {stats.dead_letters} dead letters"
        return f"{text}, {stats.rescued} rescued" if stats.rescued else text


def printable(text: str) -> str:
    """``text`` on one line: what would move the cursor, or cannot be printed, is escaped."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )
