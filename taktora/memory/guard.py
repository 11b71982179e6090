"""Proof that a steady state allocates nothing that stays.

Two figures, because each is blind where the other sees. ``sys.getallocatedblocks()`` counts every
small Python object exactly, but nothing above 512 bytes. Resident memory sees everything, also
what C libraries allocate, but only in pages that were touched.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import attrs

from taktora.errors import InvalidArgument, MemoryGrew
from taktora.memory.share import whole

__all__ = ["AllocationGuard", "AllocationReport"]

_STATM: Final = Path("/proc/self/statm")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@attrs.frozen
class AllocationReport:
    """What memory did since the mark."""

    blocks_before: int
    """Python memory blocks at the mark."""
    blocks_after: int
    """Python memory blocks now."""
    rss_before: int
    """Resident bytes at the mark."""
    rss_after: int
    """Resident bytes now."""
    blocks_allowed: int | None
    """Blocks more that are tolerated; ``None``: not judged."""
    rss_allowed: int | None
    """Bytes more that are tolerated; ``None``: not judged."""

    @property
    def blocks_grown(self) -> int:
        """Blocks more than at the mark; negative when there are fewer."""
        return self.blocks_after - self.blocks_before

    @property
    def rss_grown(self) -> int:
        """Bytes more than at the mark; negative when there are fewer."""
        return self.rss_after - self.rss_before

    @property
    def flat(self) -> bool:
        """Whether both figures are within what is tolerated."""
        return not self._excess()

    def _excess(self) -> list[str]:
        found = []
        if self.blocks_allowed is not None and self.blocks_grown > self.blocks_allowed:
            found.append(
                f"{self.blocks_grown} Python memory blocks more ({self.blocks_before} to "
                f"{self.blocks_after}, {self.blocks_allowed} tolerated)"
            )
        if self.rss_allowed is not None and self.rss_grown > self.rss_allowed:
            found.append(
                f"{self.rss_grown} resident bytes more ({self.rss_before} to {self.rss_after}, "
                f"{self.rss_allowed} tolerated)"
            )
        return found

    def __str__(self) -> str:
        return (
            f"blocks {self.blocks_before} to {self.blocks_after} ({self.blocks_grown:+d}), "
            f"resident bytes {self.rss_before} to {self.rss_after} ({self.rss_grown:+d})"
        )


class AllocationGuard:
    """Holds a ``with`` block to a flat memory: raises ``MemoryGrew`` at its end if it grew.

    ::

        with AllocationGuard() as guard:
            executor.run_n(1_000)  # warm-up: caches fill, mailboxes reach their size
            guard.mark()
            executor.run_n(100_000)

    The figures are of the whole process, other threads included. The garbage collector is run
    before each measurement, so that cycles which it would collect anyway are no growth; that costs
    some milliseconds, which is why nothing is measured in between.

    Why anything is tolerated: a counter that passes 256 becomes an object of its own, caches fill
    on first use, a dictionary doubles, the interpreter specialises code that has become hot; all
    of it bounded, a few dozen blocks. malloc hands out memory in pages and gives each thread an
    arena. What grows with the work is neither: over 100,000 rounds, one object kept in every
    300 is caught. The kernel keeps resident memory per CPU and sums it up loosely, so
    give ``rss`` more room on a machine with dozens of them.

    Args:
        blocks: Python memory blocks that may be added (default 256); ``None``: not judged.
        rss: resident bytes that may be added (default 1 MiB); ``None``: not judged.

    Raises:
        WrongType, InvalidArgument: not whole numbers from 0 on, or nothing to judge.
    """

    __slots__ = ("_before", "_blocks", "_report", "_rss")

    def __init__(self, *, blocks: int | None = 256, rss: int | None = 2**20) -> None:
        self._blocks = None if blocks is None else whole(blocks, "blocks", least=0)
        self._rss = None if rss is None else whole(rss, "rss", least=0)
        if blocks is None and rss is None:
            raise InvalidArgument("give blocks or rss: with neither there is nothing to judge")
        self._before: tuple[int, int] | None = None
        self._report: AllocationReport | None = None

    def mark(self) -> None:
        """The warm-up is over: what comes is compared with now."""
        self._report = None
        self._before = _measured()

    def measure(self) -> AllocationReport:
        """Measure now and compare with the mark, without judging.

        Raises:
            InvalidArgument: there is no mark yet: neither ``with`` nor :meth:`mark`.
        """
        if self._before is None:
            raise InvalidArgument("there is nothing to compare with: call mark() first")
        blocks, rss = _measured()
        self._report = AllocationReport(
            self._before[0], blocks, self._before[1], rss, self._blocks, self._rss
        )
        return self._report

    def check(self) -> AllocationReport:
        """Measure now, in the middle of a run for example.

        Raises:
            MemoryGrew: by more than is tolerated.
        """
        report = self.measure()
        excess = report._excess()  # noqa: SLF001  # one idea in two classes
        if excess:
            raise MemoryGrew(
                f"memory grew where it should be flat: {'; '.join(excess)}. Keep less, warm up "
                f"longer before mark(), or tolerate more if it is bounded",
                blocks=report.blocks_grown,
                rss=report.rss_grown,
            )
        return report

    @property
    def report(self) -> AllocationReport:
        """The latest measurement: that at the end, once the block was left.

        Raises:
            InvalidArgument: there is no mark yet.
        """
        return self._report or self.measure()

    def __enter__(self) -> Self:
        if self._blocks is not None and not sys.getallocatedblocks():
            raise InvalidArgument(
                "this interpreter does not count its memory blocks (PYTHONMALLOC=malloc?): start "
                "it without, or judge resident memory alone, blocks=None"
            )
        self.mark()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.check()
        else:
            self.measure()

    def __repr__(self) -> str:
        state = "no mark" if self._before is None else str(self._report or "marked")
        return f"<AllocationGuard: {state}>"


def _measured() -> tuple[int, int]:
    """Python memory blocks and resident bytes, without what the collector would free."""
    gc.collect()
    resident = int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE
    return sys.getallocatedblocks(), resident
