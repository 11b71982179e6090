"""Process data by logical address: LRD, LWR and LRW, planned once for each datagram that comes again.

A plan says which bytes go where, in the order in which the frame passes the SubDevices. What maps a
whole buffer to whole bytes is one slice assignment; everything else goes through the controller.
Working counter of each SubDevice (ETG.1000.4): 1 for a read, 1 for a write, in an LRW 2 for the write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

from taktora.segment.application import Application
from taktora.segment.esc import Controller
from taktora.segment.fmmu import Part, insert_bits, take_bits
from taktora.segment.frames import Command
from taktora.segment.process_memory import ProcessMemory
from taktora.segment.sync_managers import SyncManager
from taktora.time import Nanos

__all__ = ["Plan", "make_plan", "run_plan"]

_WRITE: Final = 0
_READ: Final = 1
_SLOW: Final = 2

_READS: Final = frozenset({int(Command.LRD), int(Command.LRW)})
_WRITES: Final = frozenset({int(Command.LWR), int(Command.LRW)})

_NOTHING: Final = slice(0)


@frozen
class _Slow:
    """One SubDevice's parts of a datagram that need looking at each time."""

    controller: Controller
    data: int
    """Where the datagram's data begins in the frame."""
    reads: tuple[Part, ...]
    writes: tuple[Part, ...]
    for_write: int
    """What a write counts."""


_Step = tuple[int, ProcessMemory, bytearray, slice, slice, SyncManager, _Slow | None]
"""Kind, process data, its memory, slice of the frame, slice of its memory, SyncManager, or parts."""


@frozen
class Plan:
    """What one logical datagram at one place in a frame does."""

    steps: tuple[_Step, ...]
    counts: int
    """What the steps count that always succeed."""
    takes_part: tuple[Application, ...]
    """Whose turn it is after it."""


def make_plan(
    line: Iterable[Controller],
    command: int,
    address: int,
    length: int,
    *,
    data: int,
    wrong: Mapping[Controller, int],
) -> Plan:
    """The plan for a datagram whose data begins at ``data`` in the frame.

    ``wrong``: what SubDevices with a fault count too much where they take part.
    """
    steps: list[_Step] = []
    counts = 0
    takes_part = []
    for controller in line:
        if command == Command.LRW and not controller.options.lrw:
            continue
        process = controller.process
        reads = _parts(controller, address, length, writing=False) if command in _READS else ()
        writes = _parts(controller, address, length, writing=True) if command in _WRITES else ()
        if not reads and not writes:
            continue
        counts += wrong.get(controller, 0)
        for_write = 2 if command == Command.LRW else 1
        fast = [_fast(controller, part, data, writing=True) for part in writes]
        fast += [_fast(controller, part, data, writing=False) for part in reads]
        every = [one for one in fast if one is not None]
        if len(every) == len(fast):
            steps += every
            counts += (for_write if writes else 0) + (1 if reads else 0)
            takes_part.append(controller.application)
        else:
            slow = _Slow(controller, data, reads, writes, for_write)
            steps.append((_SLOW, process, process.memory, _NOTHING, _NOTHING, process.out, slow))
    return Plan(tuple(steps), counts, tuple(takes_part))


def run_plan(plan: Plan, frame: bytearray, now: Nanos) -> int:
    """Pass the datagram by all SubDevices; what the working counter grows by."""
    counted = plan.counts
    for kind, process, memory, there, here, manager, slow in plan.steps:
        if kind == _READ:
            if manager.opened:  # somebody has begun to read it in pieces
                frame[there] = process.read(here.start, here.stop)[0] or b""
            else:
                frame[there] = memory[here]
        elif kind == _WRITE:
            memory[here] = process.outputs = frame[there]
            manager.opened = False
            if manager.watched:
                process.watchdog.fed = now
        elif slow is not None:
            counted += _run_slow(slow, frame, now)
    return max(0, counted)


def _parts(controller: Controller, address: int, length: int, *, writing: bool) -> tuple[Part, ...]:
    found = (
        fmmu.part(address, length)
        for fmmu in controller.fmmus
        if (fmmu.writes if writing else fmmu.reads)
    )
    return tuple(part for part in found if part is not None)


def _fast(controller: Controller, part: Part, data: int, *, writing: bool) -> _Step | None:
    """The step for a part that is the device's whole buffer of outputs or inputs."""
    process = controller.process
    manager = process.out if writing else process.back
    whole = (
        part.is_bytes
        and manager.active
        and not manager.is_mailbox
        and manager.writes is writing
        and part.physical == manager.start * 8
        and part.bits == manager.length * 8
        and sum(one.start < manager.end and manager.start < one.end for one in process.active) == 1
    )
    if not whole:
        return None
    first = data + (part.logical >> 3)
    return (
        _WRITE if writing else _READ,
        process,
        process.memory,
        slice(first, first + manager.length),
        slice(manager.start, manager.end),
        manager,
        None,
    )


def _run_slow(slow: _Slow, frame: bytearray, now: Nanos) -> int:
    """What was there is read, what came in is written, and then the one replaces the other."""
    controller = slow.controller
    values = [_read(controller, part, now) for part in slow.reads]
    written = [_write(controller, part, slow.data, frame, now) for part in slow.writes]
    for part, value in zip(slow.reads, values, strict=True):
        if value is not None:
            insert_bits(frame, slow.data * 8 + part.logical, part.bits, value)
    read = any(value is not None for value in values)
    return (slow.for_write if any(written) else 0) + (1 if read else 0)


def _read(controller: Controller, part: Part, now: Nanos) -> int | None:
    first, end = part.physical >> 3, (part.physical + part.bits + 7) >> 3
    memory = controller.read(first, end - first, now)
    return None if memory is None else take_bits(memory, part.physical & 7, part.bits)


def _write(controller: Controller, part: Part, data: int, frame: bytearray, now: Nanos) -> bool:
    """Bits of the memory that are not mapped stay as they are."""
    first, end = part.physical >> 3, (part.physical + part.bits + 7) >> 3
    value = take_bits(frame, data * 8 + part.logical, part.bits)
    memory = bytearray(controller.memory[first:end])
    insert_bits(memory, part.physical & 7, part.bits, value)
    return controller.write(first, bytes(memory), now)
