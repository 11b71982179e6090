"""The objects of one SubDevice with their values, and who may read and write them when.

Access is asked for with the AL state (ETG.1000.6): 2 PRE-OP, 4 SAFE-OP, 8 OP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from taktora.errors import InvalidArgument
from taktora.segment.aborts import Abort, Refused
from taktora.segment.data_types import Value, check_value, decode, encode, is_within
from taktora.segment.objects import Access, Entry, Object

__all__ = ["ObjectDictionary"]

ReadHook = Callable[[int], Value | None]
"""Given the subindex, says what is read; ``None``: what is stored."""

WriteHook = Callable[[int, Value], None]
"""Told what is about to be stored, by subindex; raises :class:`Refused` if it must not be."""

_READ: Final = {2: Access.READ_PRE_OP, 4: Access.READ_SAFE_OP, 8: Access.READ_OP}
_WRITE: Final = {2: Access.WRITE_PRE_OP, 4: Access.WRITE_SAFE_OP, 8: Access.WRITE_OP}


class ObjectDictionary:
    """Objects and their values.

    Args:
        objects: all there are; each index once.

    Raises:
        InvalidArgument: an index twice.
    """

    def __init__(self, objects: Iterable[Object]) -> None:
        self._objects: dict[int, Object] = {}
        for one in sorted(objects, key=lambda one: one.index):
            if one.index in self._objects:
                raise InvalidArgument(f"object 0x{one.index:04X} is there twice")
            self._objects[one.index] = one
        self._on_read: dict[int, ReadHook] = {}
        self._on_write: dict[int, WriteHook] = {}
        self.values: dict[tuple[int, int], Value] = {}
        """By index and subindex: of the right type, or nobody can read them."""
        self.revision = 0
        """Rises with each attempt of a MainDevice to write."""
        self.reset()

    def reset(self) -> None:
        """Every value at its default, as after power-on."""
        self.revision += 1
        for one in self:
            for sub, entry in one.entries.items():
                self.values[one.index, sub] = entry.default

    def __iter__(self) -> Iterator[Object]:
        return iter(self._objects.values())

    def object(self, index: int) -> Object:
        """The object at ``index``.

        Raises:
            Refused: there is none.
        """
        try:
            return self._objects[index]
        except KeyError:
            raise Refused(Abort.NO_OBJECT) from None

    def entry(self, index: int, subindex: int) -> Entry:
        """The entry at ``index`` and ``subindex``.

        Raises:
            Refused: there is none.
        """
        try:
            return self.object(index).entries[subindex]
        except KeyError:
            raise Refused(Abort.NO_SUBINDEX) from None

    def put(self, index: int, subindex: int, value: Value) -> None:
        """Set a value from inside: no access rights, no hooks.

        Raises:
            Refused: no such entry.
            InvalidArgument, WrongType: it does not fit.
        """
        entry = self.entry(index, subindex)
        check_value(entry.type, entry.bits, value, f"0x{index:04X}:{subindex:02X}")
        self.values[index, subindex] = value

    def on_read(self, index: int, hook: ReadHook) -> None:
        """``hook`` says from now on what is read of the object."""
        self.object(index)
        self._on_read[index] = hook

    def on_write(self, index: int, hook: WriteHook) -> None:
        """``hook`` is asked from now on before anything of the object is stored."""
        self.object(index)
        self._on_write[index] = hook

    def may_read(self, index: int, subindex: int, state: int) -> None:
        """See that a MainDevice may read there.

        Raises:
            Refused: it may not, or there is nothing.
        """
        access = self.entry(index, subindex).access
        if not access & Access.RO:
            raise Refused(Abort.WRITE_ONLY)
        if not access & _READ.get(state, 0):
            raise Refused(Abort.DEVICE_STATE)

    def may_write(self, index: int, subindex: int, state: int) -> None:
        """See that a MainDevice may write there.

        Raises:
            Refused: it may not, or there is nothing.
        """
        access = self.entry(index, subindex).access
        if not access & Access.WO:
            raise Refused(Abort.READ_ONLY)
        if not access & _WRITE.get(state, 0):
            raise Refused(Abort.DEVICE_STATE)

    def current(self, index: int, subindex: int) -> bytes:
        """The bytes of a value as a MainDevice would read them; the entry must be there."""
        hook = self._on_read.get(index)
        value = None if hook is None else hook(subindex)
        if value is None:
            value = self.values[index, subindex]
        return encode(self._objects[index].entries[subindex].type, value)

    def upload(self, index: int, subindex: int, state: int) -> bytes:
        """What a MainDevice reads.

        Raises:
            Refused: it may not, or there is nothing.
        """
        self.may_read(index, subindex, state)
        return self.current(index, subindex)

    def download(self, index: int, subindex: int, data: bytes, state: int) -> None:
        """What a MainDevice writes.

        Raises:
            Refused: it may not, or not that.
        """
        self.may_write(index, subindex, state)
        self.revision += 1
        entry = self.entry(index, subindex)
        value = decode(entry.type, entry.bits, data)
        wrong = is_within(value, entry.minimum, entry.maximum)
        if wrong is not None:
            raise Refused(wrong)
        hook = self._on_write.get(index)
        if hook is not None:
            hook(subindex, value)
        self.values[index, subindex] = value
