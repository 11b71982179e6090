"""All entries of an object in one SDO transfer (ETG.1000.6, "complete access").

Subindex 0 takes up 16 bits, of which 8 are padding; the others follow at their bit lengths without
gaps, in the order of their subindices. What may not be read is zeros; what may not be written is
passed over. An object whose subindex 0 can be written has as many entries as that says.
"""

from __future__ import annotations

from typing import Final

from taktora.segment.aborts import Abort, Refused
from taktora.segment.data_types import DataType
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import Access, Object, ObjectCode

__all__ = ["complete_download", "complete_size", "complete_upload"]

_COUNT_BITS: Final = 16


def complete_upload(objects: ObjectDictionary, index: int, start: int, state: int) -> bytes:
    """The object from subindex ``start``, 0 or 1.

    Raises:
        Refused: no such object, none that has complete access, or nothing of it may be read.
    """
    one = _compound(objects, index, start)
    image, at, refusal, read = 0, 0, None, False
    for sub in _subindices(one, start, _count(objects, one)):
        entry = one.entries[sub]
        try:
            objects.may_read(index, sub, state)
        except Refused as refused:
            refusal = refusal or refused
        else:
            read = True
            image |= int.from_bytes(objects.current(index, sub), "little") << at
        at += _COUNT_BITS if sub == 0 else entry.bits
    if refusal is not None and not read:
        raise refusal
    return image.to_bytes((at + 7) // 8, "little")


def complete_size(objects: ObjectDictionary, index: int, start: int, state: int) -> int:
    """The most bytes that may be written to the object from subindex ``start``.

    Raises:
        Refused: as :func:`complete_download` would whatever the data.
    """
    one = _compound(objects, index, start)
    refusals = []
    for sub in one.entries:
        if sub == 0 and not one.is_variable:
            continue
        try:
            objects.may_write(index, sub, state)
        except Refused as refused:
            refusals.append(refused)
        else:
            return _size(one, start, max(one.entries))
    raise refusals[0] if refusals else Refused(Abort.READ_ONLY)


def complete_download(
    objects: ObjectDictionary, index: int, start: int, data: bytes, state: int
) -> None:
    """Write the object from subindex ``start``, 0 or 1: all of it, or, when refused, nothing.

    Raises:
        Refused: as an entry is refused; or the length is wrong.
    """
    most = complete_size(objects, index, start, state)
    if len(data) > most:
        raise Refused(Abort.TOO_LONG)
    one = objects.object(index)
    count = _written(one, start, data)
    size = _size(one, start, count)
    if len(data) < size:
        raise Refused(Abort.TOO_SHORT)
    if len(data) not in (size, most):
        raise Refused(Abort.TOO_LONG)
    before = {(index, sub): objects.values[index, sub] for sub in one.entries}
    try:
        _write(objects, one, start, data, state)
    except Refused:
        objects.values.update(before)
        raise


def _write(objects: ObjectDictionary, one: Object, start: int, data: bytes, state: int) -> None:
    counts = one.is_variable and start == 0
    if counts:  # the entries may be written while it is 0, and it is written when they are right
        objects.download(one.index, 0, b"\0", state)
    image, at = int.from_bytes(data, "little"), 0
    for sub in _subindices(one, start, _written(one, start, data)):
        entry = one.entries[sub]
        if sub and entry.access & Access.WO:
            part = image >> at & (1 << entry.bits) - 1
            raw = part.to_bytes((entry.bits + 7) // 8, "little")
            if entry.type is DataType.VISIBLE_STRING:
                raw = raw.rstrip(b"\0")
            objects.download(one.index, sub, raw, state)
        at += _COUNT_BITS if sub == 0 else entry.bits
    if counts:
        objects.download(one.index, 0, data[:1], state)


def _compound(objects: ObjectDictionary, index: int, start: int) -> Object:
    one = objects.object(index)
    if one.code is ObjectCode.VAR or start > 1:
        raise Refused(Abort.UNSUPPORTED_ACCESS)
    return one


def _count(objects: ObjectDictionary, one: Object) -> int:
    """The last subindex that counts."""
    value = objects.values[one.index, 0]
    return int(value) if one.is_variable else max(one.entries)


def _written(one: Object, start: int, data: bytes) -> int:
    """The last subindex in ``data``."""
    if not one.is_variable:
        return max(one.entries)
    if start == 0:
        return data[0] if data else 0
    last, bits = 0, 0
    for sub, entry in one.entries.items():
        bits += entry.bits if sub else 0
        if bits <= 8 * len(data):
            last = sub
    return last


def _subindices(one: Object, start: int, last: int) -> list[int]:
    return [sub for sub in one.entries if start <= sub <= last or (sub == 0 and start == 0)]


def _size(one: Object, start: int, last: int) -> int:
    subs = _subindices(one, start, last)
    bits = sum(one.entries[sub].bits if sub else _COUNT_BITS for sub in subs)
    return (bits + 7) // 8
