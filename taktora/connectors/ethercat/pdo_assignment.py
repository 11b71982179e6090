"""Which objects a MainDevice writes to choose a SubDevice's process data. Pure.

ETG.1000.6, 5.6.7.4: object 0x1C12 lists the PDOs of SyncManager 2 (outputs), 0x1C13 those of
SyncManager 3 (inputs). Subindex 0 is their number; it is set to 0 first, which unlocks the list,
and to the new number last, which makes the list valid. Only in PRE-OP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from taktora.errors import InvalidArgument

__all__ = ["RX_ASSIGNMENT", "TX_ASSIGNMENT", "SdoWrite", "pdo_assignment"]

RX_ASSIGNMENT: Final = 0x1C12
"""PDOs that the SubDevice receives: outputs of the MainDevice."""
TX_ASSIGNMENT: Final = 0x1C13
"""PDOs that the SubDevice transmits: inputs of the MainDevice."""

_MOST: Final = 254  # subindex 255 stands for the structure of an object (CiA 301)


@frozen
class SdoWrite:
    """One object that is written over CoE."""

    index: int
    subindex: int
    data: bytes
    complete: bool = False
    """All subindices at once (complete access)."""


def pdo_assignment(rx: Iterable[int] = (), tx: Iterable[int] = ()) -> tuple[SdoWrite, ...]:
    """The writes that assign the PDOs ``rx`` and ``tx``, outputs first, each in the order given.

    A direction without PDOs is left as the SubDevice has it.

    Raises:
        InvalidArgument: an index that is not 16 bits wide, the same one twice, or more than 254.
    """
    return (*_direction(RX_ASSIGNMENT, tuple(rx)), *_direction(TX_ASSIGNMENT, tuple(tx)))


def _direction(index: int, pdos: tuple[int, ...]) -> Iterator[SdoWrite]:
    if not pdos:
        return
    if len(pdos) > _MOST:
        raise InvalidArgument(f"0x{index:04X} has room for {_MOST} PDOs, not for {len(pdos)}")
    seen: set[int] = set()
    for pdo in pdos:
        if not 0 < pdo <= 0xFFFF:
            raise InvalidArgument(f"a PDO has an index from 1 to 0xFFFF, not {pdo:#x}")
        if pdo in seen:
            raise InvalidArgument(f"PDO 0x{pdo:04X} stands twice in the list for 0x{index:04X}")
        seen.add(pdo)
    yield SdoWrite(index, 0, b"\x00")
    for subindex, pdo in enumerate(pdos, 1):
        yield SdoWrite(index, subindex, pdo.to_bytes(2, "little"))
    yield SdoWrite(index, 0, bytes([len(pdos)]))
