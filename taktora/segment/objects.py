"""What may be in an object dictionary: objects (VAR, ARRAY, RECORD) and their entries, all frozen."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from taktora.errors import InvalidArgument
from taktora.segment.data_types import DataType, Value, check_value

__all__ = [
    "IDENTITY",
    "PDO_MAPPING",
    "Access",
    "Entry",
    "Object",
    "ObjectCode",
    "array",
    "record",
    "var",
]

PDO_MAPPING: Final = 0x0021
IDENTITY: Final = 0x0023
"""Types of objects, as their descriptions say them (CiA 301)."""


class Access(enum.IntFlag):
    """The word ``ObjectAccess`` of an entry description (ETG.1000.6)."""

    READ_PRE_OP = 0x0001
    READ_SAFE_OP = 0x0002
    READ_OP = 0x0004
    WRITE_PRE_OP = 0x0008
    WRITE_SAFE_OP = 0x0010
    WRITE_OP = 0x0020
    RX_PDO = 0x0040
    """May be mapped into process data from the MainDevice."""
    TX_PDO = 0x0080
    """May be mapped into process data to it."""
    BACKUP = 0x0100
    """To be kept when the device is replaced."""
    SETTING = 0x0200
    """To be set at start-up."""

    RO = READ_PRE_OP | READ_SAFE_OP | READ_OP
    WO = WRITE_PRE_OP | WRITE_SAFE_OP | WRITE_OP
    RW = RO | WO
    RW_PRE_OP = RO | WRITE_PRE_OP


class ObjectCode(enum.IntEnum):
    """What kind of object (CiA 301)."""

    VAR = 7
    ARRAY = 8
    RECORD = 9


@frozen
class Entry:
    """One subindex.

    Raises:
        InvalidArgument, WrongType: a default that does not fit.
    """

    name: str
    type: DataType
    default: Value = 0
    access: Access = Access.RO
    bits: int = field(default=0)
    """For strings: the most that fits; default: as long as the default value."""
    minimum: float | None = None
    maximum: float | None = None
    unit: int | None = None
    """SI unit and prefix (ETG.1004)."""

    def __attrs_post_init__(self) -> None:
        text = isinstance(self.default, str | bytes)
        bits = self.bits or (8 * len(self.default) if text else self.type.bits)  # type: ignore[arg-type]
        if self.type.bits and bits != self.type.bits:
            raise InvalidArgument(f"{self.name} of type {self.type.name} has {self.type.bits} bits")
        object.__setattr__(self, "bits", bits)
        check_value(self.type, bits, self.default, self.name)


@frozen
class Object:
    """One index."""

    index: int
    name: str
    code: ObjectCode
    type: int
    """Data type of the object as its description says it."""
    entries: Mapping[int, Entry]
    """By subindex, rising; an ARRAY or RECORD has its number of entries at 0."""

    @property
    def is_variable(self) -> bool:
        """The MainDevice says how many of its entries count."""
        return self.code is not ObjectCode.VAR and bool(self.entries[0].access & Access.WO)


def var(index: int, name: str, type: DataType, default: Value = 0, **more: Any) -> Object:
    """An object of one value. ``more``: as :class:`Entry`."""
    entry = Entry(name, type, default, **more)
    return Object(index, name, ObjectCode.VAR, type, {0: entry})


def array(
    index: int,
    name: str,
    entries: Sequence[Entry],
    *,
    count_access: Access = Access.RO,
    count: int | None = None,
) -> Object:
    """An object whose entries are alike; ``count``: how many of them count, if not all."""
    kind = entries[0].type if entries else 0
    numbered = _numbered(entries, count_access, count)
    return Object(index, name, ObjectCode.ARRAY, kind, numbered)


def record(
    index: int,
    name: str,
    entries: Sequence[Entry | None],
    *,
    type: int = 0,
    count_access: Access = Access.RO,
    count: int | None = None,
) -> Object:
    """An object of different entries; ``None``: that subindex is left out."""
    return Object(index, name, ObjectCode.RECORD, type, _numbered(entries, count_access, count))


def _numbered(
    entries: Sequence[Entry | None], access: Access, count: int | None
) -> dict[int, Entry]:
    most = len(entries)
    number = Entry(
        "Number of entries",
        DataType.UNSIGNED8,
        most if count is None else count,
        access,
        maximum=most,
    )
    rest = {sub: entry for sub, entry in enumerate(entries, 1) if entry is not None}
    return {0: number, **rest}
