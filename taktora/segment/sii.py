"""The content of a SubDevice's EEPROM, its SII: who it is, and how it wants to be mapped.

ETG.1000.6 (SubDevice information interface) and ETG.2010: words 0x0000 to 0x003F are fixed, categories
follow from word 0x0040 on. Everything is little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from attrs import frozen

from taktora.segment.device import Identity

__all__ = ["SiiSyncManager", "checksum", "sii_content"]

Pdo = tuple[int, tuple[tuple[int, int, int], ...]]
"""Index, and (index, subindex, bits) of each entry."""

_STRINGS: Final = 10
_GENERAL: Final = 30
_FMMU: Final = 40
_SYNC_MANAGERS: Final = 41
_TX_PDO: Final = 50
_RX_PDO: Final = 51
_END: Final = 0xFFFF
_COE: Final = 0x0004
_UNSIGNED: Final = {1: 0x01, 8: 0x05, 16: 0x06, 32: 0x07, 64: 0x1B}
"""Data types of ETG.1020 by bits; anything else is said to have none."""


@frozen
class SiiSyncManager:
    """One SyncManager as the SII recommends it."""

    start: int
    length: int
    control: int
    enable: int
    kind: int
    """1: mailbox out, 2: mailbox in, 3: outputs, 4: inputs."""


def checksum(words: bytes | bytearray) -> int:
    """CRC-8 over the first 14 bytes: polynomial x^8 + x^2 + x + 1, from 0xFF on (word 0x0007)."""
    crc = 0xFF
    for byte in words[:14]:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def sii_content(
    identity: Identity,
    sync_managers: tuple[SiiSyncManager, ...],
    pdos: tuple[tuple[Pdo, ...], ...],
    *,
    alias: int = 0,
    lrw: bool = True,
) -> bytes:
    """The whole EEPROM, filled up with 0xFF to a power of two of at least 2 KiB.

    ``pdos`` are ``(rx, tx)``; ``alias`` is the configured station alias (word 0x0004), without ``lrw`` it takes no
    part in LRW.
    """
    by_kind = {one.kind: number for number, one in enumerate(sync_managers)}
    mailbox = [one for kind in (1, 2) for one in sync_managers if one.kind == kind]
    rx, tx = pdos
    body = _header(identity, mailbox, alias) + b"".join(
        (
            _category(_STRINGS, _strings([identity.name])),
            _category(_GENERAL, _general(has_coe=bool(mailbox), lrw=lrw)),
            _category(_FMMU, bytes([1, 2, 3 if mailbox else 0xFF])),
            _category(_SYNC_MANAGERS, b"".join(_sync_manager(one) for one in sync_managers)),
            _category(_TX_PDO, _pdos(tx, by_kind.get(4, 0xFF))),
            _category(_RX_PDO, _pdos(rx, by_kind.get(3, 0xFF))),
            struct.pack("<H", _END),
        )
    )
    size = 2048
    while size < len(body):
        size *= 2
    content = bytearray(body.ljust(size, b"\xff"))
    content[0x7C:0x7E] = struct.pack("<H", size * 8 // 1024 - 1)
    return bytes(content)


def _header(identity: Identity, mailbox: list[SiiSyncManager], alias: int) -> bytes:
    head = bytearray(0x80)
    struct.pack_into("<HHHHH", head, 0, 0x0005, 0, 0, 0, alias)  # PDI: SPI
    head[14] = checksum(head)
    struct.pack_into(
        "<IIII", head, 16, identity.vendor, identity.product, identity.revision, identity.serial
    )
    if mailbox:
        places = [number for one in mailbox for number in (one.start, one.length)]
        struct.pack_into("<HHHHH", head, 0x30, *places, _COE)
    struct.pack_into("<H", head, 0x7E, 1)
    return bytes(head)


def _category(kind: int, data: bytes) -> bytes:
    if not data:
        return b""
    if len(data) % 2:
        data += b"\x00"
    return struct.pack("<HH", kind, len(data) // 2) + data


def _strings(texts: list[str]) -> bytes:
    encoded = [text.encode("latin-1", "replace")[:255] for text in texts]
    return bytes([len(encoded)]) + b"".join(bytes([len(one)]) + one for one in encoded)


def _general(*, has_coe: bool, lrw: bool) -> bytes:
    general = bytearray(32)
    general[2] = general[3] = 1  # order number and name: string 1
    general[5] = (
        0b10_1111 if has_coe else 0
    )  # SDO, its information, PDO assignment, configuration; CA
    general[11] = 0 if lrw else 0x02
    general[16] = 0b0001_0001  # ports 0 and 1: MII
    return bytes(general)


def _sync_manager(one: SiiSyncManager) -> bytes:
    return struct.pack("<HHBBBB", one.start, one.length, one.control, 0, one.enable, one.kind)


def _pdos(pdos: Iterable[Pdo], sync_manager: int) -> bytes:
    out = bytearray()
    for index, entries in pdos:
        out += struct.pack("<HBBBBH", index, len(entries), sync_manager, 0, 0, 0)
        for number, subindex, bits in entries:
            kind = _UNSIGNED.get(bits, 0) if number else 0
            out += struct.pack("<HBBBBH", number, subindex, 0, kind, bits, 0)
    return bytes(out)
