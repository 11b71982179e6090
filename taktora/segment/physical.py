"""Datagrams that name SubDevices: by position, by station address, or all of them.

ETG.1000.4: in each SubDevice that a frame passes a position address rises by one, and the one that
finds 0 is addressed. A read or a write counts 1; in a read-write the write counts 2 more. A broadcast
read ORs. Of a multiple write (ARMW, FRMW) the addressed one reads, and all others write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from taktora.segment.esc import Controller
from taktora.segment.frames import Command
from taktora.time import Nanos

__all__ = ["run_physical"]

_BY_POSITION: Final = frozenset(map(int, (Command.APRD, Command.APWR, Command.APRW, Command.ARMW)))
_BROADCAST: Final = frozenset(map(int, (Command.BRD, Command.BWR, Command.BRW)))
_MULTIPLE: Final = frozenset(map(int, (Command.ARMW, Command.FRMW)))
_READS: Final = frozenset(map(int, (Command.APRD, Command.APRW, Command.FPRD, Command.FPRW)))
_WRITES: Final = frozenset(map(int, (Command.APWR, Command.APRW, Command.FPWR, Command.FPRW)))


def run_physical(
    line: Sequence[Controller],
    stations: Mapping[int, Sequence[Controller]],
    frame: bytearray,
    at: int,
    *,
    length: int,
    now: Nanos,
) -> int:
    """Pass the datagram at ``at`` by all SubDevices; what the working counter grows by."""
    command = frame[at]
    station = frame[at + 2] | frame[at + 3] << 8
    register = frame[at + 4] | frame[at + 5] << 8
    data = slice(at + 10, at + 10 + length)
    value = bytes(frame[data])
    if command in _BROADCAST:
        value, counted = _broadcast(line, command, value, register=register, now=now)
    else:
        addressed: Sequence[Controller]
        if command in _BY_POSITION:
            position = -station & 0xFFFF
            addressed = line[position : position + 1]
        else:
            addressed = stations.get(station, ())
        if command in _MULTIPLE:
            value, counted = _multiple(line, addressed, value, register=register, now=now)
        else:
            counted = 0
            for one in addressed:
                value, more = _access(one, command, value, register=register, now=now)
                counted += more
    frame[data] = value
    if command in _BY_POSITION or command in _BROADCAST:
        station = (station + len(line)) & 0xFFFF
        frame[at + 2], frame[at + 3] = station & 0xFF, station >> 8
    return counted


def _access(
    one: Controller, command: int, value: bytes, *, register: int, now: Nanos
) -> tuple[bytes, int]:
    """What it had is read, what came in is written."""
    read = one.read(register, len(value), now) if command in _READS else None
    counted = 0 if read is None else 1
    if command in _WRITES and one.write(register, value, now):
        counted += 2 if command in _READS else 1
    return value if read is None else read, counted


def _broadcast(
    line: Sequence[Controller], command: int, value: bytes, *, register: int, now: Nanos
) -> tuple[bytes, int]:
    counted = 0
    for one in line:
        read = None if command == Command.BWR else one.read(register, len(value), now)
        if command != Command.BRD and one.write(register, value, now):
            counted += 1 if command == Command.BWR else 2
        if read is not None:
            counted += 1
            joined = int.from_bytes(read, "little") | int.from_bytes(value, "little")
            value = joined.to_bytes(len(value), "little")
    return value, counted


def _multiple(
    line: Sequence[Controller],
    addressed: Sequence[Controller],
    value: bytes,
    *,
    register: int,
    now: Nanos,
) -> tuple[bytes, int]:
    counted = 0
    for one in line:
        if one in addressed:
            read = one.read(register, len(value), now)
            if read is not None:
                value = read
                counted += 1
        elif one.write(register, value, now):
            counted += 1
    return value, counted
