"""SOEM's calls, with arguments as we have them and errors in words: what they do, and no more.

Positions count from 1, times are in nanoseconds. Everything raises ``BusError``. One thread, except
the objects: those take turns at a lock of their own, beside everything else. (SOEM's sockets may be
used by several threads; its mailboxes may not.)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from taktora.connectors.ethercat.bus import LOST, AlState
from taktora.connectors.ethercat.emergency import Emergency
from taktora.connectors.ethercat.register_image import SM_LENGTH, SM_REGISTERS, has_mailbox
from taktora.connectors.ethercat.soem_errors import as_bus_error
from taktora.errors import BusError
from taktora.time import Nanos

__all__ = ["MailboxesBusy", "SoemMaster"]

_IO_MAP: Final = 4096  # bytes, fixed in pysoem
_MOST_SUBDEVICES: Final = 199  # fixed in pysoem: 200 with its own number 0
_READ_SIZES: Final = (1 << 12, 1 << 16, 1 << 24)  # bytes of room for an object, until one suffices
_TRIES: Final = 3
_TOO_SMALL: Final = 3  # PacketError.error_code
_STRANGERS: Final = 64  # messages that SOEM keeps, at most


class MailboxesBusy(BusError):
    """Another thread reads or writes an object."""


class SoemMaster:
    """One open interface.

    Args:
        pysoem: the module.
        nic: name of the interface.
        frame_timeout: a frame that is not back by then is lost. For the whole process: SOEM has one.
        sdo_timeout: the same for the answer of a mailbox.
        on_emergency: told of each emergency, on whichever thread is at the mailboxes.

    Raises:
        BusError: the interface cannot be opened.
    """

    def __init__(
        self,
        pysoem: Any,
        nic: str,
        *,
        frame_timeout: Nanos,
        sdo_timeout: Nanos,
        on_emergency: Callable[[Emergency], None],
    ) -> None:
        self._pysoem = pysoem
        self._failures: tuple[type[Exception], ...] = (
            pysoem.SdoError,
            pysoem.MailboxError,
            pysoem.PacketError,
            pysoem.ConfigMapError,
            pysoem.SdoInfoError,
            pysoem.WkcError,
            pysoem.Emergency,
            pysoem.NetworkInterfaceNotOpenError,
            ConnectionError,
            RuntimeError,  # closed meanwhile
            AssertionError,  # a message of another SubDevice was left over
        )
        self._timeout = max(frame_timeout // 1000, 1)
        self._tries = _TRIES * self._timeout  # SOEM sends a frame again as long as there is time
        pysoem.settings.timeouts.ret = self._timeout
        pysoem.settings.timeouts.rx_mailbox = max(sdo_timeout // 1000, 1)
        self._mailboxes = threading.Lock()
        self._sdo_timeout = sdo_timeout
        self._is_open = False
        self._on_emergency = on_emergency
        self._with_mailbox: list[bool] = []
        self._master = pysoem.Master()
        with self._errors(f"opening {nic}"):
            self._master.open(nic)
        self._is_open = True

    @property
    def slaves(self) -> list[Any]:
        """As pysoem has them."""
        found: list[Any] = self._master.slaves or []
        return found

    def slave(self, position: int) -> Any:
        """The one at ``position``.

        Raises:
            BusError: there is none.
        """
        if not 1 <= position <= len(self.slaves):
            raise BusError(f"there is no SubDevice {position}; there are {len(self.slaves)}")
        return self.slaves[position - 1]

    # --- bring-up -----------------------------------------------------------------------------------

    def find(self) -> int:
        """Reset all SubDevices, give them addresses, read their SII, ask for PRE-OP: how many."""
        with self._errors("looking for SubDevices"):
            found: int = self._master.config_init(release_gil=True)
        if found > _MOST_SUBDEVICES or found == -4:
            raise BusError(f"there are more than {_MOST_SUBDEVICES} SubDevices, which SOEM takes")
        self._master.manual_state_change = 1  # from here on states are asked for here
        self._with_mailbox = []
        for position, slave in enumerate(self.slaves, 1):
            slave.add_emergency_callback(self._keep)
            first = self.read_register(position, SM_REGISTERS, SM_LENGTH)
            self._with_mailbox.append(has_mailbox(first))
        return len(self.slaves)

    def map(self) -> int:
        """Map the process data of all: bytes of the image. In PRE-OP."""
        with self._errors("mapping process data"):
            size: int = self._master.config_map()
        if size > _IO_MAP:
            raise BusError(
                f"the process data of all SubDevices are {size} bytes, and SOEM has room for "
                f"{_IO_MAP}; assign fewer PDOs (rx_pdos, tx_pdos)"
            )
        return size

    def set_up_clocks(self) -> bool:
        """Measure delays and set up distributed clocks; whether anybody has one."""
        with self._errors("setting up distributed clocks"):
            return bool(self._master.config_dc())

    @property
    def expected_wkc(self) -> int:
        """The working counter when everybody takes part."""
        expected: int = self._master.expected_wkc
        return expected

    def request_all(self, state: AlState) -> None:
        """Ask all for a state; whether they take it shows in :meth:`read_states`."""
        with self._errors(f"asking for {state.label}"):
            self._master.state = int(state)
            self._master.write_state()

    # --- cycle --------------------------------------------------------------------------------------

    def exchanger(self) -> Callable[[], int]:
        """What sends the process image, takes it in, and returns the working counter, or ``LOST``."""
        send, receive, timeout = (
            self._master.send_processdata,
            self._master.receive_processdata,
            self._timeout,
        )

        def exchange() -> int:
            send()
            counted: int = receive(timeout)
            return counted if counted >= 0 else LOST

        return exchange

    def read_states(self) -> list[tuple[int, int]]:
        """AL Status and AL Status Code of each; status 0: it did not answer."""
        with self._errors("reading states"):
            self._master.read_state()
        return [(slave.state, slave.al_status) for slave in self.slaves]

    # --- one SubDevice ------------------------------------------------------------------------------

    def read_register(self, position: int, address: int, size: int) -> bytes:
        """Registers of the SubDevice with this position's address (FPRD)."""
        with self._errors(f"reading register 0x{address:04X}", position):
            found: bytes = self.slave(position)._fprd(address, size, self._tries)  # noqa: SLF001
        return found

    def write_register(self, position: int, address: int, data: bytes) -> None:
        """The same for writing (FPWR)."""
        with self._errors(f"writing register 0x{address:04X}", position):
            self.slave(position)._fpwr(address, data, self._tries)  # noqa: SLF001

    def peek(self, position: int, address: int, size: int) -> bytes | None:
        """Memory of the SubDevice, asked for once; ``None``: it did not answer."""
        try:
            found: bytes = self.slave(position)._fprd(address, size, self._timeout)  # noqa: SLF001
        except self._pysoem.WkcError:
            return None
        return found

    def give_address(self, position: int) -> bool:
        """Look at the SubDevice at this place on the wire: it has, or gets, this position's address.

        Only if it has no address, and is what was there before. ``False``: it is not there.
        """
        with self._errors("giving it its address", position):
            return bool(self.slave(position).recover(self._tries) > 0)

    # --- objects: any thread ------------------------------------------------------------------------

    def read_sdo(self, position: int, index: int, subindex: int, *, complete: bool) -> bytes:
        """Upload an object, however large."""
        what = f"reading object 0x{index:04X}:{subindex:02X}"
        with self._mailbox(self._sdo_timeout, what, position, index, subindex):
            for size in _READ_SIZES[:-1]:
                try:
                    return self._read(position, index, subindex, size, complete)
                except self._pysoem.PacketError as error:
                    if error.error_code != _TOO_SMALL:
                        raise
            return self._read(position, index, subindex, _READ_SIZES[-1], complete)

    def write_sdo(
        self,
        position: int,
        index: int,
        subindex: int,
        data: bytes,
        *,
        complete: bool,
        within: Nanos | None = None,
    ) -> None:
        """Download an object. ``within``: wait no longer for the answer, and for the mailboxes not at all.

        Raises:
            MailboxesBusy: with ``within``, another thread is at them.
        """
        what = f"writing object 0x{index:04X}:{subindex:02X}"
        timeout = self._sdo_timeout if within is None else min(within, self._sdo_timeout)
        with self._mailbox(timeout, what, position, index, subindex, wait=within is None):
            self.slave(position).sdo_write(index, subindex, data, complete, release_gil=True)

    def look_for_emergencies(self, position: int) -> None:
        """Take what waits in the SubDevice's mailbox, if no other thread is at the mailboxes."""
        try:
            with self._mailbox(self._sdo_timeout, "reading its mailbox", position, wait=False):
                self.slave(position).mbx_receive()
        except MailboxesBusy:
            return  # whoever it is gets them, too

    def _read(self, position: int, index: int, subindex: int, size: int, complete: bool) -> bytes:
        slave = self.slave(position)
        for _ in range(_STRANGERS):
            try:
                found: bytes = slave.sdo_read(index, subindex, size, complete, release_gil=True)
            except AssertionError:
                continue  # in place of the answer it met a message that another SubDevice had left
            return found
        raise BusError(f"messages of other SubDevices are in the way of SubDevice {position}")

    @contextmanager
    def _mailbox(
        self,
        timeout: Nanos,
        what: str,
        position: int,
        index: int = 0,
        subindex: int = 0,
        *,
        wait: bool = True,
    ) -> Iterator[None]:
        self.slave(position)
        if not self._with_mailbox[position - 1]:
            raise BusError(f"SubDevice {position} has no mailbox, and so no objects")
        if not self._mailboxes.acquire(timeout=2 * self._sdo_timeout / 1e9 if wait else 0):
            raise MailboxesBusy(f"SubDevice {position}, while {what}: mailboxes are in use")
        try:
            with self._errors(what, position, index, subindex):
                self._set_sdo_timeout(timeout)
                yield
        finally:
            self._mailboxes.release()

    def _set_sdo_timeout(self, timeout: Nanos) -> None:
        micros = max(timeout // 1000, 1)
        self._master.sdo_read_timeout = self._master.sdo_write_timeout = micros

    # --- end ----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the interface, once nobody is at the mailboxes any more. Idempotent."""
        if self._is_open:
            self._is_open = False
            waited = self._mailboxes.acquire(timeout=2 * self._sdo_timeout / 1e9)
            try:
                with self._errors("closing"):
                    self._master.close()
            finally:
                if waited:
                    self._mailboxes.release()

    def _keep(self, emergency: Any) -> None:
        found = Emergency(
            position=emergency.slave_pos,
            code=emergency.error_code,
            register=emergency.error_reg,
            data=bytes([emergency.b1])
            + emergency.w1.to_bytes(2, "little")
            + emergency.w2.to_bytes(2, "little"),
        )
        self._on_emergency(found)

    @contextmanager
    def _errors(
        self, doing: str, position: int = 0, index: int = 0, subindex: int = 0
    ) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            raise as_bus_error(error, doing, position, index, subindex) from error
