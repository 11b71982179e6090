"""A bus that exists in memory only: what it does, and what goes wrong with it, is up to a test.

It behaves as the standard has it where nobody says otherwise: which SubDevices count in the working
counter follows from their states, and so does whose images are exchanged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from taktora.connectors.ethercat.al_status import al_status_text
from taktora.connectors.ethercat.bus import (
    LOST,
    AlState,
    BringUp,
    Mapped,
    SubDeviceInfo,
    SubDeviceState,
)
from taktora.connectors.ethercat.emergency import Emergency
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.errors import BusError, SdoAbort

__all__ = ["MockBusDriver"]


class MockBusDriver:
    """A ``BusDriver`` without a bus. One thread at a time, except the two SDO calls.

    Args:
        *subdevices: in the order of their positions; default, one.
        loopback: each SubDevice gives its outputs back as inputs, as many bytes as both have.
    """

    def __init__(self, *subdevices: MockSubDevice, loopback: bool = False) -> None:
        self.subdevices = subdevices or (MockSubDevice(),)
        self.loopback = loopback
        self.cut = False
        """Whether the cable is out: nothing comes back."""
        self.bring_ups = self.exchanges = self.sweeps = self.recoveries = self.closes = 0
        """How often each was called."""
        self.sdo_writes: list[tuple[int, int, int, bytes]] = []
        """Position, index, subindex and data of each."""
        self._emergencies: list[Emergency] = []
        self._failures: deque[BusError] = deque()
        self._counters: deque[int] = deque()
        self._outputs: list[bytearray] = []
        self._inputs: list[bytearray] = []
        self._is_up = False

    # --- what a test tells it -----------------------------------------------------------------------

    def play(self, *working_counters: int) -> None:
        """What the next exchanges return, whatever took part; ``LOST``: they come to nothing."""
        self._counters.extend(working_counters)

    def fail_bring_up(self, reason: str, *, times: int = 1) -> None:
        """Let the next attempts to bring it up fail."""
        self._failures.extend(BusError(reason) for _ in range(times))

    def subdevice(self, position: int) -> MockSubDevice:
        """The one at ``position``, from 1."""
        return self.subdevices[self._index(position)]

    def set_inputs(self, position: int, data: bytes) -> None:
        """What the SubDevice sends from the next exchange on.

        Raises:
            BusError: it is not as long as its inputs, or there is no such SubDevice.
        """
        its = self.subdevice(position).inputs
        if len(data) != len(its):
            raise BusError(f"SubDevice {position} has {len(its)} bytes of inputs, not {len(data)}")
        its[:] = data

    def send_emergency(
        self, position: int, code: int, register: int = 1, data: bytes = b""
    ) -> None:
        """The SubDevice sends one; ``data``: up to 5 bytes."""
        self._index(position)
        self._emergencies.append(Emergency(position, code, register, data.ljust(5, b"\0")))

    def snapshot_outputs(self, position: int) -> bytes:
        """The outputs as the SubDevice has them."""
        return bytes(self.subdevice(position).outputs)

    def snapshot_inputs(self, position: int) -> bytes:
        """The inputs as the SubDevice has them."""
        return bytes(self.subdevice(position).inputs)

    # --- BusDriver ----------------------------------------------------------------------------------

    def bring_up(self) -> Iterator[str | Mapped | BringUp]:
        """As every driver's; it fails as :meth:`fail_bring_up` says, and with nothing to talk to."""
        if self._is_up:
            raise BusError("the bus is up already; close it first")
        self.bring_ups += 1
        yield "look for SubDevices"
        if self._failures:
            raise self._failures.popleft()
        silent = [n for n, one in self._each() if self.cut or one.state is AlState.NONE]
        if silent:
            raise BusError(f"SubDevice {silent[0]} does not answer; is it on, and the cable in?")
        yield "map process data"
        self._outputs = [bytearray(len(one.outputs)) for one in self.subdevices]
        self._inputs = [bytearray(len(one.inputs)) for one in self.subdevices]
        found = tuple(self._info(n, one) for n, one in self._each())
        self._is_up = True
        yield Mapped(found)
        for state in (AlState.PRE_OP, AlState.SAFE_OP, AlState.OP):
            yield f"to {state.label}"
            for one in self.subdevices:
                one.rise(state)
        for one, outputs in zip(self.subdevices, self._outputs, strict=True):
            one.outputs[:] = outputs  # of the exchange that a SubDevice goes to OP with
        yield BringUp(sum(one.share for one in self.subdevices), found)

    def outputs(self, position: int) -> memoryview:
        """As every driver's."""
        return memoryview(self._outputs[self._up(position)])

    def inputs(self, position: int) -> memoryview:
        """As every driver's; read-only."""
        return memoryview(self._inputs[self._up(position)]).toreadonly()

    @property
    def inputs_changed(self) -> bool:
        """As every driver's: it does not look."""
        return True

    def exchange(self) -> int:
        """As every driver's: what :meth:`play` says, or what those count that take part."""
        if not self._is_up:
            raise BusError("the bus is not up; bring it up first")
        self.exchanges += 1
        played = self._counters.popleft() if self._counters else None
        if self.cut or played == LOST:
            return LOST
        counted = 0
        for one, outputs, inputs in zip(self.subdevices, self._outputs, self._inputs, strict=True):
            if one.state not in (AlState.SAFE_OP, AlState.OP):
                continue  # its SyncManagers are off
            counted += one.share
            if one.state is AlState.OP:  # below, outputs are ignored
                one.outputs[:] = outputs
                if self.loopback:
                    size = min(len(one.outputs), len(one.inputs))
                    one.inputs[:size] = one.outputs[:size]
                if one.behaviour is not None:
                    one.behaviour(memoryview(one.outputs).toreadonly(), memoryview(one.inputs))
            inputs[:] = one.inputs
        return counted if played is None else played

    def states(self) -> tuple[SubDeviceState, ...]:
        """As every driver's."""
        self.sweeps += 1
        return tuple(
            SubDeviceState(n, AlState.NONE)
            if self.cut
            else SubDeviceState(
                n, one.state, one.error, one.al_status, al_status_text(one.al_status)
            )
            for n, one in self._each()
        )

    def emergencies(self) -> tuple[Emergency, ...]:
        """As every driver's."""
        found, self._emergencies = tuple(self._emergencies), []
        return found

    def recover(self, position: int) -> str:
        """As every driver's: what the SubDevice's ``recovery`` says next, or to OP at once."""
        one = self.subdevice(position)
        self.recoveries += 1
        if self.cut:
            return "it does not answer"
        outcome = one.recovery.popleft() if one.recovery else AlState.OP
        if isinstance(outcome, BusError):
            raise outcome
        if isinstance(outcome, str):
            return outcome
        one.rise(outcome)
        return f"taken to {outcome.label}"

    def read_sdo(
        self, position: int, index: int, subindex: int, *, complete: bool = False
    ) -> bytes:
        """As every driver's; ``complete``: all entries from ``subindex`` on, one behind the other."""
        its, keys = self._entries(position, index, subindex, complete=complete)
        return b"".join(its[key] for key in keys)

    def write_sdo(
        self, position: int, index: int, subindex: int, data: bytes, *, complete: bool = False
    ) -> None:
        """As every driver's; what is not as long as what is there is refused."""
        its, keys = self._entries(position, index, subindex, complete=complete)
        if len(data) != (size := sum(len(its[key]) for key in keys)):
            text = f"its length is {size} bytes, not {len(data)}"
            raise SdoAbort(position, index, subindex, 0x06070010, text)
        at = 0
        for key in keys:
            end = at + len(its[key])
            its[key], at = bytes(data[at:end]), end
        self.sdo_writes.append((position, index, subindex, bytes(data)))

    def close(self) -> None:
        """As every driver's."""
        self.closes += 1
        self._is_up = False
        for one in self.subdevices:
            if one.state is not AlState.NONE and not self.cut:
                one.rise(AlState.INIT)

    # --- helpers ------------------------------------------------------------------------------------

    def _each(self) -> Iterator[tuple[int, MockSubDevice]]:
        return iter(enumerate(self.subdevices, start=1))

    def _index(self, position: int) -> int:
        if not 1 <= position <= len(self.subdevices):
            raise BusError(f"there is no SubDevice {position}; there are {len(self.subdevices)}")
        return position - 1

    def _up(self, position: int) -> int:
        if not self._is_up:
            raise BusError("the bus is not up; bring it up first")
        return self._index(position)

    def _entries(
        self, position: int, index: int, subindex: int, *, complete: bool
    ) -> tuple[dict[tuple[int, int], bytes], list[tuple[int, int]]]:
        one = self.subdevice(position)
        if self.cut or one.state in (AlState.NONE, AlState.INIT):
            raise BusError(f"SubDevice {position} does not answer over its mailbox")
        if not one.objects:
            raise BusError(f"SubDevice {position} ({one.name}) has no mailbox, and so no objects")
        of_index = sorted(key for key in one.objects if key[0] == index)
        keys = [key for key in of_index if key[1] == subindex or (complete and key[1] > subindex)]
        if not of_index:
            raise SdoAbort(position, index, subindex, 0x06020000, "there is no such object")
        if not keys:
            raise SdoAbort(position, index, subindex, 0x06090011, "there is no such subindex")
        return one.objects, keys

    def _info(self, position: int, one: MockSubDevice) -> SubDeviceInfo:
        return SubDeviceInfo(
            position=position,
            name=one.name,
            vendor=one.vendor,
            product=one.product,
            revision=one.revision,
            output_bits=one.output_bits,
            input_bits=one.input_bits,
            has_mailbox=bool(one.objects),
            station_address=0x1000 + position,
        )
