"""A real EtherCAT bus, by SOEM: the only module that imports pysoem (extra ``ethercat``).

What pysoem cannot do safely by itself is done around it: one MainDevice per interface, images that
cannot be overrun, errors in words, recovery of one SubDevice in steps that keep the others running.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from taktora.closing import Closing
from taktora.connectors.ethercat.bus import LOST, AlState, BringUp, Mapped, SubDeviceState
from taktora.connectors.ethercat.emergency import Emergency
from taktora.connectors.ethercat.found import object_writes
from taktora.connectors.ethercat.nic import Nic
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.process_images import ProcessImages
from taktora.connectors.ethercat.soem_bring_up import SoemBringUp
from taktora.connectors.ethercat.soem_browser import SoemBrowser
from taktora.connectors.ethercat.soem_master import SoemMaster
from taktora.connectors.ethercat.soem_recovery import SoemRecovery
from taktora.connectors.ethercat.subdevice_states import subdevice_state
from taktora.errors import BusError, MissingExtra
from taktora.time import Clock, Nanos, SystemClock, to_nanos

try:
    import pysoem
except ImportError as error:
    raise MissingExtra("EtherCAT needs pysoem: pip install 'taktora[ethercat]'") from error

__all__ = ["SoemBusDriver", "open_browser"]

_Each = TypeVar("_Each")

_MAILBOXES_PER_SWEEP: Final = 2
_KEPT_EMERGENCIES: Final = 256
_NOT_UP: Final = "the bus is not up; bring it up first"


class SoemBusDriver(Closing):
    """The ``BusDriver`` of one network interface. One thread at a time, except the two SDO calls.

    Frame and SDO time-outs are the process's, as SOEM has one set of them: of several drivers in one
    process, the last that was brought up says.

    Args:
        options: of the bus.
        clock: for time-outs of states.
    """

    def __init__(self, options: EthercatOptions, clock: Clock | None = None) -> None:
        self.inputs_changed = True
        """As every driver's."""
        self._options = options
        self._clock = clock or SystemClock()
        self._nic: Nic | None = None
        self._master: SoemMaster | None = None
        self._done: SoemBringUp | None = None
        self._images: ProcessImages | None = None
        self._exchange: Callable[[], int] = lambda: LOST
        self._recoveries: dict[int, SoemRecovery] = {}
        self._emergencies: deque[Emergency] = deque(maxlen=_KEPT_EMERGENCIES)
        self._with_mailbox: list[int] = []
        self._turn = 0

    # --- up and down --------------------------------------------------------------------------------

    def bring_up(self) -> Iterator[str | Mapped | BringUp]:
        """Take the bus to OP, step by step.

        Yields the name of each step before it is done, ``Mapped`` once images are there, and a
        ``BringUp`` at the end. A step takes some milliseconds; mapping process data, about 6 ms for
        each SubDevice with a mailbox.

        Raises:
            BusError: it is up already, somebody else drives the interface, or it cannot be brought
                up; which SubDevice, in which state, and why.
        """
        if self._nic is not None:
            raise BusError("the bus is up already; close it first")
        options = self._options
        yield f"open {options.network_interface}"
        self._nic = Nic(options.network_interface)
        self._master = SoemMaster(
            pysoem,
            self._nic.name,
            frame_timeout=to_nanos(options.frame_timeout),
            sdo_timeout=to_nanos(options.sdo_timeout),
            on_emergency=self._emergencies.append,
        )
        done = SoemBringUp(self._master, options, self._clock)
        for step in done.steps():
            self._images = done.images
            yield step
        self._done = done
        self._with_mailbox = [one.position for one in done.result.subdevices if one.has_mailbox]
        self._exchange = self._master.exchanger()
        yield done.result

    def close(self) -> None:
        """Take the bus to INIT as far as it answers, and let go of the interface. Idempotent."""
        master, nic = self._master, self._nic
        self._master = self._done = self._images = self._nic = None
        self._recoveries.clear()
        try:
            if master is not None:
                try:
                    master.request_all(AlState.INIT)
                finally:
                    master.close()
        finally:
            if nic is not None:
                nic.close()

    # --- process data -------------------------------------------------------------------------------

    def outputs(self, position: int) -> memoryview:
        """The output image of one SubDevice: written here, sent by the next :meth:`exchange`.

        Its length is fixed: more or fewer bytes than there are is a ``ValueError``.
        """
        return _of(position, self._images_up().outputs)

    def inputs(self, position: int) -> memoryview:
        """The input image of one SubDevice, as the last successful exchange left it; read-only."""
        return _of(position, self._images_up().inputs)

    def exchange(self) -> int:
        """Send the outputs, receive the inputs: the working counter, or ``LOST``.

        Raises:
            BusError: not up, or the interface is gone.
        """
        images = self._images
        if self._done is None or images is None:
            raise BusError(_NOT_UP)
        images.send()
        counted = self._exchange()
        if counted == LOST:
            if self._nic is not None:
                self._nic.check()
        else:
            self.inputs_changed = images.receive()
        return counted

    # --- states -------------------------------------------------------------------------------------

    def states(self) -> tuple[SubDeviceState, ...]:
        """A state sweep over all SubDevices, in the order of their positions.

        It also takes emergencies out of two mailboxes at a time.

        Raises:
            BusError: not up.
        """
        master = self._master_up()
        found = self._read_states(master)
        if any(one.state is AlState.NONE for one in found):
            found = self._read_states(master)  # the frame that asked may have been lost
        self._look_for_emergencies(master)
        return found

    def recover(self, position: int) -> str:
        """One step, of some milliseconds, to take a SubDevice back to OP; in words, what was done.

        One that was switched off and on is set up anew, with its start-up objects, PDOs and watchdog.

        Raises:
            BusError: not up, or no such SubDevice.
        """
        done, master = self._up(), self._master_up()
        registers = _of(position, done.registers)
        recovery = self._recoveries.get(position)
        if recovery is None:
            recovery = self._recoveries[position] = SoemRecovery(
                master,
                position,
                registers=registers,
                writes=object_writes(self._options.map_of(position)),
                watchdog=done.watchdogs.get(position),
                clocks=done.clocks,
                patience=to_nanos(self._options.state_timeout),
            )
        what, is_op = recovery.step(self._clock.now())
        if is_op:
            del self._recoveries[position]
        return what

    def emergencies(self) -> tuple[Emergency, ...]:
        """Those that came since this was asked last, oldest first; the latest 256.

        They wait in the mailboxes: what takes them out is :meth:`states`, and each SDO call.
        """
        return tuple(self._emergencies.popleft() for _ in range(len(self._emergencies)))

    # --- objects: any thread ------------------------------------------------------------------------

    def read_sdo(
        self, position: int, index: int, subindex: int, *, complete: bool = False
    ) -> bytes:
        """Upload one object over CoE, up to 16 MiB. Blocks, up to the SDO time-out for each message.

        Raises:
            SdoAbort: the SubDevice refused.
            BusError: not up, no such SubDevice, or its mailbox does not answer.
        """
        return self._master_up().objects.read(position, index, subindex, complete=complete)

    def write_sdo(
        self, position: int, index: int, subindex: int, data: bytes, *, complete: bool = False
    ) -> None:
        """Download one object over CoE. As :meth:`read_sdo`."""
        self._master_up().objects.write(position, index, subindex, bytes(data), complete=complete)

    # --- helpers ------------------------------------------------------------------------------------

    def _read_states(self, master: SoemMaster) -> tuple[SubDeviceState, ...]:
        return tuple(
            subdevice_state(position, status, code)
            for position, (status, code) in enumerate(master.read_states(), 1)
        )

    def _look_for_emergencies(self, master: SoemMaster) -> None:
        count = len(self._with_mailbox)
        for _ in range(min(_MAILBOXES_PER_SWEEP, count)):
            self._turn = (self._turn + 1) % count
            master.objects.look_for_emergencies(self._with_mailbox[self._turn])

    def _master_up(self) -> SoemMaster:
        if self._master is None or self._done is None:
            raise BusError(_NOT_UP)
        return self._master

    def _up(self) -> SoemBringUp:
        if self._done is None:
            raise BusError(_NOT_UP)
        return self._done

    def _images_up(self) -> ProcessImages:
        if self._images is None:
            raise BusError(_NOT_UP)
        return self._images


def open_browser(nic: str, *, frame_timeout: Nanos, sdo_timeout: Nanos) -> SoemBrowser:
    """The interface for looking around, without a cycle. Whoever calls it holds its lock.

    Raises:
        BusError: it cannot be opened.
    """
    return SoemBrowser(
        pysoem,
        nic,
        frame_timeout=frame_timeout,
        sdo_timeout=sdo_timeout,
        on_emergency=lambda _: None,
    )


def _of(position: int, every: Sequence[_Each]) -> _Each:
    if not 1 <= position <= len(every):
        raise BusError(f"there is no SubDevice {position}; there are {len(every)}")
    return every[position - 1]
