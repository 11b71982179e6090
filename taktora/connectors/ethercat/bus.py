"""What an EtherCAT master brings: one bus, brought up in steps and exchanged with once per cycle.

``SubDevice`` and ``MainDevice`` are ETG's words for what was called slave and master. A SubDevice is
named by its position on the wire, counted from 1, as SOEM does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final, Protocol

from attrs import frozen

from taktora.connectors.ethercat.emergency import Emergency

__all__ = ["LOST", "AlState", "BringUp", "BusDriver", "Mapped", "SubDeviceInfo", "SubDeviceState"]

LOST: Final = -1
"""In place of a working counter: the frame did not come back."""


class AlState(enum.IntEnum):
    """State of a SubDevice's application layer (ETG.1000.6, AL Status register 0x0130)."""

    NONE = 0
    """It does not answer."""
    INIT = 1
    PRE_OP = 2
    BOOT = 3
    SAFE_OP = 4
    OP = 8

    @property
    def label(self) -> str:
        """As ETG writes it: ``SAFE-OP``."""
        return self.name.replace("_", "-")


@frozen
class SubDeviceState:
    """What one SubDevice said of itself in a state sweep."""

    position: int
    """On the wire, from 1."""
    state: AlState
    error: bool = False
    """Bit 4 of AL Status: the last change of state was refused, or it fell back by itself."""
    al_status: int = 0
    """AL Status Code, register 0x0134; 0: no error."""
    text: str = ""
    """The code in words."""

    @property
    def is_op(self) -> bool:
        """In OP, without an error."""
        return self.state is AlState.OP and not self.error


@frozen
class SubDeviceInfo:
    """One SubDevice as it was found on the wire and mapped."""

    position: int
    """On the wire, from 1."""
    name: str
    vendor: int
    product: int
    revision: int
    output_bits: int
    """Process data from the MainDevice, in bits."""
    input_bits: int
    """Process data to the MainDevice, in bits."""
    has_mailbox: bool = False
    station_address: int = 0
    alias: int = 0


@frozen
class Mapped:
    """The process data is mapped, and nobody is in OP yet: the images are there from here on.

    Whoever wants the first outputs that a SubDevice acts on to be other than zero writes them now.
    """

    subdevices: tuple[SubDeviceInfo, ...]


@frozen
class BringUp:
    """What stands once every SubDevice is in OP."""

    expected_wkc: int
    """The working counter of a cycle in which every SubDevice takes part."""
    subdevices: tuple[SubDeviceInfo, ...]


class BusDriver(Protocol):
    """A MainDevice on one network interface. One thread at a time, except the two SDO calls.

    Everything raises ``BusError`` with a text that says which SubDevice and what to look at.
    """

    def bring_up(self) -> Iterator[str | Mapped | BringUp]:
        """Take the bus to OP, step by step.

        Yields the name of each step before it is done, so that the caller can do other things in
        between, each step taking less than some 100 ms; :class:`Mapped` once, where the driver can
        tell, before outputs are sent to anybody in OP; the last thing yielded is a
        :class:`BringUp`. Abandoning the iterator leaves the bus to :meth:`close`. May be called
        again after :meth:`close`.
        """
        ...

    def outputs(self, position: int) -> memoryview:
        """The output image of one SubDevice: written here, sent by the next :meth:`exchange`.

        Valid and at the same place from bring-up (or :class:`Mapped`) to close. A SubDevice whose bits share a byte with
        another's has an image of its own here, beginning with bit 0.
        """
        ...

    def inputs(self, position: int) -> memoryview:
        """The input image of one SubDevice, as the last successful :meth:`exchange` left it."""
        ...

    @property
    def inputs_changed(self) -> bool:
        """Whether the last :meth:`exchange` that came back left other inputs than there were before
        it; a driver that does not know says yes. Spares those who look at each input in each cycle.
        """
        ...

    def exchange(self) -> int:
        """Send the outputs, receive the inputs: the working counter, or :data:`LOST`.

        With a short working counter, inputs of the SubDevices that did not take part stay as they
        were. Never waits longer than the driver's frame timeout.
        """
        ...

    def states(self) -> tuple[SubDeviceState, ...]:
        """A state sweep over all SubDevices, in the order of their positions."""
        ...

    def emergencies(self) -> tuple[Emergency, ...]:
        """Emergency messages that came since this was asked last, oldest first; asked after a sweep."""
        ...

    def recover(self, position: int) -> str:
        """One bounded step to take a SubDevice that is not in OP back there; in words, what was done.

        Called again and again, between cycles, while the others keep running.
        """
        ...

    def read_sdo(
        self, position: int, index: int, subindex: int, *, complete: bool = False
    ) -> bytes:
        """Upload one object over CoE. Blocks, up to the mailbox timeout; any thread, also while
        another one exchanges.
        """
        ...

    def write_sdo(
        self, position: int, index: int, subindex: int, data: bytes, *, complete: bool = False
    ) -> None:
        """Download one object over CoE. As :meth:`read_sdo`."""
        ...

    def close(self) -> None:
        """Take the bus to INIT as far as it answers, and let go of the interface. Idempotent."""
        ...
