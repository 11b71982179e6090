"""Memory that is allocated once and stays bounded, and the proof that it does.

:class:`BlockPool` lends pre-allocated blocks; :class:`AllocationGuard` shows that a steady state
allocates nothing that stays.
"""

from __future__ import annotations

from taktora.memory.block import Block
from taktora.memory.guard import AllocationGuard, AllocationReport
from taktora.memory.pool import BlockPool, Partition
from taktora.memory.stats import PoolStats

__all__ = [
    "AllocationGuard",
    "AllocationReport",
    "Block",
    "BlockPool",
    "Partition",
    "PoolStats",
]
