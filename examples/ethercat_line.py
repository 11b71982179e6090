"""A line on an EtherCAT bus: a light barrier, a conveyor's drive (CiA 402) and a stack light.

    sudo .venv/bin/python examples/ethercat_line.py

needs no hardware: three simulated SubDevices answer on a network of their own, which needs root. Watch
the bus meanwhile, in another terminal: ``sudo .venv/bin/taktora ethercat watch line``.

Boxes come every 40,000 increments of the belt. Where one interrupts the light barrier, the belt stops
and the light is red; half a second later somebody has taken the box, and on it goes, with green.
"""

import argparse
import sys
from contextlib import suppress
from typing import Any

import taktora
from taktora.connectors import ChannelDescriptor
from taktora.connectors.ethercat import (
    Direction,
    EthercatConnector,
    EthercatOptions,
    EthercatRouting,
    SubDeviceMap,
)
from taktora.testing.ethercat import SimulatedSegment, cannot_simulate, simulated_segment

SEGMENT: list[dict[str, Any]] = [
    {"type": "digital-in", "channels": 4, "name": "barrier"},
    {"type": "axis", "name": "conveyor"},
    {"type": "digital-out", "channels": 4, "name": "light"},
]
SPEED = 20_000  # increments per second
SPACING = 40_000  # increments from box to box
RED, GREEN = 0b01, 0b10
VELOCITY_MODE = 9  # cyclic synchronous velocity, object 0x6060
ENABLED = 0x27  # of the status word's bits 0 to 6, 0x6F: operation enabled


def field(
    name: str, subdevice: str, direction: Direction, offset: int, length: int, **more: Any
) -> ChannelDescriptor[EthercatRouting]:
    """A channel, and which bits of which SubDevice it is."""
    return ChannelDescriptor(name, EthercatRouting(subdevice, direction, offset, length, **more))


class Conveyor(taktora.Item):
    """Enables the drive, step by step, as its status word says that it can (CiA 402-2)."""

    def __init__(self, bus: EthercatConnector) -> None:
        rx, tx = Direction.RX, Direction.TX
        self.status = bus.create_reader(field("conveyor/status", "conveyor", tx, 0, 16), int)
        self.control = bus.create_writer(field("conveyor/control", "conveyor", rx, 0, 16), int)
        self.mode = bus.create_writer(field("conveyor/mode", "conveyor", rx, 16, 8), int)
        self.enabled = False

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.subscriber(self.status)

    def execute(self, ctx: taktora.Context) -> None:
        for received in self.status:
            state = received.value & 0x6F
            self.enabled = state == ENABLED
            self.mode.send(VELOCITY_MODE)
            if received.value & 0x08:
                self.control.send(0x80)  # acknowledge the fault
            elif state == 0x21:
                self.control.send(0x07)  # ready: switch on
            elif state in (0x23, ENABLED):
                self.control.send(0x0F)  # switched on: enable
            else:
                self.control.send(0x06)  # disabled: get ready


class Line(taktora.Item):
    """Stops the belt where a box interrupts the barrier, and says so with the light."""

    def __init__(self, bus: EthercatConnector) -> None:
        barrier = EthercatRouting("barrier", Direction.TX, 0, 1)
        self.barrier = bus.create_reader(ChannelDescriptor("barrier", barrier), bool)
        speed = field("conveyor/speed", "conveyor", Direction.RX, 64, 32, signed=True)
        self.speed = bus.create_writer(speed, int)
        self.light = bus.create_writer(field("light", "light", Direction.RX, 0, 2), int)
        self.boxes = 0

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.subscriber(self.barrier)

    def execute(self, ctx: taktora.Context) -> None:
        for received in self.barrier:
            blocked = received.value
            self.speed.send(0 if blocked else SPEED)
            self.light.send(RED if blocked else GREEN)
            self.boxes += blocked
            print(f"barrier {'blocked: box ' + str(self.boxes) if blocked else 'free'}")


class World(taktora.Item):
    """What is not on the bus: boxes on the belt, and whoever takes them off."""

    def __init__(self, segment: SimulatedSegment) -> None:
        self.segment = segment
        self.next_box = SPACING // 2
        self.takes_at: int | None = None

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.interval(0.02)

    def execute(self, ctx: taktora.Context) -> None:
        position = int.from_bytes(self.segment.inputs(2)[4:8], "little", signed=True)
        blocked = position >= self.next_box
        if blocked and self.takes_at is None:
            self.takes_at = ctx.now_ns + 500_000_000
        elif self.takes_at is not None and ctx.now_ns >= self.takes_at:
            self.next_box, self.takes_at, blocked = self.next_box + SPACING, None, False
        self.segment.call(1, "inputs.load", bytes([blocked]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="how long (default: 10)")
    seconds = parser.parse_args().seconds
    if (why := cannot_simulate()) is not None:
        sys.exit(f"ethercat_line.py: {why}; try sudo")
    with simulated_segment(SEGMENT) as segment, taktora.Executor() as executor:
        options = EthercatOptions(
            segment.nic,
            cycle_time=0.001,
            subdevices=[SubDeviceMap(n + 1, one["name"]) for n, one in enumerate(SEGMENT)],
        )
        with EthercatConnector("line", options=options, node=executor) as bus:
            line = Line(bus)
            for item in (Conveyor(bus), line, World(segment)):
                executor.add(item)
            bus.register_with(executor)
            print("one bus, three SubDevices; watch it: taktora ethercat watch line")
            with suppress(KeyboardInterrupt):
                executor.run_for(seconds)
            print(f"{line.boxes} boxes; the bus is {type(bus.health).__name__}")


if __name__ == "__main__":
    main()
