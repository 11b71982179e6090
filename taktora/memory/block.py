"""One block: a bounded piece of a pool's memory, in somebody's hands until it is given back."""

from __future__ import annotations

import warnings
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, Protocol, Self

from taktora.errors import BlockGiven

__all__ = ["Block", "Lender", "is_unseen"]


class Lender(Protocol):
    """Where a block goes back to."""

    @property
    def label(self) -> str:
        """Whose block it is, for messages."""
        ...

    def take_back(self, block: Block) -> None:
        """Obey :meth:`Block.give`."""
        ...

    def found(self, memory: bytearray) -> None:
        """The block around ``memory`` was forgotten. Called by the garbage collector: no lock."""
        ...


class Block:
    """Memory on loan from a ``BlockPool``: write to :attr:`data`, then :meth:`give` it back.

    A context manager, which gives it back. One handle per take, never used twice: giving a block
    a second time is an error even when its memory is somebody else's by then. Whoever forgets to
    give a block is told by a ``ResourceWarning``, and the pool gets it back. Any thread may give
    it; two threads that write to it must agree on who writes where.
    """

    __slots__ = ("__weakref__", "_data", "_lender", "_memory", "size")

    size: int
    """Bytes asked for; at most the pool's block size."""

    def __init__(self, lender: Lender, memory: bytearray, size: int) -> None:
        """Called by ``BlockPool.take``."""
        self._lender = lender
        self._memory: bytearray | None = memory
        self.size = size
        whole = memoryview(memory)
        self._data: memoryview | None = whole if size == len(memory) else whole[:size]

    @property
    def data(self) -> memoryview:
        """The memory: writable, exactly :attr:`size` bytes, holding what was there before.

        Released by :meth:`give`. What was made from it (a slice, an array) stays usable, and the
        memory is nobody else's until that is gone.

        Raises:
            BlockGiven: it was given back.
        """
        data = self._data
        if data is None:
            self._refuse()
        return data

    @property
    def given(self) -> bool:
        """Whether it was given back."""
        return self._memory is None

    @property
    def lender(self) -> Lender:
        """The pool or partition that it was taken from."""
        return self._lender

    def give(self) -> None:
        """Give the block back. From now on :attr:`data` is unusable.

        Raises:
            BlockGiven: it was given back before; nothing has changed.
        """
        self._lender.take_back(self)

    def _detach(self) -> bytearray:
        """The memory, taken out of the handle; for the lender, in its lock."""
        memory, data = self._memory, self._data
        if memory is None or data is None:
            self._refuse()
        self._memory = self._data = None
        with suppress(BufferError):  # an array looks through it: the memory waits until it is gone
            data.release()
        return memory

    def _refuse(self) -> NoReturn:
        raise BlockGiven(
            f"this block of {self._lender.label} was given back already; take another one"
        )

    def __len__(self) -> int:
        return self.size

    def __enter__(self) -> Self:
        if self._memory is None:
            self._refuse()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._memory is not None:
            self.give()

    def __del__(self) -> None:
        memory = self._memory
        if memory is not None:
            self._memory = self._data = None
            self._lender.found(memory)
            warnings.warn(
                f"a block of {self._lender.label} was never given back",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __repr__(self) -> str:
        given = ", given back" if self._memory is None else ""
        return f"<Block of {self.size} bytes of {self._lender.label}{given}>"


def is_unseen(memory: bytearray) -> bool:
    """Whether no memoryview, slice or array looks at ``memory`` any more.

    A bytearray refuses to change its length while one does. One byte less and one more stays
    within what it has allocated.
    """
    try:
        last = memory.pop()
    except BufferError:
        return False
    memory.append(last)
    return True
