"""What became of a pool's blocks, counted exactly."""

from __future__ import annotations

import attrs

__all__ = ["PoolStats"]


@attrs.frozen
class PoolStats:
    """The figures of a pool, or of one partition, at one moment.

    At all times ``takes == gives + live`` and ``0 <= live <= peak <= capacity``.
    """

    name: str
    """Of the pool or partition."""
    block_size: int
    """Bytes that one block holds."""
    capacity: int
    """Blocks that there are."""
    live: int
    """Blocks that are out: taken and not back yet."""
    peak: int
    """The most that were out at the same time."""
    takes: int
    """Blocks that were handed out."""
    gives: int
    """Blocks that came back."""
    refusals: int
    """Takes that were refused, because of the size or because every block was out."""
    lingering: int
    """Of ``live``: given back, or forgotten, while something made from ``data`` still looks in."""
    forgotten: int
    """Blocks that nobody gave back; the garbage collector found them."""
    partitions: tuple[PoolStats, ...] = ()
    """Each partition's own figures. Those of the pool include them."""

    @property
    def available(self) -> int:
        """Blocks that are not out."""
        return self.capacity - self.live
