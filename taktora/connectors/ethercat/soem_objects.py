"""Objects of SubDevices over SOEM's mailboxes, from any thread, and the emergencies that wait there.

SOEM's sockets may be used by several threads, its mailboxes may not: they take turns at a lock. The
GIL is given up while an answer is awaited.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from taktora.connectors.ethercat.emergency import Emergency
from taktora.connectors.ethercat.pdo_assignment import SdoWrite
from taktora.connectors.ethercat.soem_errors import as_bus_error
from taktora.errors import BusError
from taktora.time import Nanos

__all__ = ["MailboxesBusy", "SoemObjects", "failures_of"]

_READ_SIZES: Final = (1 << 12, 1 << 16, 1 << 24)  # bytes of room for an object, until one suffices
_WRONG_ANSWER: Final = 1  # PacketError.error_code
_TOO_SMALL: Final = 3
_LOST: Final = frozenset({-1, 0})  # no frame; or the mailbox still had what was sent again
_OUT_OF_STEP: Final = frozenset({0x0503_0000, 0x0504_0000})  # toggle bit, time-out
_TRIES_LEFT: Final = (2, 1, 0)


class MailboxesBusy(BusError):
    """Another thread reads or writes an object."""


def failures_of(pysoem: Any) -> tuple[type[Exception], ...]:
    """All that pysoem raises by itself."""
    return (
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


class SoemObjects:
    """The mailboxes of all SubDevices of one bus.

    Args:
        pysoem: the module.
        master: as pysoem has it, open.
        timeout: a mailbox that does not answer for so long has failed to.
        on_emergency: told of each emergency, on whichever thread is at the mailboxes.
    """

    def __init__(
        self,
        pysoem: Any,
        master: Any,
        *,
        timeout: Nanos,
        on_emergency: Callable[[Emergency], None],
    ) -> None:
        self._pysoem = pysoem
        self._failures = failures_of(pysoem)
        self._master = master
        self._timeout = timeout
        self._on_emergency = on_emergency
        self._lock = threading.Lock()
        self._with_mailbox: Sequence[bool] = ()
        self.in_use: Callable[[], bool] = self._lock.locked
        """Whether a thread is at the mailboxes, and so takes frames out of SOEM's socket."""
        self.on_use: Callable[[], object] = lambda: None
        """Told each time that a thread has begun to."""

    def found(self, with_mailbox: Sequence[bool]) -> None:
        """Which SubDevices have a mailbox, in the order of their positions; pysoem has made them anew."""
        self._with_mailbox = with_mailbox
        for slave in self._master.slaves:
            slave.add_emergency_callback(self._keep)

    def read(self, position: int, index: int, subindex: int, *, complete: bool) -> bytes:
        """Upload an object, however large. What was lost on the way is asked for again.

        Raises:
            SdoAbort: the SubDevice refused.
            BusError: it did not answer, or there is no such SubDevice, or it has no mailbox.
        """
        what = f"reading object 0x{index:04X}:{subindex:02X}"
        with self._mailbox(self._timeout, what, position, index, subindex):
            for size in _READ_SIZES[:-1]:
                try:
                    return self._read(position, index, subindex, size, complete)
                except self._pysoem.PacketError as error:
                    if error.error_code != _TOO_SMALL:
                        raise
            return self._read(position, index, subindex, _READ_SIZES[-1], complete)

    def write(
        self, position: int, index: int, subindex: int, data: bytes, *, complete: bool
    ) -> None:
        """Download an object, once: if the answer is lost, whether it was written is not known.

        Raises:
            SdoAbort, BusError: as :meth:`read`.
        """
        what = f"writing object 0x{index:04X}:{subindex:02X}"
        with self._mailbox(self._timeout, what, position, index, subindex):
            slave = self._master.slaves[position - 1]
            slave.sdo_write(index, subindex, data, complete, release_gil=True)

    def set_up(self, position: int, one: SdoWrite, within: Nanos | None = None) -> None:
        """Download an object that may be written twice. What was lost on the way is sent again.

        ``within``: wait no longer than this for an answer, not at all for another thread, and try once.

        Raises:
            SdoAbort, BusError: as :meth:`read`.
            MailboxesBusy: with ``within``, another thread is at the mailboxes.
        """
        timeout = self._timeout if within is None else min(within, self._timeout)
        what = f"writing object 0x{one.index:04X}:{one.subindex:02X}"
        wait = within is None
        with self._mailbox(timeout, what, position, one.index, one.subindex, wait=wait):
            slave = self._master.slaves[position - 1]
            for left in _TRIES_LEFT if within is None else (0,):
                try:
                    slave.sdo_write(
                        one.index, one.subindex, one.data, one.complete, release_gil=True
                    )
                except self._failures as error:
                    if not left or not self._was_lost(error):
                        raise
                else:
                    return

    def look_for_emergencies(self, position: int) -> None:
        """Take what waits in the SubDevice's mailbox, if no other thread is at the mailboxes."""
        try:
            with self._mailbox(self._timeout, "reading its mailbox", position, wait=False):
                self._master.slaves[position - 1].mbx_receive()
        except BusError:
            return  # nobody asked for anything: what else is there is of no account

    def close(self, close: Callable[[], object]) -> None:
        """Call ``close`` once nobody is at the mailboxes any more, if that comes in time."""
        waited = self._lock.acquire(timeout=2 * self._timeout / 1e9)
        try:
            close()
        finally:
            if waited:
                self._lock.release()

    def _read(self, position: int, index: int, subindex: int, size: int, complete: bool) -> bytes:
        slave = self._master.slaves[position - 1]
        for left in _TRIES_LEFT:
            try:
                found: bytes = slave.sdo_read(index, subindex, size, complete, release_gil=True)
            except self._failures as error:
                if not left or not self._was_lost(error):
                    raise
            else:
                return found
        raise AssertionError("unreachable")

    def _was_lost(self, error: Exception) -> bool:
        """Whether frames are what is missing, or an answer that stood in the way of the right one.

        A SubDevice whose answer was lost, and that is asked to repeat it, may give the one before.
        """
        match error:
            case self._pysoem.WkcError():
                return error.wkc in _LOST
            case self._pysoem.PacketError():
                return bool(error.error_code == _WRONG_ANSWER)
            case self._pysoem.SdoError():
                return error.abort_code in _OUT_OF_STEP
        return isinstance(error, AssertionError)  # it was another SubDevice's

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
        if not 1 <= position <= len(self._with_mailbox):
            raise BusError(f"there is no SubDevice {position}; there are {len(self._with_mailbox)}")
        if not self._with_mailbox[position - 1]:
            raise BusError(f"SubDevice {position} has no mailbox, and so no objects")
        if not self._lock.acquire(timeout=2 * self._timeout / 1e9 if wait else 0):
            raise MailboxesBusy(f"SubDevice {position}, while {what}: mailboxes are in use")
        try:
            self.on_use()
            micros = max(timeout // 1000, 1)
            self._master.sdo_read_timeout = self._master.sdo_write_timeout = micros
            yield
        except self._failures as error:
            raise as_bus_error(error, what, position, index, subindex) from error
        finally:
            self._lock.release()

    def _keep(self, emergency: Any) -> None:
        words = (emergency.w1.to_bytes(2, "little"), emergency.w2.to_bytes(2, "little"))
        self._on_emergency(
            Emergency(
                position=emergency.slave_pos,
                code=emergency.error_code,
                register=emergency.error_reg,
                data=b"".join((bytes([emergency.b1]), *words)),
            )
        )
