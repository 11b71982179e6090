"""An executor's numbers at one moment, and how its table looks; pure."""

from __future__ import annotations

from attrs import evolve, field, frozen

from taktora.observe import port_table
from taktora.observe.counters import ExecutorStats
from taktora.observe.table import rates, rows

__all__ = ["COLUMNS", "PORT_COLUMNS", "Column", "Reading", "printable"]


@frozen
class Column:
    """How one column of the table looks on a terminal."""

    short: str
    """The heading when there is little room."""
    width: int
    """At least; what most numbers need, so that columns stand still."""
    alarm: str = field(default="")
    """The style of a number that should be zero and is not."""
    text: bool = field(default=False)
    """Words, to the left, that may be cut down to ``width``."""


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

PORT_COLUMNS = (
    Column("port", 8),
    Column("msgs", 6),
    Column("rate", 6),
    Column("bytes", 7),
    Column("drop", 4, "yellow"),
    Column("gap", 4, "yellow"),
    Column("err", 4, "bold red"),
    Column("p50", 7),
    Column("p99", 7),
    Column("last error", 10, text=True),
)
"""In the order of ``port_table.HEADER``."""


@frozen
class Reading:
    """Numbers, and how fast they grow."""

    seconds: float
    """Since the run began."""
    stats: ExecutorStats
    rates: dict[str, float] = field(factory=dict)
    """Executions per second and item since an earlier reading."""
    port_rates: dict[str, float] = field(factory=dict)
    """Messages per second and port."""

    @classmethod
    def between(
        cls, before: ExecutorStats, stats: ExecutorStats, *, seconds: float, passed: float
    ) -> Reading:
        """The reading ``seconds`` after the beginning and ``passed`` seconds after ``before``."""
        passed = max(passed, 1e-9)
        return cls(
            seconds, stats, rates(before, stats, passed), port_table.rates(before, stats, passed)
        )

    def rows(self, most: int) -> tuple[list[tuple[str, ...]], int]:
        """Cells of the first ``most`` items, oldest first, and how many items are left out."""
        names = list(self.stats.items)
        some = {name: self.stats.items[name] for name in names[:most]}
        table = rows(evolve(self.stats, items=some), self.rates)[1:]
        return [(printable(item), *cells) for item, *cells in table], len(names) - len(some)

    def port_rows(self, most: int) -> tuple[list[tuple[str, ...]], int]:
        """As :meth:`rows`, of ports."""
        names = list(self.stats.ports)
        some = {name: self.stats.ports[name] for name in names[:most]}
        table = port_table.rows(evolve(self.stats, ports=some), self.port_rates)[1:]
        shown = [(printable(port), *numbers, printable(error)) for port, *numbers, error in table]
        return shown, len(names) - len(some)

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
