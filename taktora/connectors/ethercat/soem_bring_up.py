"""From an open interface to all SubDevices in OP, in steps short enough for heartbeats in between.

The states and what may be done in each: ETG.1000.6, 6.4. Objects are written and PDOs assigned in
PRE-OP, process data are mapped, SAFE-OP comes with valid inputs, OP with outputs that arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from taktora.connectors.ethercat.bus import AlState, BringUp, Mapped, SubDeviceInfo, SubDeviceState
from taktora.connectors.ethercat.found import (
    Found,
    check_found,
    not_mapped,
    not_written,
    object_writes,
)
from taktora.connectors.ethercat.nic import look_up
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.process_images import Portion, ProcessImages
from taktora.connectors.ethercat.register_image import SM_LENGTH, SM_REGISTERS, RegisterImage
from taktora.connectors.ethercat.sm_watchdog import SmWatchdog, watchdog_for
from taktora.connectors.ethercat.soem_clocks import SoemClocks
from taktora.connectors.ethercat.soem_master import SoemMaster
from taktora.connectors.ethercat.soem_watchdog import set_up_watchdog
from taktora.connectors.ethercat.spans import FMMU_LENGTH, FMMU_REGISTERS, Span, spans_of
from taktora.connectors.ethercat.subdevice_states import (
    AL_CONTROL,
    as_control,
    in_words,
    subdevice_state,
)
from taktora.errors import BusError
from taktora.time import Clock, to_nanos

__all__ = ["SoemBringUp"]

_INFORMATION: Final = 0x0000  # type, revision, number of FMMUs (4) and SyncManagers (5), addresses
_INFORMATION_SIZE: Final = 0x14
_ASKED_AGAIN: Final = 8  # times within the patience for a change of state
_NAMED: Final = 5  # SubDevices in one message


class SoemBringUp:
    """One bring-up. Its results are there when :meth:`steps` has come to its end."""

    def __init__(self, master: SoemMaster, options: EthercatOptions, clock: Clock) -> None:
        self._master = master
        self._options = options
        self._clock = clock
        self._patience = to_nanos(options.state_timeout)
        self._found: list[Found] = []
        self._addresses: list[tuple[int, int]] = []  # station address, alias
        self._spans: list[tuple[Span, Span]] = []
        self.registers: list[RegisterImage] = []
        """Of each SubDevice, in the order of their positions."""
        self.watchdogs: dict[int, SmWatchdog] = {}
        """By position: those that the configuration sets."""
        self.clocks: SoemClocks | None = None
        """With ``distributed_clocks``."""
        self.images: ProcessImages | None = None
        self.result: BringUp

    def steps(self) -> Iterator[str | Mapped]:
        """Do it; yields what comes next before each step, and ``Mapped`` once images are there.

        Raises:
            BusError: it cannot be done; which SubDevice, in which state, and why.
        """
        yield "look for SubDevices"
        self._find()
        yield from self._reach(AlState.PRE_OP)
        yield from self._write_objects()
        yield "map process data"
        self._master.map()
        yield "read back how they are mapped"
        self._read_back()
        yield Mapped(tuple(self._infos()))
        if self._options.distributed_clocks:
            yield "set up distributed clocks"
            if not self._master.set_up_clocks():
                raise BusError(
                    "distributed_clocks is set, and no SubDevice has a distributed clock"
                )
            self.clocks = SoemClocks(self._master)
        yield "set up watchdogs"
        self._set_up_watchdogs()
        yield from self._reach(AlState.SAFE_OP)
        yield from self._operate()
        self.result = BringUp(self._expected_wkc(), tuple(self._infos()))

    # --- PRE-OP -------------------------------------------------------------------------------------

    def _find(self) -> None:
        if not self._master.find():
            nic = self._options.network_interface
            if not look_up(nic).has_carrier:
                raise BusError(f"{nic} has no link: is the cable in at both ends, and power on?")
            raise BusError(
                f"no SubDevice answers on {nic}: is the cable in the right socket (IN of the first "
                f"SubDevice), and is this the right interface?"
            )
        self._found = [Found(one.name, one.man, one.id, one.rev) for one in self._master.slaves]
        check_found(self._options, self._found)

    def _write_objects(self) -> Iterator[str]:
        for its in sorted(self._options.subdevices, key=lambda one: one.subdevice):
            for write in object_writes(its):
                yield f"{its.label}: write object 0x{write.index:04X}:{write.subindex:02X}"
                try:
                    self._master.objects.set_up(its.subdevice, write)
                except BusError as error:
                    raise not_written(its, write, error) from error

    # --- how they are mapped ------------------------------------------------------------------------

    def _read_back(self) -> None:
        portions = []
        for position, slave in enumerate(self._master.slaves, 1):
            information = self._master.read_register(position, _INFORMATION, _INFORMATION_SIZE)
            fmmus, sync_managers = information[0x04], information[0x05]
            self._addresses.append(
                (
                    int.from_bytes(information[0x10:0x12], "little"),
                    int.from_bytes(information[0x12:0x14], "little"),
                )
            )
            registers = RegisterImage(
                sync_managers=self._read(position, SM_REGISTERS, sync_managers * SM_LENGTH),
                fmmus=self._read(position, FMMU_REGISTERS, fmmus * FMMU_LENGTH),
            )
            self.registers.append(registers)
            outputs, inputs = spans_of(registers.fmmus, position)
            self._check_mapped(position, registers, (outputs.size, inputs.size))
            self._spans.append((outputs, inputs))
            portions.append(Portion(slave, outputs, inputs))
        self.images = ProcessImages(portions, self._master.peek)

    def _check_mapped(
        self, position: int, registers: RegisterImage, mapped: tuple[int, int]
    ) -> None:
        """SOEM goes on when a frame that maps something is lost: it would never be exchanged."""
        for what, has, size in zip(
            ("outputs", "inputs"), registers.process_data_bytes, mapped, strict=True
        ):
            if has != size:
                label, mailbox = self._options.label_of(position), registers.has_mailbox
                raise BusError(not_mapped(label, what, has, size, has_mailbox=mailbox))

    def _read(self, position: int, address: int, size: int) -> bytes:
        return self._master.read_register(position, address, size) if size else b""

    def _set_up_watchdogs(self) -> None:
        for its in self._options.subdevices:
            if its.sm_watchdog is not None:
                watchdog = watchdog_for(to_nanos(its.sm_watchdog, zero=True))
                self.watchdogs[its.subdevice] = watchdog
                set_up_watchdog(self._master, its.subdevice, watchdog)

    # --- states -------------------------------------------------------------------------------------

    def _reach(self, state: AlState) -> Iterator[str]:
        """Ask all for a state, and wait until they are in it."""
        yield f"to {state.label}"
        self._master.request_all(state)
        yield from self._until_all(state, lambda: None)

    def _operate(self) -> Iterator[str]:
        """OP is asked for while process data flow; who refuses is asked again."""
        exchange = self._master.exchanger()

        images = self.images
        assert images is not None

        def turn() -> None:
            images.send()
            exchange()

        yield "to OP"
        turn()
        self._master.request_all(AlState.OP)
        yield from self._until_all(AlState.OP, turn, insist=True)

    def _until_all(
        self, state: AlState, turn: Callable[[], None], *, insist: bool = False
    ) -> Iterator[str]:
        """``turn`` at each look; ``insist``: whoever refuses is asked again until time is up."""
        again = self._clock.now() + self._patience // _ASKED_AGAIN
        deadline = self._clock.now() + self._patience
        while True:
            turn()
            waiting = [one for one in self._states() if one.error or one.state is not state]
            if not waiting:
                return
            refused = [one for one in waiting if one.error]
            if self._clock.now() >= deadline:
                raise BusError(self._not_in(state, waiting))
            if refused and not insist:
                raise BusError(self._not_in(state, refused))
            for one in refused:
                self._ask(one.position, one.state, acknowledge=True)
                self._ask(one.position, state)
            if insist and self._clock.now() >= again:  # the request may have been lost
                again = self._clock.now() + self._patience // _ASKED_AGAIN
                for one in waiting:
                    self._ask(one.position, state)
            yield f"to {state.label}: {self._words(waiting)}"

    def _states(self) -> list[SubDeviceState]:
        return [
            subdevice_state(position, status, code)
            for position, (status, code) in enumerate(self._master.read_states(), 1)
        ]

    def _ask(self, position: int, state: AlState, *, acknowledge: bool = False) -> None:
        self._master.write_register(
            position, AL_CONTROL, as_control(state, acknowledge=acknowledge)
        )

    def _not_in(self, state: AlState, those: Sequence[SubDeviceState]) -> str:
        after = "" if any(one.error for one in those) else f" after {self._patience / 1e9:g} s"
        return f"not all SubDevices are in {state.label}{after}: {self._words(those)}"

    def _words(self, those: Sequence[SubDeviceState]) -> str:
        told = [f"{self._options.label_of(one.position)} {in_words(one)}" for one in those[:_NAMED]]
        more = len(those) - len(told)
        return "; ".join(told) + (f"; and {more} more" if more else "")

    # --- result -------------------------------------------------------------------------------------

    def _expected_wkc(self) -> int:
        """SOEM's, but where there are SubDevices with fewer than 8 bits: it does not count those.

        Each adds 2 for its outputs and 1 for its inputs (ETG.1000.4, 5.4.1.2: LRW).
        """
        if any(0 < span.bits < 8 for both in self._spans for span in both):
            return sum(2 * bool(out.bits) + bool(in_.bits) for out, in_ in self._spans)
        return self._master.expected_wkc

    def _infos(self) -> Iterator[SubDeviceInfo]:
        for position, (found, (outputs, inputs), (station, alias), registers) in enumerate(
            zip(self._found, self._spans, self._addresses, self.registers, strict=True), 1
        ):
            yield SubDeviceInfo(
                position=position,
                name=found.name,
                vendor=found.vendor,
                product=found.product,
                revision=found.revision,
                output_bits=outputs.bits,
                input_bits=inputs.bits,
                has_mailbox=registers.has_mailbox,
                station_address=station,
                alias=alias,
            )
