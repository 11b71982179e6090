"""SOEM's calls, with arguments as we have them and errors in words: what they do, and no more.

Positions count from 1, times are in nanoseconds. Everything raises ``BusError``. One thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from taktora.connectors.ethercat.bus import AlState
from taktora.connectors.ethercat.emergency import Emergency
from taktora.connectors.ethercat.frame_socket import (
    FrameSocket,
    open_sockets,
    raw_socket_since,
)
from taktora.connectors.ethercat.register_image import SM_LENGTH, SM_REGISTERS, has_mailbox
from taktora.connectors.ethercat.soem_errors import as_bus_error
from taktora.connectors.ethercat.soem_exchange import exchanger
from taktora.connectors.ethercat.soem_objects import SoemObjects, failures_of
from taktora.errors import BusError
from taktora.time import Nanos

__all__ = ["SoemMaster"]

_IO_MAP: Final = 4096  # bytes, fixed in pysoem
_MOST_SUBDEVICES: Final = 199  # fixed in pysoem: 200 with its own number 0
_TOO_MANY: Final = -4  # of config_init
_TRIES: Final = 3


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
        self._not_answering: type[Exception] = pysoem.WkcError
        self._failures = failures_of(pysoem)
        self._timeout = max(frame_timeout // 1000, 1)
        self._tries = _TRIES * self._timeout  # SOEM sends a frame again as long as there is time
        pysoem.settings.timeouts.ret = self._timeout
        pysoem.settings.timeouts.rx_mailbox = max(sdo_timeout // 1000, 1)
        self._is_open = False
        self._master = pysoem.Master()
        before = open_sockets()
        with self._errors(f"opening {nic}"):
            self._master.open(nic)
        self._is_open = True
        self.objects = SoemObjects(
            pysoem, self._master, timeout=sdo_timeout, on_emergency=on_emergency
        )
        """Any thread."""
        self._frames: FrameSocket | None = None
        if (its := raw_socket_since(before, nic)) is not None:
            self._frames = FrameSocket(its, self._timeout * 1000, self.objects.in_use)
            self.objects.on_use = self._frames.ring

    @property
    def slaves(self) -> list[Any]:
        """As pysoem has them."""
        found: list[Any] = self._master.slaves or []
        return found

    # --- bring-up -----------------------------------------------------------------------------------

    def find(self) -> int:
        """Reset all SubDevices, give them addresses, read their SII, ask for PRE-OP: how many."""
        with self._errors("looking for SubDevices"):
            found: int = self._master.config_init(release_gil=True)
        if found > _MOST_SUBDEVICES or found == _TOO_MANY:
            raise BusError(
                f"there are more than {_MOST_SUBDEVICES} SubDevices, and SOEM has room for no more"
            )
        self._master.manual_state_change = 1  # from here on states are asked for here
        first_managers = [
            self.read_register(position, SM_REGISTERS, SM_LENGTH)
            for position in range(1, len(self.slaves) + 1)
        ]
        self.objects.found([has_mailbox(one) for one in first_managers])
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
        return exchanger(
            self._master.send_processdata,
            self._master.receive_processdata,
            timeout=self._timeout,
            frames=self._frames,
        )

    def read_states(self) -> list[tuple[int, int]]:
        """AL Status and AL Status Code of each; status 0: it did not answer."""
        with self._errors("reading states"):
            self._master.read_state()
        return [(slave.state, slave.al_status) for slave in self.slaves]

    # --- one SubDevice ------------------------------------------------------------------------------

    def read_register(self, position: int, address: int, size: int) -> bytes:
        """Registers of the SubDevice with this position's address (FPRD)."""
        with self._errors(f"reading register 0x{address:04X}", position):
            found: bytes = self._slave(position)._fprd(address, size, self._tries)  # noqa: SLF001
        return found

    def write_register(self, position: int, address: int, data: bytes) -> None:
        """The same for writing (FPWR)."""
        with self._errors(f"writing register 0x{address:04X}", position):
            self._slave(position)._fpwr(address, data, self._tries)  # noqa: SLF001

    def peek(self, position: int, address: int, size: int) -> bytes | None:
        """Memory of the SubDevice, asked for once; ``None``: it did not answer."""
        try:
            found: bytes = self._slave(position)._fprd(address, size, self._timeout)  # noqa: SLF001
        except self._not_answering:
            return None
        return found

    def give_address(self, position: int) -> bool:
        """Look at the SubDevice at this place on the wire: it has, or gets, this position's address.

        Only if it has no address, and is what was there before. ``False``: it is not there.
        """
        with self._errors("giving it its address", position):
            return bool(self._slave(position).recover(self._tries) > 0)

    # --- end ----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the interface, once nobody is at the mailboxes any more. Idempotent."""
        if self._is_open:
            self._is_open = False
            with self._errors("closing"):
                self.objects.close(self._master.close)
            if self._frames is not None:
                self._frames.close()

    def _slave(self, position: int) -> Any:
        if not 1 <= position <= len(self.slaves):
            raise BusError(f"there is no SubDevice {position}; there are {len(self.slaves)}")
        return self.slaves[position - 1]

    @contextmanager
    def _errors(self, doing: str, position: int = 0) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            raise as_bus_error(error, doing, position) from error
