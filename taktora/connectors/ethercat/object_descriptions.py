"""Objects of a SubDevice as it describes them itself (SDO information, ETG.1000.6). Pure."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from taktora.connectors.ethercat.object_types import ObjectType, type_of

__all__ = ["EntryDescription", "ObjectDescription", "access_in_words", "entry_at", "in_complete"]

_CODES: Final = {
    0x02: "domain",
    0x05: "deftype",
    0x06: "defstruct",
    0x07: "var",
    0x08: "array",
    0x09: "record",
}
_READ: Final = 0x0007
_WRITE: Final = 0x0038
_STATES: Final = ("pre-op", "safe-op", "op")
_RX_PDO: Final = 0x0040
_TX_PDO: Final = 0x0080


@frozen
class EntryDescription:
    """One subindex."""

    subindex: int
    name: str
    data_type: int
    """As the SubDevice numbers it; 0: none, the subindex is a gap."""
    bits: int
    access: int
    """ObjectAccess: who may when (bits 0 to 5), and which PDO it may be mapped to (6 and 7)."""

    @property
    def is_gap(self) -> bool:
        """There is nothing to be read or written; its bits, if any, fill up to the next entry."""
        return self.access == 0

    @property
    def type(self) -> ObjectType:
        """What its bytes are."""
        return type_of(self.data_type, self.bits)

    @property
    def is_readable(self) -> bool:
        """In PRE-OP."""
        return bool(self.access & 1)

    @property
    def pdo(self) -> str:
        """Which process data it may be mapped to: ``rx``, ``tx``, ``rx tx`` or nothing."""
        ways = (("rx", _RX_PDO), ("tx", _TX_PDO))
        return " ".join(name for name, bit in ways if self.access & bit)


@frozen
class ObjectDescription:
    """One object with its entries."""

    index: int
    name: str
    code: int
    """7: a variable; 8: an array; 9: a record."""
    entries: tuple[EntryDescription, ...]
    """By subindex, those that the SubDevice could describe."""
    problem: str = ""
    """Why some are missing, in words."""

    @property
    def code_name(self) -> str:
        """``var``, ``array``, ``record``."""
        return _CODES.get(self.code, f"0x{self.code:02X}")


def access_in_words(access: int) -> str:
    """``rw``, ``ro``, ``wo``; where that depends on the state, with the states: ``rw pre-op``."""
    read = access & _READ
    write = access >> 3 & _READ
    if not read and not write:
        return "none"
    if read in (0, _READ) and write in (0, _READ):
        return {True: "rw", False: "ro"}[bool(write)] if read else "wo"
    if read == write:
        return f"rw {_states(read)}"
    parts = [f"r {_states(read)}".strip()] if read else []
    parts += [f"w {_states(write)}".strip()] if write else []
    return ", ".join(parts)


def entry_at(entries: tuple[EntryDescription, ...], subindex: int) -> EntryDescription | None:
    """The entry at ``subindex``, if it is described."""
    return next((one for one in entries if one.subindex == subindex), None)


def in_complete(
    entries: tuple[EntryDescription, ...], data: bytes, *, from_subindex: int
) -> list[tuple[EntryDescription, bytes]]:
    """Which bytes belong to which entry of what complete access gave (ETG.1000.6, 5.6.2).

    Subindex 0 takes 16 bits there, of which 8 are its own; the others follow, each with its bits.
    What ends within the data is left out.
    """
    whole = int.from_bytes(data, "little")
    at, found = 0, []
    for one in entries:
        if one.subindex < from_subindex:
            continue
        end = at + one.bits
        if end > 8 * len(data):
            break
        if not one.is_gap:
            value = whole >> at & (1 << one.bits) - 1
            found.append((one, value.to_bytes((one.bits + 7) // 8, "little")))
        at = 16 if one.subindex == 0 else end
    return found


def _states(bits: int) -> str:
    if bits == _READ:
        return ""
    return "+".join(name for at, name in enumerate(_STATES) if bits >> at & 1)
