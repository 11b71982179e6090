"""Frames that read or write a register of single SubDevices by their place on the wire. Pure.

Auto-increment addressing (ETG.1000.4, 5.4): each SubDevice that a frame passes adds 1 to the address,
and the one that sees 0 is meant. So nothing need be set up, and nothing changes by reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from taktora.segment.frames import Command, Datagram, build_frame, datagrams_of

__all__ = ["answers_of", "count_frame", "count_of", "read_frames", "write_frames"]

INDEX: Final = 0xC0
"""Of our datagrams. SOEM uses 0 to 15, and takes no notice of others."""
_MOST_BYTES: Final = 1400
_OVERHEAD: Final = 12  # of a datagram: header and working counter


def count_frame() -> bytes:
    """Asks everybody for its type (BRD of register 0x0000): the working counter is how many there are."""
    return build_frame([_marked(Datagram.physical(Command.BRD, 0, 0x0000, bytes(1)))])


def count_of(frame: bytes) -> int | None:
    """How many answered it; ``None``: it is no answer to that."""
    for one in datagrams_of(frame):
        if one.index == INDEX and one.command == Command.BRD:
            return one.working_counter
    return None


def read_frames(positions: Sequence[int], register: int, size: int) -> Iterator[bytes]:
    """Frames that read ``size`` bytes of a register of each."""
    yield from _frames((one, register, bytes(size), Command.APRD) for one in positions)


def write_frames(positions: Sequence[int], register: int, data: bytes) -> Iterator[bytes]:
    """Frames that write it."""
    yield from _frames((one, register, data, Command.APWR) for one in positions)


def answers_of(sent: bytes, frame: bytes) -> list[bytes | None] | None:
    """What each datagram of a frame brought, ``None`` where nobody answered; ``None``: it is no
    answer to the frame that was ``sent``.
    """
    asked, found = datagrams_of(sent), datagrams_of(frame)
    if len(asked) != len(found) or any(
        (one.index, one.command, one.address >> 16, len(one.data))
        != (other.index, other.command, other.address >> 16, len(other.data))
        for one, other in zip(asked, found, strict=True)
    ):
        return None
    return [one.data if one.working_counter else None for one in found]


def _frames(wanted: Iterable[tuple[int, int, bytes, Command]]) -> Iterator[bytes]:
    batch: list[Datagram] = []
    room = _MOST_BYTES
    for position, register, data, command in wanted:
        size = len(data) + _OVERHEAD
        if size > room and batch:
            yield build_frame(batch)
            batch, room = [], _MOST_BYTES
        batch.append(_marked(Datagram.physical(command, 1 - position, register, data)))
        room -= size
    if batch:
        yield build_frame(batch)


def _marked(one: Datagram) -> Datagram:
    return Datagram(one.command, one.address, one.data, index=INDEX)
