"""Getting one SubDevice back to OP over SOEM: one short step at a time, as ``recovery.py`` decides.

SOEM's own ``reconfig`` does all at once, and waits up to two seconds for each state while nobody else
is served: the others' watchdogs would take them out of OP meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from taktora.connectors.ethercat.bus import AlState
from taktora.connectors.ethercat.pdo_assignment import SdoWrite
from taktora.connectors.ethercat.recovery import Do, Recovery, Seen, Step
from taktora.connectors.ethercat.register_image import RegisterImage
from taktora.connectors.ethercat.sm_watchdog import SmWatchdog
from taktora.connectors.ethercat.soem_clocks import SoemClocks
from taktora.connectors.ethercat.soem_master import SoemMaster
from taktora.connectors.ethercat.soem_objects import MailboxesBusy
from taktora.connectors.ethercat.soem_watchdog import set_up_watchdog
from taktora.connectors.ethercat.subdevice_states import (
    AL_CONTROL,
    AL_STATUS_REGISTER,
    as_control,
    in_words,
    subdevice_state,
)
from taktora.errors import BusError
from taktora.time import Nanos

__all__ = ["SoemRecovery"]

_EEPROM_CONFIG: Final = 0x0500  # ETG.1000.4, 6.4: who may read the SII
_EEPROM_TO_PDI: Final = b"\x01"
_SDO_PATIENCE: Final[Nanos] = 50_000_000
"""For one object while others keep running: half of the watchdog that SubDevices usually have."""


class SoemRecovery:
    """One SubDevice's way back.

    Args:
        registers: how it had been set up.
        writes: objects that it gets in PRE-OP.
        watchdog: what it gets as well; ``None``: it keeps its own.
        clocks: of the bus, if they are in use.
        patience: how long it may take to change its state.
    """

    def __init__(
        self,
        master: SoemMaster,
        position: int,
        *,
        registers: RegisterImage,
        writes: tuple[SdoWrite, ...],
        watchdog: SmWatchdog | None,
        clocks: SoemClocks | None,
        patience: Nanos,
    ) -> None:
        self._master = master
        self._position = position
        self._registers = registers
        self._writes = writes
        self._watchdog = watchdog
        self._clocks = clocks
        self._course = Recovery(patience)
        self._written = 0

    def step(self, now: Nanos) -> tuple[str, bool]:
        """Do one short thing: what was done, in words, and whether it is in OP."""
        seen, how = self._look()
        step = self._course.next(seen, now)
        if step.do is Do.DONE:
            return "it is in OP", True
        try:
            done = self._obey(step, how, now)
        except MailboxesBusy:
            return "mailboxes are in use: its objects are written later", False
        except BusError as error:
            return str(error), False
        return (f"it took too long; {done}" if step.late else done), False

    def _look(self) -> tuple[Seen | None, str]:
        try:
            found = self._master.read_register(self._position, AL_STATUS_REGISTER, 6)
        except BusError:
            return None, ""
        state = subdevice_state(
            self._position,
            int.from_bytes(found[:2], "little"),
            int.from_bytes(found[4:], "little"),
        )
        return Seen(state.state, state.error, state.al_status), in_words(state)

    def _obey(self, step: Step, how: str, now: Nanos) -> str:
        match step.do:
            case Do.FIND:
                if self._master.give_address(self._position):
                    return "it was restarted: its address is restored"
                return "it does not answer"
            case Do.ACKNOWLEDGE:
                self._ask(step.state, acknowledge=True)
                return f"{how}: acknowledged"
            case Do.REQUEST:
                # a way that begins anew takes an error along that nobody has seen yet
                self._ask(step.state, acknowledge=step.state is AlState.INIT)
                return f"{how}: {step.state.label} requested"
            case Do.SET_UP_MAILBOX:
                self._set_up(self._registers.mailbox_writes())
                self._master.write_register(self._position, _EEPROM_CONFIG, _EEPROM_TO_PDI)
                self._ask(step.state)
                self._written = 0
                return f"{how}: mailbox set up, {step.state.label} requested"
            case Do.WRITE_OBJECTS:
                return self._write_next(step.state, now)
        return f"{how}: waiting for {step.state.label}"

    def _write_next(self, state: AlState, now: Nanos) -> str:
        """One object; after the last one, process data and SAFE-OP."""
        if self._written < len(self._writes):
            one = self._writes[self._written]
            self._master.objects.set_up(self._position, one, within=_SDO_PATIENCE)
            self._written += 1
            return f"object 0x{one.index:04X}:{one.subindex:02X} written"
        self._set_up(self._registers.process_data_writes())
        if self._watchdog is not None:
            set_up_watchdog(self._master, self._position, self._watchdog)
        if self._clocks is not None:
            self._clocks.restore(self._position)
        self._ask(state)
        self._course.written(now)
        return f"process data set up, {state.label} requested"

    def _set_up(self, writes: Iterator[tuple[int, bytes]]) -> None:
        for address, data in writes:
            if data:
                self._master.write_register(self._position, address, data)

    def _ask(self, state: AlState, *, acknowledge: bool = False) -> None:
        self._master.write_register(
            self._position, AL_CONTROL, as_control(state, acknowledge=acknowledge)
        )
