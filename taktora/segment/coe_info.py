"""The SDO information service of CoE: a MainDevice browses the object dictionary (ETG.1000.6).

Pure: a request in, the messages of the answer out. A long answer comes in fragments, each of which
says how many are still to come.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Final

from taktora.segment.aborts import Abort, Refused
from taktora.segment.data_types import encode
from taktora.segment.object_dictionary import ObjectDictionary
from taktora.segment.objects import Access, Entry, Object

__all__ = ["information"]

_LIST, _OBJECT, _ENTRY, _ERROR = 0x01, 0x03, 0x05, 0x07
"""Opcodes of requests, of which answers have one more; and of the error."""

_HEADER: Final = 6
"""Bytes of CoE header and SDO information header."""

_ALWAYS, _UNIT, _DEFAULT, _MINIMUM, _MAXIMUM = 0x07, 0x08, 0x10, 0x20, 0x40
"""Bits of ValueInfo: access rights, category and mapping are in every entry description."""

_LISTS: Final[dict[int, Access]] = {
    1: Access(0),
    2: Access.RX_PDO,
    3: Access.TX_PDO,
    4: Access.BACKUP,
    5: Access.SETTING,
}
"""What the objects of each list have: all of them nothing in particular."""


def information(objects: ObjectDictionary, request: bytes, room: int) -> list[bytes]:
    """The answer to a request.

    Args:
        objects: to be browsed.
        request: without mailbox and CoE header.
        room: bytes of a mailbox message without the mailbox header.

    Returns:
        Messages without mailbox and CoE header; one at least.
    """
    opcode = request[0] & 0x7F if request else 0
    try:
        if opcode not in _SERVICES:
            raise Refused(Abort.COMMAND)
        size, service = _SERVICES[opcode]
        if len(request) < size + 4:
            raise Refused(Abort.TOO_SHORT)
        data = service(objects, request[4:])
    except Refused as refused:
        return [struct.pack("<BBHI", _ERROR, 0, 0, refused.code)]
    return _fragments(opcode + 1, data, room - _HEADER)


def _fragments(opcode: int, data: bytes, room: int) -> list[bytes]:
    parts = [data[at : at + room] for at in range(0, len(data), room)]
    left = len(parts) - 1
    return [
        struct.pack("<BBH", opcode | (0x80 if number < left else 0), 0, left - number) + part
        for number, part in enumerate(parts)
    ]


def _list(objects: ObjectDictionary, request: bytes) -> bytes:
    """Indices of the objects in a list; list 0 is how many there are in each."""
    (which,) = struct.unpack_from("<H", request)
    if which == 0:
        lengths = [len(_indices(objects, wanted)) for wanted in _LISTS.values()]
        return struct.pack("<6H", 0, *lengths)
    if which not in _LISTS:
        raise Refused(Abort.UNSUPPORTED_ACCESS)
    found = _indices(objects, _LISTS[which])
    return struct.pack(f"<{1 + len(found)}H", which, *found)


def _indices(objects: Iterable[Object], wanted: Access) -> list[int]:
    return [
        one.index
        for one in objects
        if not wanted or any(entry.access & wanted for entry in one.entries.values())
    ]


def _object(objects: ObjectDictionary, request: bytes) -> bytes:
    (index,) = struct.unpack_from("<H", request)
    one = objects.object(index)
    last = max(one.entries)
    return struct.pack("<HHBB", index, one.type, last, one.code) + one.name.encode("latin-1")


def _entry(objects: ObjectDictionary, request: bytes) -> bytes:
    index, subindex, wanted = struct.unpack_from("<HBB", request)
    entry = objects.entry(index, subindex)
    has, data = wanted & _ALWAYS, b""
    if wanted & _UNIT and entry.unit is not None:
        has, data = has | _UNIT, data + struct.pack("<I", entry.unit)
    for bit, value in _values(entry):
        if wanted & bit and value is not None:
            has, data = has | bit, data + value
    head = struct.pack("<HBBHHH", index, subindex, has, entry.type, entry.bits, entry.access)
    return head + data + entry.name.encode("latin-1")


def _values(entry: Entry) -> list[tuple[int, bytes | None]]:
    """Default, minimum and maximum; none of a string, whose length could not be told."""
    if entry.type.is_text:
        return []
    kind = entry.type

    def known(value: float | None) -> bytes | None:
        if value is None:
            return None
        return encode(kind, float(value) if kind.is_real else int(value))

    return [
        (_DEFAULT, encode(kind, entry.default)),
        (_MINIMUM, known(entry.minimum)),
        (_MAXIMUM, known(entry.maximum)),
    ]


_SERVICES: Final[dict[int, tuple[int, Callable[[ObjectDictionary, bytes], bytes]]]] = {
    _LIST: (2, _list),
    _OBJECT: (2, _object),
    _ENTRY: (4, _entry),
}
"""By opcode: the least bytes of its data, and who answers."""
