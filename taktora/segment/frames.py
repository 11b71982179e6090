"""EtherCAT frames and their datagrams (ETG.1000.4, frame structure), built and taken apart.

Ethernet header (14 bytes, EtherType 0x88A4), EtherCAT header (11 bits of length, type 1), then
datagrams: command, index, address, length with flags, interrupt, data, working counter.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable
from typing import Final

from attrs import frozen

from taktora.errors import InvalidArgument

__all__ = ["ETHERTYPE", "Command", "Datagram", "build_frame", "datagrams_of"]

ETHERTYPE: Final = 0x88A4
ETHERNET_HEADER: Final = 14
FIRST_DATAGRAM: Final = 16
DATAGRAM_HEADER: Final = 10
SHORTEST: Final = 60
"""Bytes of the shortest Ethernet frame, without its check sequence."""

_HEADER: Final = struct.Struct("<BBIHH")
_BROADCAST: Final = b"\xff" * 6
_MAINDEVICE: Final = b"\x01" * 6


class Command(enum.IntEnum):
    """What a datagram does: auto-increment (AP), configured (FP), broadcast (B) or logical (L) address."""

    NOP = 0
    APRD = 1
    APWR = 2
    APRW = 3
    FPRD = 4
    FPWR = 5
    FPRW = 6
    BRD = 7
    BWR = 8
    BRW = 9
    LRD = 10
    LWR = 11
    LRW = 12
    ARMW = 13
    FRMW = 14


@frozen
class Datagram:
    """One datagram."""

    command: int
    address: int
    """32 bits: logical, or a SubDevice's address in the low half and its register in the high one."""
    data: bytes
    working_counter: int = 0
    index: int = 0
    interrupt: int = 0
    circulating: bool = False

    @classmethod
    def physical(cls, command: int, station: int, register: int, data: bytes) -> Datagram:
        """One to a SubDevice's address (ADP) and a register or memory address (ADO) there."""
        return cls(command, (station & 0xFFFF) | register << 16, data)

    @property
    def station(self) -> int:
        """The SubDevice's address, ADP."""
        return self.address & 0xFFFF


def build_frame(datagrams: Iterable[Datagram], source: bytes = _MAINDEVICE) -> bytes:
    """One frame, padded to the shortest that Ethernet has.

    Raises:
        InvalidArgument: None at all, or more data than one frame holds.
    """
    every = list(datagrams)
    body = bytearray()
    for number, one in enumerate(every):
        more = 0x8000 if number + 1 < len(every) else 0
        flags = len(one.data) | (0x4000 if one.circulating else 0) | more
        body += _HEADER.pack(one.command, one.index, one.address, flags, one.interrupt)
        body += one.data + one.working_counter.to_bytes(2, "little")
    if not every or len(body) > 1498:
        raise InvalidArgument(
            f"a frame holds 1 to 1498 bytes of datagrams, these are {len(body)}: send several frames"
        )
    head = _BROADCAST + source + ETHERTYPE.to_bytes(2, "big")
    head += (len(body) | 0x1000).to_bytes(2, "little")
    return bytes(head + body).ljust(SHORTEST, b"\x00")


def datagrams_of(frame: bytes) -> tuple[Datagram, ...]:
    """The datagrams of a frame, as far as they are whole; none when it is not EtherCAT."""
    found = []
    at = FIRST_DATAGRAM if is_ethercat(frame) else len(frame)
    while at + DATAGRAM_HEADER + 2 <= len(frame):
        command, index, address, flags, interrupt = _HEADER.unpack_from(frame, at)
        end = at + DATAGRAM_HEADER + (flags & 0x07FF)
        if end + 2 > len(frame):
            break
        found.append(
            Datagram(
                command=command,
                index=index,
                address=address,
                data=bytes(frame[at + DATAGRAM_HEADER : end]),
                working_counter=int.from_bytes(frame[end : end + 2], "little"),
                interrupt=interrupt,
                circulating=bool(flags & 0x4000),
            )
        )
        if not flags & 0x8000:
            break
        at = end + 2
    return tuple(found)


def is_ethercat(frame: bytes) -> bool:
    """Whether it is an EtherCAT frame that carries datagrams (type 1)."""
    return (
        len(frame) >= FIRST_DATAGRAM
        and frame[12] == ETHERTYPE >> 8
        and frame[13] == ETHERTYPE & 0xFF
        and frame[15] >> 4 == 1
    )
