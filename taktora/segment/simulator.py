"""A segment with its faults and its time, as whoever runs it sees it. Pure: times are arguments.

What is told here is by position, from 1, and is what is on the wire: images, states, registers.
"""

from __future__ import annotations

from typing import Any

from attrs import asdict, frozen

from taktora.errors import InvalidArgument
from taktora.segment import registers as reg
from taktora.segment.al import ERROR
from taktora.segment.config import SegmentDescription, build
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.segment import Segment
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
        self.segment = Segment(
            build(description),
            [
                ControllerOptions(
                    alias=one.alias,
                    mailbox_size=getattr(one.table, "mailbox_bytes", 128),
                )
                for one in description.subdevices
            ],
            now,
        )

    def outputs(self, position: int) -> bytes:
        """The outputs as they were written last, in whichever state."""
        manager = self.segment.controller(position).out
        return bytes(self.segment.controller(position).memory[manager.start : manager.end])

    def inputs(self, position: int) -> bytes:
        """The inputs as the next frame reads them."""
        manager = self.segment.controller(position).back
        return bytes(self.segment.controller(position).memory[manager.start : manager.end])

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

    def device(self, position: int) -> Any:
        """What stands behind the controller."""
        return self.segment.controller(position).device
