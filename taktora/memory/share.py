"""A share: a number of blocks that nobody else can take, and what became of them."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from threading import RLock
from typing import Final

from taktora.errors import (
    BlockTooLarge,
    ForeignBlock,
    InvalidArgument,
    PoolExhausted,
    WrongType,
)
from taktora.memory.block import Block, is_unseen
from taktora.memory.stats import PoolStats

__all__ = ["Share", "Tally", "whole"]


def whole(value: object, what: str, *, least: int) -> int:
    """``value`` if it is an integer of at least ``least``; ``what`` names it in the error."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(f"{what} must be an integer, not {value!r}")
    if value < least:
        raise InvalidArgument(f"{what} must be {least} or more, not {value}")
    return value


class Tally:
    """Blocks that are out, of all shares of one pool together. Touched in the pool's lock."""

    __slots__ = ("live", "lock", "peak")

    def __init__(self) -> None:
        # Reentrant: the garbage collector may run a finalizer that gives a block while this
        # thread is taking one.
        self.lock: Final = RLock()
        self.live = 0
        self.peak = 0


class Share:
    """Lends blocks, never more than it has. Any thread; not in signal handlers.

    One lock guards all shares of a pool. Between two calls of user code nothing is left half done.
    """

    __slots__ = (
        "_capacity",
        "_forgotten",
        "_found",
        "_free",
        "_lingering",
        "_peak",
        "_refusals",
        "_takes",
        "_tally",
        "block_size",
        "name",
    )

    block_size: int
    """Bytes that one block holds."""
    name: str
    """Shown in messages and statistics."""

    def __init__(self, name: str, block_size: int, memory: list[bytearray], tally: Tally) -> None:
        self.name = name
        self.block_size = block_size
        self._tally = tally
        self._free = memory  # a stack: the block that was used last is warm in the cache
        self._capacity = len(memory)
        self._lingering: deque[bytearray] = deque()
        self._found: deque[bytearray] = deque()
        self._peak = self._takes = self._refusals = self._forgotten = 0

    @property
    def label(self) -> str:
        """How messages name it."""
        raise NotImplementedError

    def take(self, size: int) -> Block:
        """A block whose ``data`` has exactly ``size`` bytes (0 to ``block_size``). Never blocks.

        The memory is *not* zeroed: it holds what its last user left there.

        Raises:
            BlockTooLarge: more than ``block_size``.
            PoolExhausted: every block of this share is taken.
            WrongType, InvalidArgument: not a whole number of bytes.
        """
        if type(size) is not int or size < 0:
            whole(size, "size", least=0)
        with self._tally.lock:
            if size > self.block_size:
                self._refusals += 1
                raise BlockTooLarge(size, self.block_size, pool=self.label)
            if self._found or self._lingering:
                self._sweep()
            if not self._free:
                self._refusals += 1
                raise self._exhausted()
            memory = self._free.pop()
            self._takes += 1
            live = self._capacity - len(self._free)
            if live > self._peak:
                self._peak = live
            tally = self._tally
            tally.live += 1
            if tally.live > tally.peak:
                tally.peak = tally.live
        return Block(self, memory, size)

    def give(self, block: Block) -> None:
        """As :meth:`Block.give`, for a block of this share.

        Raises:
            WrongType: not a block.
            ForeignBlock: it was taken elsewhere; nothing has changed.
            BlockGiven: it was given back before.
        """
        if not isinstance(block, Block):
            raise WrongType(f"{self.label} takes a Block back, not {block!r}")
        if not self._lent(block):
            raise ForeignBlock(f"{block!r} cannot be given to {self.label}; call its own give()")
        block.give()

    def stats(self) -> PoolStats:
        """The figures of this share, all of the same moment."""
        with self._tally.lock:
            self._sweep()
            live = self._capacity - len(self._free)
            return PoolStats(
                name=self.name,
                block_size=self.block_size,
                capacity=self._capacity,
                live=live,
                peak=self._peak,
                takes=self._takes,
                gives=self._takes - live,
                refusals=self._refusals,
                lingering=len(self._lingering),
                forgotten=self._forgotten,
            )

    def take_back(self, block: Block) -> None:
        """Obey :meth:`Block.give`."""
        with self._tally.lock:
            memory = block._detach()  # noqa: SLF001  # nobody else may
            if is_unseen(memory):
                self._return(memory)
            else:
                self._lingering.append(memory)

    def found(self, memory: bytearray) -> None:
        """A block was forgotten; it is looked at with the next take. Takes no lock: see Tally."""
        self._found.append(memory)

    def _lent(self, block: Block) -> bool:
        return block.lender is self

    def _return(self, memory: bytearray) -> None:
        self._free.append(memory)
        self._tally.live -= 1

    def _sweep(self) -> None:
        """Get back what was given while somebody looked at it, and what was forgotten."""
        lingering, found = self._lingering, self._found
        with suppress(IndexError):  # a finalizer of this thread may sweep in the middle of it
            while found:
                lingering.append(found.popleft())
                self._forgotten += 1
            for _ in range(len(lingering)):
                memory = lingering.popleft()
                if is_unseen(memory):
                    self._return(memory)
                else:
                    lingering.append(memory)

    def _exhausted(self) -> PoolExhausted:
        hint = ""
        if self._lingering:
            hint = f", {len(self._lingering)} of them only by slices or arrays of their data"
        return PoolExhausted(self._capacity, self._capacity, pool=self.label, hint=hint)
