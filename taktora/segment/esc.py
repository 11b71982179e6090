"""One EtherCAT SubDevice controller: what a datagram reads, writes and sets going in it.

Registers and memory as the wire sees them (ETG.1000.4), with the device behind them. Pure: times are
arguments. Not thread-safe.
"""

from __future__ import annotations

from taktora.segment import registers as reg
from taktora.segment.al import INIT, OP, PRE_OP, SAFE_OP, WATCHDOG, AlMachine
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.dc import DcClock
from taktora.segment.device import Device
from taktora.segment.fmmu import active_fmmus
from taktora.segment.mail import MailExchange
from taktora.segment.notice import Notice
from taktora.segment.placement import (
    mailbox_refused,
    process_data_refused,
    process_numbers,
    recommended,
)
from taktora.segment.sii import sii_content
from taktora.segment.sii_port import SiiPort
from taktora.segment.sync_managers import SyncManager
from taktora.segment.watchdog import Watchdog
from taktora.time import Nanos

__all__ = ["Controller"]

_AL_EVENT = 0x08
_DL_EVENT = 0x04


class Controller:
    """The controller in front of ``device``. What it tells the line goes into ``notice``."""

    def __init__(
        self,
        device: Device,
        notice: Notice,
        options: ControllerOptions | None = None,
        now: Nanos = 0,
    ) -> None:
        self.device = device
        self.options = options or ControllerOptions()
        self._notice = notice
        device.power_on()
        self.eeprom = bytearray(
            sii_content(
                device.identity,
                recommended(device, self.options.mailbox_size),
                device.pdos(),
                alias=self.options.alias,
            )
        )
        """What the SII holds; a power cycle does not change it."""
        self._reset(now)

    def power_cycle(self, now: Nanos) -> None:
        """As after a loss of power: everything as at the factory, except the EEPROM."""
        self.device.power_on()
        self._reset(now)
        self._notice.mapping = self._notice.stations = True
        self._notice.events = self._notice.timers = True

    def _reset(self, now: Nanos) -> None:
        self.memory = reg.factory_registers()
        self.sii = SiiPort(self.memory, self.eeprom, self.options.sii_busy)
        self.memory[reg.PDI_CONTROL : reg.PDI_CONTROL + 2] = self.eeprom[0:2]
        self._load_alias()
        self.managers = [SyncManager(self.memory, number) for number in range(reg.SYNC_MANAGERS)]
        self.active: list[SyncManager] = []
        self.fmmus = active_fmmus(self.memory)
        self.watchdog = Watchdog(self.memory)
        self.clock = DcClock(self.memory, self.options.drift, now)
        out, back = process_numbers(self.device)
        self.out, self.back = self.managers[out], self.managers[back]
        self.outputs: bytes | bytearray | None = None
        """Outputs as last completely written; ``None``: not since this state began."""
        self._inputs: bytes | None = None  # newer than what is being read in pieces
        self.mail = (
            None
            if self.device.mailbox is None
            else MailExchange(self.device.mailbox, self.memory, self.managers[0], self.managers[1])
        )
        self.al = AlMachine(
            self._check, self._entered, lambda: self._has_outputs, self.options.patience
        )

    # --- the wire ---

    def read(self, first: int, length: int, now: Nanos) -> bytes | None:
        """What the wire reads from address ``first`` on; ``None``: it may not, or there is nothing."""
        end = first + length
        if first >= reg.MEMORY:
            return self._read_memory(first, end)
        if end > reg.MEMORY or not length:
            return None
        if end > reg.WATCHDOG_STATUS:
            self._refresh(first, end, now)
        data = bytes(self.memory[first:end])
        if self.memory[reg.EVENT_REQUEST]:
            self._seen(first, end)
        return data

    def write(self, first: int, data: bytes, now: Nanos) -> bool:
        """The wire writes from address ``first`` on. False: nothing of it may be written."""
        if first >= reg.MEMORY:
            return self._write_memory(first, data, now)
        end = first + len(data)
        if end > reg.MEMORY or not data:
            return False
        if first == reg.DC_SYSTEM_TIME and len(data) in {4, 8}:
            self.clock.steer(data, now)
            return True
        before = bytes(self.memory[first:end])
        after = reg.masked(first, data, before)
        if after is None:
            return False
        self.memory[first:end] = after
        self._written(first, end, before, now)
        return True

    def _read_memory(self, first: int, end: int) -> bytes | None:
        touched = self._touched(first, end, writing=False)
        if touched is None:
            return None
        for manager in touched:
            if manager is self.back and self._inputs is not None and first <= manager.start:
                self.memory[manager.start : manager.end] = self._inputs
                self._inputs = None
        data = bytes(self.memory[first:end])
        for manager in touched:
            if manager.accessed(end):
                if manager is self.back:
                    self._notice.due.add(self)
                if manager.is_mailbox:
                    self._mailbox_events()
        return data

    def _write_memory(self, first: int, data: bytes, now: Nanos) -> bool:
        end = first + len(data)
        touched = self._touched(first, end, writing=True)
        if touched is None:
            return False
        self.memory[first:end] = data
        for manager in touched:
            if manager.accessed(end):
                if manager.watched:
                    self.watchdog.fed = now
                if manager is self.out:
                    self.outputs = bytes(self.memory[manager.start : manager.end])
                    self._notice.due.add(self)
                if manager.is_mailbox:
                    self._mailbox_events()
        return True

    def _touched(self, first: int, end: int, *, writing: bool) -> list[SyncManager] | None:
        """The SyncManagers of this range; ``None``: one of them refuses, or it ends outside."""
        if end > reg.SIZE or first >= end:
            return None
        touched = [one for one in self.active if first < one.end and end > one.start]
        if all(one.admits(first, writing=writing) for one in touched):
            return touched
        return None

    # --- registers that do something ---

    def _refresh(self, first: int, end: int, now: Nanos) -> None:
        if first < reg.WATCHDOG_STATUS + 2:
            self.watchdog.refresh(now)
        if first < reg.SII_DATA and end > reg.SII_CONFIG:
            self.sii.refresh(now)
        if first < reg.DC_RECEIVE_UNIT and end > reg.DC_SYSTEM_TIME:
            self.clock.refresh(now)

    def _seen(self, first: int, end: int) -> None:
        """Reading AL Status or DL Status ends its event (0x0210)."""
        if first <= reg.AL_STATUS < end:
            self._event(_AL_EVENT, on=False)
        if first <= reg.DL_STATUS < end:
            self._event(_DL_EVENT, on=False)

    def _written(self, first: int, end: int, before: bytes, now: Nanos) -> None:
        def holds(address: int, length: int = 1) -> bool:
            return first < address + length and end > address

        if holds(reg.AL_CONTROL):
            self.al.request(self.memory[reg.AL_CONTROL], now)
            self._publish_al()
        if holds(reg.STATION_ADDRESS, 2) or holds(reg.DL_ALIAS_ENABLE):
            self._notice.stations = True
        if holds(reg.EVENT_MASK, 2):
            self._notice.events = True
        if holds(reg.RX_ERRORS, 20):  # any write clears all of them
            self.memory[reg.RX_ERRORS : reg.RX_ERRORS + 20] = bytes(20)
        if holds(reg.WATCHDOG_DIVIDER, 0x22):
            self.watchdog.load()
            self._notice.timers = True
        if holds(reg.WATCHDOG_COUNTER, 2):
            self.memory[reg.WATCHDOG_COUNTER : reg.WATCHDOG_COUNTER + 2] = bytes(2)
        if holds(reg.SII_CONTROL, 2):
            self._sii_command(first, before, now)
        if holds(reg.FMMU, 16 * reg.FMMUS):
            self.fmmus = active_fmmus(self.memory)
            self._notice.mapping = True
        if holds(reg.SYNC_MANAGER, 8 * reg.SYNC_MANAGERS):
            self._set_managers(first, end, before, now)
        if holds(reg.DC_RECEIVE):
            self.clock.latch(now)

    def _sii_command(self, first: int, before: bytes, now: Nanos) -> None:
        area = bytearray(self.memory[reg.SII_CONFIG : reg.SII_CONFIG + 16])
        low = max(first, reg.SII_CONFIG)
        old = before[low - first :][: reg.SII_CONFIG + 16 - low]
        area[low - reg.SII_CONFIG : low - reg.SII_CONFIG + len(old)] = old
        if self.sii.controlled(bytes(area), now):
            self._load_alias()

    def _load_alias(self) -> None:
        self.memory[reg.STATION_ALIAS : reg.STATION_ALIAS + 2] = self.sii.alias.to_bytes(
            2, "little"
        )
        self._notice.stations = True

    def _set_managers(self, first: int, end: int, before: bytes, now: Nanos) -> None:
        """While a SyncManager is active its start, length and control cannot be written."""
        for manager in self.managers:
            at = manager.at
            if end <= at or first >= at + 8:
                continue
            if manager.active:
                low, high = max(first, at), min(end, at + 5)
                if low < high:
                    self.memory[low:high] = before[low - first : high - first]
                if not self.memory[at + 6] & 1:
                    manager.load()
            else:
                manager.load()
        self.active = [one for one in self.managers if one.active]
        self._notice.mapping = self._notice.timers = True
        self._mailbox_events()
        self._fall_without_managers(now)

    def _fall_without_managers(self, now: Nanos) -> None:
        """What a state needs was switched off under it: it cannot stay there."""
        if self.al.state in {SAFE_OP, OP} and (
            code := process_data_refused(self.managers, self.device)
        ):
            self.al.fall(code, now, PRE_OP)
        if (
            self.al.state != INIT
            and self.mail is not None
            and (code := mailbox_refused(self.managers, self.options.mailbox_size))
        ):
            self.al.fall(code, now, INIT)
        self._publish_al()

    # --- states ---

    @property
    def _has_outputs(self) -> bool:
        return self.outputs is not None or not self.out.active

    def _check(self, wanted: int, now: Nanos) -> int:  # noqa: ARG002 - the time is for others
        code = 0
        if self.mail is not None:
            code = mailbox_refused(self.managers, self.options.mailbox_size)
        if not code and wanted in {SAFE_OP, OP}:
            code = process_data_refused(self.managers, self.device)
        return code or self.device.may_enter(wanted)

    def _entered(self, old: int, new: int, now: Nanos) -> None:
        if self.mail is not None and INIT in {new, old}:
            self.mail.reset()
        if new < old or old < SAFE_OP:
            self.outputs = None
            self.watchdog.fed = None
        if new == OP and self.watchdog.fed is None:
            self.watchdog.fed = now
        self._notice.timers = True
        self.device.entered(new, now)
        if new == SAFE_OP:
            self._notice.due.add(self)

    def _publish_al(self) -> None:
        memory, status, code = self.memory, self.al.status, self.al.code
        if memory[reg.AL_STATUS] != status:
            memory[reg.AL_STATUS] = status
            self._event(_AL_EVENT, on=True)
        memory[reg.AL_STATUS_CODE : reg.AL_STATUS_CODE + 2] = code.to_bytes(2, "little")
        self._notice.timers = True

    def fall(self, code: int, now: Nanos) -> None:
        """An error of the application: AL Status Code ``code``, and from OP down to SAFE-OP."""
        self.al.fall(code, now)
        self._publish_al()

    # --- time and application ---

    def check_time(self, now: Nanos) -> Nanos | None:
        """Do what time brings by itself; when to ask again at the latest, ``None``: never."""
        if self.al.until is not None and now >= self.al.until:
            self.al.poll(now)
            self._publish_al()
        watches = self.out.active and self.out.watched and self.watchdog.timeout > 0
        if watches and self.watchdog.expires(now) and self.al.state == OP:
            self.fall(WATCHDOG, now)
        later = [] if self.al.until is None else [self.al.until]
        if watches:
            fed = self.watchdog.fed
            later.append((now if fed is None else fed) + self.watchdog.timeout + 1)
        return min(later, default=None)

    def run(self, now: Nanos) -> None:
        """One cycle of the application: outputs to it, inputs from it."""
        if self.al.until is not None:
            self.al.poll(now)
            self._publish_al()
        state = self.al.state
        if state not in {SAFE_OP, OP}:
            return
        outputs = None if state == SAFE_OP or self.outputs is None else bytes(self.outputs)
        inputs = self.device.exchange(outputs, now)
        length = self.back.length if self.back.active else 0
        if len(inputs) != length:
            raise ValueError(
                f"{self.device.identity.name} gave {len(inputs)} bytes of inputs, its SyncManager "
                f"has {length}: exchange() must return bytes for input_bits"
            )
        if self.back.opened:
            self._inputs = inputs
        elif length:
            self.memory[self.back.start : self.back.end] = inputs

    def serve_mailbox(self, now: Nanos) -> None:
        """The device's turn at its mailboxes."""
        if self.mail is not None and self.al.state != INIT and self.mail.serve(now):
            self._mailbox_events()

    # --- events ---

    @property
    def interrupt(self) -> int:
        """Events (0x0210) that the mask (0x0200) lets into frames."""
        memory = self.memory
        return (memory[reg.EVENT_REQUEST] & memory[reg.EVENT_MASK]) | (
            memory[reg.EVENT_REQUEST + 1] & memory[reg.EVENT_MASK + 1]
        ) << 8

    def _event(self, bit: int, *, on: bool) -> None:
        low = self.memory[reg.EVENT_REQUEST]
        self.memory[reg.EVENT_REQUEST] = low | bit if on else low & ~bit
        self._notice.events = True

    def _mailbox_events(self) -> None:
        """Bits 4 and 5 show whether mailboxes 0 and 1 are full."""
        if self.mail is not None:
            self._event(0x10, on=self.managers[0].full)
            self._event(0x20, on=self.managers[1].full)

    # --- the line ---

    def place(self, arrival: Nanos, way_back: Nanos | None) -> None:
        """Where it is on the line: ports in DL Status (0x0110), and what its clock sees of frames."""
        self.clock.arrival, self.clock.way_back = arrival, way_back
        status = 0x5011 | 0x0200  # PDI runs; port 0 communicates; loops of ports 2 and 3 are closed
        status |= 0x0400 if way_back is None else 0x0820
        new = (status & 0xFFFF).to_bytes(2, "little")
        if self.memory[reg.DL_STATUS : reg.DL_STATUS + 2] != new:
            self.memory[reg.DL_STATUS : reg.DL_STATUS + 2] = new
            self._event(_DL_EVENT, on=True)

    @property
    def addresses(self) -> tuple[int, ...]:
        """Station addresses that it answers to: 0x0010, and 0x0012 when 0x0103 bit 0 says so."""
        memory = self.memory
        own = memory[reg.STATION_ADDRESS] | memory[reg.STATION_ADDRESS + 1] << 8
        alias = memory[reg.STATION_ALIAS] | memory[reg.STATION_ALIAS + 1] << 8
        return (own, alias) if memory[reg.DL_ALIAS_ENABLE] & 1 and alias != own else (own,)
