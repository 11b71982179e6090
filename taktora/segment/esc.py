"""One EtherCAT SubDevice controller: what a datagram reads, writes and sets going in it.

Registers and memory as the wire sees them (ETG.1000.4), with the device behind them. Pure: times are
arguments. Not thread-safe.
"""

from __future__ import annotations

from taktora.segment import registers as reg
from taktora.segment.application import Application
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.dc import DcClock
from taktora.segment.device import Device
from taktora.segment.events import DL_EVENT, Events
from taktora.segment.fmmu import active_fmmus
from taktora.segment.notice import Notice
from taktora.segment.placement import process_numbers, recommended
from taktora.segment.process_memory import ProcessMemory
from taktora.segment.sii import sii_content
from taktora.segment.sii_port import SiiPort
from taktora.time import Nanos

__all__ = ["Controller"]


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
                recommended(device, self.options.mailbox_of(device)),
                device.pdos(),
                alias=self.options.alias,
                lrw=self.options.lrw,
            )
        )
        """What the SII holds; a power cycle does not change it."""
        self._reset(now)

    def power_cycle(self, now: Nanos) -> None:
        """As after a loss of power: everything as at the factory, except the EEPROM.

        It has another :attr:`application` then: whoever kept the one before is to forget it.
        """
        self.device.power_on()
        self._reset(now)

    def _reset(self, now: Nanos) -> None:
        self.memory = reg.factory_registers()
        if not self.options.lrw:
            self.memory[reg.FEATURES + 1] |= 0x02
        self.events = Events(self.memory, self._notice)
        self.sii = SiiPort(self.memory, self.eeprom, self.options.sii_busy)
        self.memory[reg.PDI_CONTROL : reg.PDI_CONTROL + 2] = self.eeprom[0:2]
        self._load_alias()
        self.fmmus = active_fmmus(self.memory)
        self.process = ProcessMemory(self.memory, self.events, *process_numbers(self.device))
        self.clock = DcClock(self.memory, self.options.drift, now)
        self.application = Application(
            self.device, self.process, self.events, self._notice, self.options
        )
        self._notice.everything()

    def read(self, first: int, length: int, now: Nanos) -> bytes | None:
        """What the wire reads from address ``first`` on; ``None``: it may not, or there is nothing."""
        end = first + length
        if first >= reg.MEMORY:
            data, complete = self.process.read(first, end)
            if complete:
                self._notice.due.add(self.application)
            return data
        if end > reg.MEMORY or not length:
            return None
        if end > reg.WATCHDOG_STATUS:
            self._refresh(first, end, now)
        data = bytes(self.memory[first:end])
        if self.memory[reg.EVENT_REQUEST]:
            self.events.seen(first, end)
        return data

    def write(self, first: int, data: bytes, now: Nanos) -> bool:
        """The wire writes from address ``first`` on. False: nothing of it may be written."""
        if first >= reg.MEMORY:
            allowed, complete = self.process.write(first, data, now)
            if complete:
                self._notice.due.add(self.application)
            return allowed
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

    def _refresh(self, first: int, end: int, now: Nanos) -> None:
        """Registers that change by time alone."""
        if first < reg.WATCHDOG_STATUS + 2:
            self.process.watchdog.refresh(now)
        if first < reg.SII_DATA and end > reg.SII_CONFIG:
            self.sii.refresh(now)
        if first < reg.DC_RECEIVE_UNIT and end > reg.DC_SYSTEM_TIME:
            self.clock.refresh(now)

    def _written(self, first: int, end: int, before: bytes, now: Nanos) -> None:
        """Registers that do something when they are written."""

        def holds(address: int, length: int = 1) -> bool:
            return first < address + length and end > address

        if holds(reg.AL_CONTROL):
            self.application.requested(now)
        if holds(reg.STATION_ADDRESS, 2) or holds(reg.DL_ALIAS_ENABLE):
            self._notice.stations = True
        if holds(reg.EVENT_MASK, 2):
            self._notice.events = True
        if holds(reg.RX_ERRORS, 20):  # any write clears all of them
            self.memory[reg.RX_ERRORS : reg.RX_ERRORS + 20] = bytes(20)
        if holds(reg.WATCHDOG_DIVIDER, 0x22):
            self.process.watchdog.load()
            self._notice.timers = True
        if holds(reg.WATCHDOG_COUNTER, 2):
            self.memory[reg.WATCHDOG_COUNTER : reg.WATCHDOG_COUNTER + 2] = bytes(2)
        if holds(reg.SII_CONTROL, 2):
            self._sii_command(first, before, now)
        if holds(reg.FMMU, 16 * reg.FMMUS):
            self.fmmus = active_fmmus(self.memory)
            self._notice.mapping = True
        if holds(reg.SYNC_MANAGER, 8 * reg.SYNC_MANAGERS):
            self.process.load_managers(first, before)
            self._notice.mapping = True
            self.application.managers_changed(now)
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
        alias = self.sii.alias.to_bytes(2, "little")
        self.memory[reg.STATION_ALIAS : reg.STATION_ALIAS + 2] = alias
        self._notice.stations = True

    def place(self, arrival: Nanos, way_back: Nanos | None) -> None:
        """Where it is on the line: ports in DL Status (0x0110), and what its clock sees of frames.

        ``way_back``: after what time a frame comes back from behind; ``None``: nobody is there.
        """
        self.clock.arrival, self.clock.way_back = arrival, way_back
        status = 0x5211  # PDI runs; port 0 has a link and communicates; ports 2 and 3 are closed
        status |= 0x0400 if way_back is None else 0x0820
        new, old = status.to_bytes(2, "little"), bytes(self.memory[reg.DL_STATUS :][:2])
        if new == old:
            return
        self.memory[reg.DL_STATUS : reg.DL_STATUS + 2] = new
        self.events.show(DL_EVENT, on=True)
        if old[0] & 0x20 and way_back is None:
            self.link_lost(1)

    def link_lost(self, port: int) -> None:
        """A port lost its link: counted in 0x0310 and up, to 255."""
        at = reg.LOST_LINK + port
        self.memory[at] = min(255, self.memory[at] + 1)

    @property
    def addresses(self) -> tuple[int, ...]:
        """Station addresses that it answers to: 0x0010, and 0x0012 when 0x0103 bit 0 says so."""
        memory = self.memory
        own = memory[reg.STATION_ADDRESS] | memory[reg.STATION_ADDRESS + 1] << 8
        alias = memory[reg.STATION_ALIAS] | memory[reg.STATION_ALIAS + 1] << 8
        return (own, alias) if memory[reg.DL_ALIAS_ENABLE] & 1 and alias != own else (own,)
