"""Whether more readers have come to the inward channels of a gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from taktora.errors import PortClosed

if TYPE_CHECKING:
    from taktora.connectors.raw_ports import RawWriter

__all__ = ["ReaderWatch"]


class ReaderWatch:
    """Remembers how many readers each channel had at the last look. One thread.

    A look costs a fraction of a microsecond for each channel, and a few for noticing that a process
    was killed.
    """

    def __init__(self) -> None:
        self._readers: dict[str, int] = {}

    def begin(self, channel: str, writer: RawWriter) -> None:
        """Those who are there when a channel is opened see all of it."""
        self._readers[channel] = writer.readers

    def look(self, writers: Iterable[tuple[str, RawWriter]]) -> Iterator[str]:
        """The channels that have more readers than at the last look.

        ``writers`` by channel, all of one node; those that are closed are passed over. One reader
        that went while another came is not seen.
        """
        noticed = False
        for channel, writer in writers:
            try:
                if not noticed:
                    writer.node.notice_deaths()
                    noticed = True
                readers = writer.readers
            except PortClosed:
                continue
            if readers > self._readers.get(channel, 0):
                yield channel
            self._readers[channel] = readers
