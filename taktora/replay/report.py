"""What became of a recording, and of a replay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from taktora.observe.histogram import Summary
from taktora.replay.facts import Break, Tally, Unrecorded

__all__ = ["RecordReport", "ReplayReport"]


@frozen
class RecordReport:
    """What was recorded."""

    path: Path
    tallies: Mapping[str, Tally] = field(hash=False)
    """By channel."""
    seconds: float
    size: int
    """Bytes of the file."""
    unrecorded: tuple[Unrecorded, ...] = ()
    """Channels that were wanted, came later, and could not be listened to."""

    @property
    def messages(self) -> int:
        """Of all channels together."""
        return sum(tally.messages for tally in self.tallies.values())

    @property
    def full_reads(self) -> int:
        """Reads that found a buffer full: before each of these, messages may have been lost."""
        return sum(tally.full_reads for tally in self.tallies.values())


@frozen
class ReplayReport:
    """What was published."""

    path: Path
    sent: Mapping[str, int] = field(hash=False)
    """Messages by channel."""
    undelivered: Mapping[str, int] = field(hash=False)
    """Messages that no subscriber took, by channel (channels without ``overflow`` only)."""
    seconds: float
    lateness: Summary
    """How long after its time each message was published, in ns; empty at full speed."""
    broken: Break | None = None
    """Where the recording ends that was not finished, or is damaged."""

    @property
    def messages(self) -> int:
        """Of all channels together."""
        return sum(self.sent.values())
