"""Which objects are process data: PDO mapping (0x1600.., 0x1A00..) and assignment (0x1C12, 0x1C13).

The MainDevice may write both in PRE-OP as CiA 301 and ETG.1000.6 have it: subindex 0 := 0 first, then
the entries, then subindex 0 := how many. What it has written survives INIT; a power cycle ends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from attrs import field, frozen

from taktora.errors import InvalidArgument
from taktora.segment.aborts import Abort, Refused
from taktora.segment.data_types import DataType, Value
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import PDO_MAPPING, Access, Entry, Object, array, record

__all__ = ["Mapped", "Pdo", "PdoConfiguration", "Side", "SiiPdos", "pdo_objects", "sii_pdos"]

SiiPdos = tuple[tuple[int, tuple[tuple[int, int, int], ...]], ...]
"""PDOs as :meth:`~taktora.segment.device.Device.pdos` says them."""


@frozen
class Mapped:
    """One object in a PDO."""

    index: int
    """0: a gap."""
    subindex: int
    bits: int

    @property
    def word(self) -> int:
        """As it stands in a mapping object."""
        return self.index << 16 | self.subindex << 8 | self.bits

    @classmethod
    def of(cls, word: int) -> Mapped:
        """The reverse of :attr:`word`."""
        return cls(word >> 16, word >> 8 & 0xFF, word & 0xFF)


@frozen
class Pdo:
    """One PDO as it is when the device leaves the factory."""

    index: int
    name: str
    entries: tuple[Mapped, ...]
    fixed: bool = True
    """Its mapping cannot be changed."""
    excludes: tuple[int, ...] = ()
    """PDOs that cannot be assigned beside it."""
    room: int = 16
    """Entries that it can have when it is mapped anew; never fewer than it has."""


@frozen
class Side:
    """The PDOs of one direction.

    Raises:
        InvalidArgument: one is assigned that is not there.
    """

    pdos: tuple[Pdo, ...] = ()
    assigned: tuple[int, ...] | None = None
    """At the factory; ``None``: all."""
    fixed: bool = False
    """The assignment cannot be changed."""
    most_bits: int = field(default=8 * 1486)
    """Longer process data are refused."""

    def __attrs_post_init__(self) -> None:
        known = {one.index for one in self.pdos}
        for index in self.assigned or ():
            if index not in known:
                raise InvalidArgument(f"PDO 0x{index:04X} is assigned, and there is none")

    @property
    def default(self) -> tuple[Pdo, ...]:
        """Those that are assigned at the factory, in order."""
        by_index = {one.index: one for one in self.pdos}
        return self.pdos if self.assigned is None else tuple(by_index[i] for i in self.assigned)


def sii_pdos(pdos: Iterable[Pdo]) -> SiiPdos:
    """For the SII."""
    return tuple(
        (one.index, tuple((part.index, part.subindex, part.bits) for part in one.entries))
        for one in pdos
    )


def pdo_objects(outputs: Side, inputs: Side) -> Iterator[Object]:
    """The objects of mapping and assignment; ``outputs`` come from the MainDevice (RxPDO)."""
    for one in (*outputs.pdos, *inputs.pdos):
        yield _mapping(one)
    yield _assignment(0x1C12, "RxPDO assign", outputs)
    yield _assignment(0x1C13, "TxPDO assign", inputs)


def _mapping(pdo: Pdo) -> Object:
    access = Access.RO if pdo.fixed else Access.RW_PRE_OP
    entries = [_entry(n, one.word, access) for n, one in enumerate(pdo.entries, 1)]
    if not pdo.fixed:
        entries += [_entry(n, 0, access) for n in range(len(entries) + 1, pdo.room + 1)]
    return record(
        pdo.index,
        pdo.name,
        entries,
        type=PDO_MAPPING,
        count_access=access,
        count=len(pdo.entries),
    )


@cache
def _entry(number: int, word: int, access: Access) -> Entry:
    """Most of them are alike in all devices, of which there may be many."""
    return Entry(f"Mapping entry {number}", DataType.UNSIGNED32, word, access)


def _assignment(index: int, name: str, side: Side) -> Object:
    access = Access.RO if side.fixed else Access.RW_PRE_OP
    assigned = [one.index for one in side.default]
    padded = assigned + [0] * (0 if side.fixed else len(side.pdos) - len(assigned))
    entries = [
        Entry(f"PDO {number}", DataType.UNSIGNED16, pdo, access)
        for number, pdo in enumerate(padded, 1)
    ]
    count_access = access if entries else Access.RO
    return array(index, name, entries, count_access=count_access, count=len(assigned))


class PdoConfiguration:
    """One direction as the MainDevice has configured it; guards the objects that say so.

    Args:
        objects: where they are.
        assignment: 0x1C12 or 0x1C13.
        side: what there is to be assigned.
    """

    def __init__(self, objects: ObjectDictionary, assignment: int, side: Side) -> None:
        self._objects = objects
        self._assignment = assignment
        self._side = side
        self._known = {one.index: one for one in side.pdos}
        self._mappable = Access.RX_PDO if assignment == 0x1C12 else Access.TX_PDO
        self._seen = -1
        self._layout: tuple[Mapped, ...] = ()
        self._bits = 0
        objects.on_write(assignment, self._check_assignment)
        for one in side.pdos:
            objects.on_write(one.index, lambda sub, value, pdo=one: self._check(pdo, sub, value))  # type: ignore[misc]

    @property
    def layout(self) -> tuple[Mapped, ...]:
        """What is in the process data now, gaps included, in order."""
        self._look()
        return self._layout

    @property
    def bits(self) -> int:
        """Length of the process data now."""
        self._look()
        return self._bits

    def _look(self) -> None:
        if self._seen != self._objects.revision:
            self._seen = self._objects.revision
            assigned = self._counted(self._assignment)
            self._layout = tuple(one for pdo in assigned for one in self._mapping(pdo))
            self._bits = sum(one.bits for one in self._layout)

    def _counted(self, index: int, count: int | None = None) -> list[int]:
        values = self._objects.values
        last = int(values[index, 0]) if count is None else count
        return [int(values[index, sub]) for sub in range(1, last + 1)]

    def _mapping(self, pdo: int, count: int | None = None) -> list[Mapped]:
        return [Mapped.of(word) for word in self._counted(pdo, count)]

    def _check_assignment(self, subindex: int, value: Value) -> None:
        number = int(value)
        if subindex:
            self._is_off(self._assignment)
            if number not in self._known:
                raise Refused(Abort.VALUE_RANGE)
            return
        if not number:
            return
        assigned = self._counted(self._assignment, number)
        if 0 in assigned or len(set(assigned)) < number:
            raise Refused(Abort.INCOMPATIBLE)
        if any(other in assigned for pdo in assigned for other in self._known[pdo].excludes):
            raise Refused(Abort.INCOMPATIBLE)
        self._is_short(sum(one.bits for pdo in assigned for one in self._mapping(pdo)))

    def _check(self, pdo: Pdo, subindex: int, value: Value) -> None:
        number = int(value)
        if subindex:
            self._is_off(pdo.index)
            self._is_mappable(Mapped.of(number))
        elif number:
            mapped = self._mapping(pdo.index, number)
            if any(not one.bits for one in mapped):
                raise Refused(Abort.INCOMPATIBLE)
            others = [one for one in self._counted(self._assignment) if one != pdo.index]
            total = [*mapped, *(one for other in others for one in self._mapping(other))]
            self._is_short(sum(one.bits for one in total))

    def _is_off(self, index: int) -> None:
        if self._objects.values[index, 0]:
            raise Refused(Abort.SUBINDEX_0_FIRST)

    def _is_mappable(self, one: Mapped) -> None:
        if one.index == 0:
            if one.subindex:
                raise Refused(Abort.NOT_MAPPABLE)
            return
        entry = self._objects.entry(one.index, one.subindex)
        if not entry.access & self._mappable:
            raise Refused(Abort.NOT_MAPPABLE)
        if entry.bits != one.bits:
            raise Refused(Abort.WRONG_LENGTH)

    def _is_short(self, bits: int) -> None:
        if bits > self._side.most_bits:
            raise Refused(Abort.PDO_TOO_LONG)
