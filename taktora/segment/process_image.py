"""Process data and the values of objects: the one from the other, for a given mapping.

This is what a simulated SubDevice does in every cycle, so fields are sorted by how they are converted
beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable

from taktora.segment.data_types import DataType, Value, from_raw, to_raw
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.pdo import Mapped

__all__ = ["ProcessImage"]

Field = tuple[tuple[int, int], int, int]
"""Index and subindex, first bit, mask."""


class ProcessImage:
    """One direction's process data under one mapping: bits follow each other without gaps, LSB first.

    Args:
        objects: whose values they are.
        layout: which of them.
    """

    def __init__(self, objects: ObjectDictionary, layout: Iterable[Mapped]) -> None:
        self._values = objects.values
        self._flags: list[Field] = []
        self._unsigned: list[Field] = []
        self._signed: list[Field] = []
        self._others: list[tuple[Field, DataType]] = []
        at = 0
        for one in layout:
            if one.index:
                kind = objects.entry(one.index, one.subindex).type
                field = (one.index, one.subindex), at, (1 << one.bits) - 1
                if kind is DataType.BOOLEAN:
                    self._flags.append(field)
                elif kind.is_text or kind.is_real:
                    self._others.append((field, kind))
                else:
                    (self._signed if kind.is_signed else self._unsigned).append(field)
            at += one.bits
        self._numbers = self._flags + self._unsigned + self._signed
        self._bytes = (at + 7) // 8

    def unpack(self, image: bytes) -> None:
        """Outputs have come: the objects hold them now."""
        values, whole = self._values, int.from_bytes(image, "little")
        for key, at, _ in self._flags:
            values[key] = bool(whole >> at & 1)
        for key, at, mask in self._unsigned:
            values[key] = whole >> at & mask
        for key, at, mask in self._signed:
            raw = whole >> at & mask
            values[key] = raw if raw <= mask >> 1 else raw - mask - 1
        for (key, at, mask), kind in self._others:
            values[key] = _value(kind, whole >> at & mask, mask)

    def pack(self) -> bytes:
        """What the objects hold, as inputs."""
        values, whole = self._values, 0
        for key, at, mask in self._numbers:
            whole |= (values[key] & mask) << at  # type: ignore[operator]  # sorted by type
        for (key, at, mask), kind in self._others:
            whole |= (_raw(kind, values[key]) & mask) << at
        return whole.to_bytes(self._bytes, "little")


def _value(kind: DataType, raw: int, mask: int) -> Value:
    if kind.is_real:
        return from_raw(kind, raw)
    data = raw.to_bytes(mask.bit_length() // 8, "little")
    return data if kind is DataType.OCTET_STRING else data.rstrip(b"\0").decode("latin-1")


def _raw(kind: DataType, value: Value) -> int:
    if isinstance(value, str):
        value = value.encode("latin-1")
    if isinstance(value, bytes):
        return int.from_bytes(value, "little")
    return to_raw(kind, value)
