"""Whether anybody writes to the outward channels of a gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from taktora.errors import PortClosed

if TYPE_CHECKING:
    from taktora.connectors.raw_ports import RawReader
    from taktora.time import Nanos

__all__ = ["LOOK_EVERY", "WriterWatch"]

LOOK_EVERY: Final[Nanos] = 100_000_000
"""Nanoseconds between two looks, unless the heartbeat comes more often."""


class WriterWatch:
    """Remembers which channels had a writer at the last look. One thread.

    A look costs a fraction of a microsecond for each channel, and a few for noticing that a process
    was killed.
    """

    def __init__(self) -> None:
        self._written: set[str] = set()

    def look(self, readers: Iterable[tuple[str, RawReader]]) -> Iterator[tuple[str, bool]]:
        """The channels whose first writer has come, or whose last one has gone, since the last look.

        ``readers`` by channel, all of one node; those that are closed are passed over.
        """
        noticed = False
        for channel, reader in readers:
            try:
                if not noticed:
                    reader.node.notice_deaths()
                    noticed = True
                present = reader.writers > 0
            except PortClosed:
                continue
            if present == (channel in self._written):
                continue
            if present:
                self._written.add(channel)
            else:
                self._written.remove(channel)
            yield channel, present

    def none_any_more(self) -> list[tuple[str, bool]]:
        """The same, when nobody may write any more."""
        gone, self._written = sorted(self._written), set()
        return [(channel, False) for channel in gone]
