"""Bounded memory: blocks that are allocated once, lent, given back, and never become more."""

from __future__ import annotations

import os

import attrs

from taktora.errors import InvalidArgument, PoolSealed, WrongType
from taktora.memory.block import Block
from taktora.memory.share import Share, Tally, whole
from taktora.memory.stats import PoolStats

__all__ = ["BlockPool", "Partition"]


class Partition(Share):
    """A hard share of a pool: nobody else can take its blocks, and it can take no others'."""

    __slots__ = ("_pool_label",)

    def __init__(self, name: str, pool: BlockPool, memory: list[bytearray], tally: Tally) -> None:
        """Called by :meth:`BlockPool.partition`."""
        super().__init__(name, pool.block_size, memory, tally)
        self._pool_label = pool.label

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"partition {self.name!r} of {self._pool_label}"

    def __repr__(self) -> str:
        return f"<Partition {self.name!r} of {self._pool_label}, {self._capacity} blocks>"


class BlockPool(Share):
    """``blocks`` pieces of memory of ``block_size`` bytes, allocated and resident from the start.

    ``take`` and ``give`` allocate nothing that stays: a program that runs for a year has as much
    memory as after its first second, and one that wants more is told so, not served. What is in
    no partition is the pool's own share, which :meth:`take` serves from. Any thread.

    Args:
        block_size: bytes that one block holds; a hard cap.
        blocks: how many there are; a hard cap until :meth:`grow`.
        name: shown in messages and statistics.

    Raises:
        WrongType, InvalidArgument: not whole numbers from 1 on, or more than memory holds.
    """

    __slots__ = ("_partitions", "_sealed")

    def __init__(self, *, block_size: int, blocks: int, name: str = "pool") -> None:
        size = whole(block_size, "block_size", least=1)
        memory = _allocate(whole(blocks, "blocks", least=1), size)
        super().__init__(_named(name, "name"), size, memory, Tally())
        self._partitions: dict[str, Partition] = {}
        self._sealed = False

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"pool {self.name!r}"

    @property
    def sealed(self) -> bool:
        """Whether :meth:`seal` was called."""
        return self._sealed

    def grow(self, blocks: int) -> None:
        """Add ``blocks`` blocks to the pool's own share.

        Raises:
            PoolSealed: the pool was sealed; nothing has changed.
            WrongType, InvalidArgument: not a whole number from 1 on, or more than memory holds.
        """
        whole(blocks, "blocks", least=1)
        with self._tally.lock:
            self._check_unsealed(f"grow by {blocks} blocks")
            self._free.extend(_allocate(blocks, self.block_size))
            self._capacity += blocks

    def partition(self, name: str, *, blocks: int) -> Partition:
        """Set ``blocks`` blocks of the pool's own share aside, for whoever holds the partition.

        Raises:
            PoolSealed: the pool was sealed.
            InvalidArgument: the name is taken, or the pool's own share has not as many free.
            WrongType: not a string, or not a whole number.
        """
        _named(name, "name of a partition")
        whole(blocks, "blocks", least=1)
        with self._tally.lock:
            self._check_unsealed(f"set blocks aside for {name!r}")
            if name in self._partitions:
                raise InvalidArgument(f"{self.label} has a partition {name!r} already")
            self._sweep()
            aside: list[bytearray] = []
            try:
                while len(aside) < blocks:
                    aside.append(self._free.pop())
            except IndexError:
                self._free.extend(aside)
                raise InvalidArgument(
                    f"partition {name!r} wants {blocks} blocks, but {self.label} has {len(aside)} "
                    f"to set aside; make it with more, or grow() it first"
                ) from None
            self._capacity -= blocks
            made = self._partitions[name] = Partition(name, self, aside, self._tally)
            return made

    def seal(self) -> None:
        """From now on the pool is as large, and as divided, as it will ever be. Idempotent."""
        with self._tally.lock:
            self._sealed = True

    def stats(self) -> PoolStats:
        """The figures of all blocks, partitions included, all of the same moment."""
        with self._tally.lock:
            own = super().stats()
            parts = tuple(part.stats() for part in self._partitions.values())
            every = (own, *parts)
            return attrs.evolve(
                own,
                capacity=sum(one.capacity for one in every),
                live=sum(one.live for one in every),
                peak=self._tally.peak,
                takes=sum(one.takes for one in every),
                gives=sum(one.gives for one in every),
                refusals=sum(one.refusals for one in every),
                lingering=sum(one.lingering for one in every),
                forgotten=sum(one.forgotten for one in every),
                partitions=parts,
            )

    def _lent(self, block: Block) -> bool:
        """A pool takes back what its partitions lent; it goes home to them."""
        lender = block.lender
        return lender is self or lender in self._partitions.values()

    def _check_unsealed(self, wish: str) -> None:
        if self._sealed:
            raise PoolSealed(f"{self.label} is sealed and cannot {wish}; do it before seal()")

    def __repr__(self) -> str:
        figures = self.stats()
        return (
            f"<BlockPool {self.name!r}, {figures.live} of {figures.capacity} blocks of "
            f"{self.block_size} bytes taken{', sealed' if self._sealed else ''}>"
        )


def _allocate(blocks: int, block_size: int) -> list[bytearray]:
    """Memory of their own for each block: resident, since a bytearray is zeroed when it is made."""
    refusal = f"{blocks} blocks of {block_size} bytes are more than this machine's memory holds"
    # Linux hands out more than there is, and later kills rather than refuses.
    if blocks * block_size > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
        raise InvalidArgument(refusal)
    try:
        return [bytearray(block_size) for _ in range(blocks)]
    except MemoryError as exc:
        raise InvalidArgument(refusal) from exc


def _named(name: object, what: str) -> str:
    if not isinstance(name, str):
        raise WrongType(f"{what} must be a string, not {name!r}")
    if not name:
        raise InvalidArgument(f"{what} must not be empty")
    return name
