"""A segment on the bench: datagrams in, datagrams out, at a time that the test sets."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable

from taktora.segment.controller_options import ControllerOptions
from taktora.segment.device import Device, Identity
from taktora.segment.frames import Command, Datagram, build_frame, datagrams_of
from taktora.segment.placement import recommended
from taktora.segment.segment import Segment

MS = 1_000_000


class EchoMailbox:
    """Gives back every message; tells what it got."""

    size = 64

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.to_say: deque[bytes] = deque()
        self.resets = 0

    def receive(self, message: bytes, now: int) -> None:
        self.got.append(message)
        self.to_say.append(message)

    def pending(self, now: int) -> bytes | None:
        return self.to_say.popleft() if self.to_say else None

    def reset(self) -> None:
        self.resets += 1
        self.to_say.clear()


class Probe:
    """A device of fixed sizes that gives inverted outputs back, and remembers what it was told."""

    def __init__(self, outputs: int = 16, inputs: int = 16, *, mailbox: bool = False) -> None:
        self.identity = Identity(0x1234, 0x5678_9ABC, 3, 77, "Probe")
        self.mailbox = EchoMailbox() if mailbox else None
        self.output_bits, self.input_bits = outputs, inputs
        self.refuses = 0
        self.states: list[int] = []
        self.asked: list[int] = []
        self.got: list[bytes | None] = []
        self.gives = bytes((inputs + 7) // 8)
        self.powered = 0

    def power_on(self) -> None:
        self.powered += 1

    def pdos(self) -> tuple[tuple[tuple[int, tuple[tuple[int, int, int], ...]], ...], ...]:
        rx = ((0x1600, ((0x7000, 1, self.output_bits),)),) if self.output_bits else ()
        tx = ((0x1A00, ((0x6000, 1, self.input_bits),)),) if self.input_bits else ()
        return rx, tx

    def may_enter(self, state: int) -> int:
        self.asked.append(state)
        return self.refuses

    def entered(self, state: int, now: int) -> None:
        self.states.append(state)

    def exchange(self, outputs: bytes | None, now: int) -> bytes:
        self.got.append(outputs)
        if outputs is not None and len(outputs) == len(self.gives):
            self.gives = bytes(byte ^ 0xFF for byte in outputs)
        return self.gives


class Bench:
    """A MainDevice of the simplest kind."""

    def __init__(
        self,
        devices: Iterable[Device],
        options: ControllerOptions | Iterable[ControllerOptions] | None = None,
        now: int = 1_000 * MS,
    ) -> None:
        self.now = now
        self.devices = list(devices)
        self.segment = Segment(self.devices, options, now)

    def send(self, *datagrams: Datagram) -> tuple[Datagram, ...]:
        """One frame out and back."""
        answer = self.segment.handle(build_frame(datagrams), self.now)
        assert answer is not None
        return datagrams_of(answer)

    def one(self, command: int, station: int, register: int, data: bytes) -> Datagram:
        return self.send(Datagram.physical(command, station, register, data))[0]

    def read(self, position: int, register: int, length: int) -> bytes:
        """By position, from 1; it has to succeed."""
        got = self.one(Command.APRD, 1 - position, register, bytes(length))
        assert got.working_counter == 1, hex(register)
        return got.data

    def number(self, position: int, register: int, length: int = 2) -> int:
        return int.from_bytes(self.read(position, register, length), "little")

    def write(self, position: int, register: int, data: bytes) -> int:
        """By position, from 1; the working counter."""
        return self.one(Command.APWR, 1 - position, register, data).working_counter

    def logical(self, command: int, address: int, data: bytes) -> Datagram:
        return self.send(Datagram(command, address, data))[0]

    def state(self, position: int = 1) -> tuple[int, int]:
        """AL Status and AL Status Code."""
        return self.number(position, 0x0130), self.number(position, 0x0134)

    def request(self, control: int, position: int = 1) -> tuple[int, int]:
        """Ask for a state; AL Status and code afterwards."""
        assert self.write(position, 0x0120, struct.pack("<H", control)) == 1
        return self.state(position)

    def set_manager(
        self, number: int, start: int, length: int, control: int, *, position: int = 1
    ) -> None:
        """SyncManager off, then on again with these settings."""
        at = 0x0800 + 8 * number
        assert self.write(position, at + 6, b"\x00") == 1
        data = struct.pack("<HHBBBB", start, length, control, 0, length > 0, 0)
        assert self.write(position, at, data) == 1

    def set_fmmu(
        self,
        number: int,
        logical: tuple[int, int],
        physical: tuple[int, int],
        bits: int,
        kind: int,
        *,
        position: int = 1,
    ) -> None:
        """``logical`` and ``physical`` are byte address and bit; ``kind`` 1 reads, 2 writes, 3 both."""
        first = logical[1]
        length = (first + bits + 7) // 8
        last = (first + bits - 1) % 8
        data = struct.pack(
            "<IHBBHBBB", logical[0], length, first, last, physical[0], physical[1], kind, 1
        )
        assert self.write(position, 0x0600 + 16 * number, data + bytes(3)) == 1

    def configure(self, position: int = 1) -> None:
        """All SyncManagers as its SII recommends them."""
        controller = self.segment.controller(position)
        size = controller.options.mailbox_of(controller.device)
        for number, one in enumerate(recommended(controller.device, size)):
            self.set_manager(number, one.start, one.length, one.control, position=position)

    def map_all(self, address: int = 0) -> int:
        """Outputs and inputs of all SubDevices byte by byte, from ``address`` on; where it ends."""
        for position in range(1, len(self.devices) + 1):
            process = self.segment.controller(position).process
            for number, manager, kind in ((0, process.out, 2), (1, process.back, 1)):
                if manager.active:
                    bits, start = manager.length * 8, (manager.start, 0)
                    self.set_fmmu(number, (address, 0), start, bits, kind, position=position)
                    address += manager.length
        return address

    def to_op(self) -> int:
        """Configure, map from logical 0 on, and take everything to OP; bytes of the image."""
        for position in range(1, len(self.devices) + 1):
            self.configure(position)
        end = self.map_all()
        for position in range(1, len(self.devices) + 1):
            for state in (2, 4):
                assert self.request(state, position) == (state, 0)
        if end:
            self.logical(Command.LRW, 0, bytes(end))
        for position in range(1, len(self.devices) + 1):
            assert self.request(8, position) == (8, 0)
        return end
