"""A segment with its faults and its time, as whoever runs it sees it. Pure: times are arguments.

What is told here is by position, from 1, and is what is on the wire: images, states, registers.
"""

from __future__ import annotations

import itertools
from typing import Any

from attrs import asdict, frozen

from taktora.config import examine
from taktora.errors import InvalidArgument
from taktora.segment import registers as reg
from taktora.segment.al import ERROR
from taktora.segment.config import SegmentDescription, build
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.faults import FAULTS, Fault
from taktora.segment.scheduled_segment import ScheduledSegment
from taktora.time import Nanos

__all__ = ["Simulator", "State"]


@frozen
class State:
    """One SubDevice, seen from inside."""

    position: int
    name: str
    state: int
    """AL state: 1 INIT, 2 PRE-OP, 4 SAFE-OP, 8 OP."""
    error: bool
    al_status: int
    """AL Status Code."""


class Simulator:
    """The SubDevices of a description, on one wire. One thread.

    Args:
        description: of the segment.
        now: nanoseconds; times of faults count from here.
    """

    def __init__(self, description: SegmentDescription, now: Nanos) -> None:
        self.description = description
        self.segment = ScheduledSegment(
            build(description),
            [ControllerOptions(alias=one.alias) for one in description.subdevices],
            description.faults,
            now,
        )
        self._begun: dict[int, Fault] = {}
        self._serial = itertools.count(1)

    def outputs(self, position: int) -> bytes:
        """The outputs as they were written last, in whichever state."""
        return self.segment.outputs(position)

    def inputs(self, position: int) -> bytes:
        """The inputs as the next frame reads them."""
        return self.segment.inputs(position)

    def register(self, position: int, address: int, length: int) -> bytes:
        """Registers or memory, without anything that reading does on the wire."""
        memory = self.segment.controller(position).memory
        if not 0 <= address <= address + length <= len(memory):
            raise InvalidArgument(f"there are addresses 0 to 0x{len(memory) - 1:X}")
        return bytes(memory[address : address + length])

    def states(self) -> list[State]:
        """All SubDevices, whether they are reached or not."""
        found = []
        for one in self.description.subdevices:
            memory = self.segment.controller(one.position).memory
            status = memory[reg.AL_STATUS]
            code = int.from_bytes(memory[reg.AL_STATUS_CODE : reg.AL_STATUS_CODE + 2], "little")
            found.append(State(one.position, one.name, status & 0x0F, bool(status & ERROR), code))
        return found

    def statistics(self) -> dict[str, Any]:
        """What has come by since the start."""
        return asdict(self.segment.statistics)

    def begin(self, now: Nanos, kind: str, **details: Any) -> int:
        """Let a fault happen, with keys and values as in a segment file; its number.

        ``subdevice`` is a position or a name, ``at`` counts from now.

        Raises:
            InvalidArgument: with all that is wrong with it.
        """
        schema = FAULTS.get(kind)
        if schema is None:
            raise InvalidArgument(f"there is no fault {kind!r}; there are {', '.join(FAULTS)}")
        named = details.get("subdevice")
        if isinstance(named, str):
            names = {one.name: one.position for one in self.description.subdevices}
            if named not in names:
                raise InvalidArgument(f"there is no SubDevice {named!r}; there are {list(names)}")
            details["subdevice"] = names[named]
        fault, problems = examine({"kind": kind, **details}, schema)
        if fault is None or problems:
            raise InvalidArgument("; ".join(map(str, problems)))
        number = next(self._serial)
        self._begun[number] = self.segment.begin(fault, now)
        return number

    def end(self, now: Nanos, number: int | None = None) -> None:
        """End the fault of that number, or all that were begun here.

        Raises:
            InvalidArgument: there is none of that number.
        """
        if number is not None and number not in self._begun:
            raise InvalidArgument(f"there is no fault {number}; there are {list(self._begun)}")
        for one in [*self._begun] if number is None else [number]:
            self.segment.end(self._begun.pop(one), now)

    def device(self, position: int) -> Any:
        """What stands behind the controller."""
        return self.segment.controller(position).device
