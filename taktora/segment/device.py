"""What stands behind the EtherCAT interface of one simulated SubDevice: its identity and application.

The controller (``esc.py``) knows registers, states and process data; a :class:`Device` says what
they mean. All pure: bytes and times come in, bytes go out; time is in nanoseconds.
"""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

__all__ = ["ApplicationFailed", "Device", "Identity", "MailboxServer"]


@frozen
class Identity:
    """Who it says it is, in its SII and in object 0x1018."""

    vendor: int
    product: int
    revision: int = 1
    serial: int = 0
    name: str = "SubDevice"


class ApplicationFailed(Exception):
    """Raised by :meth:`Device.exchange`: the application cannot go on.

    The controller goes from OP to SAFE-OP with an error, and ``code`` is the AL Status Code
    (ETG.1000.6; 0x0001: unspecified error).
    """

    def __init__(self, text: str, code: int = 0x0001) -> None:
        super().__init__(text)
        self.code = code


class MailboxServer(Protocol):
    """What answers in the mailbox: CoE here. One mailbox message is a mailbox header and its data."""

    def receive(self, message: bytes, now: int) -> None:
        """The MainDevice has written the whole mailbox. Malformed messages get a mailbox error."""
        ...

    def pending(self, now: int) -> bytes | None:
        """The next message for the MainDevice, taken from the queue; ``None``: there is none."""
        ...

    def reset(self) -> None:
        """The mailbox was switched off (INIT): drop what is under way."""
        ...


class Device(Protocol):
    """The part of a SubDevice that is not its EtherCAT controller."""

    identity: Identity

    @property
    def mailbox(self) -> MailboxServer | None:
        """``None``: a simple device without one, mapped by its SII alone."""
        ...

    def power_on(self) -> None:
        """As when it left the factory: PDO assignment, objects and outputs at their defaults."""
        ...

    @property
    def output_bits(self) -> int:
        """Process data from the MainDevice under the present PDO assignment (SM2)."""
        ...

    @property
    def input_bits(self) -> int:
        """Process data to the MainDevice under the present PDO assignment (SM3)."""
        ...

    def pdos(self) -> tuple[tuple[tuple[int, tuple[tuple[int, int, int], ...]], ...], ...]:
        """Default PDOs for the SII: ``(rx, tx)``, each of ``(pdo index, ((index, subindex, bits), ...))``."""
        ...

    def may_enter(self, state: int) -> int:
        """Asked before a change of AL state that the controller would allow: 0, or an AL Status Code."""
        ...

    def entered(self, state: int, now: int) -> None:
        """Told about every change of AL state, also by watchdog: outputs are valid only in OP (8)."""
        ...

    def exchange(self, outputs: bytes | None, now: int) -> bytes:
        """One application cycle: outputs as last written (``None``: not valid), inputs to be read.

        Raises:
            ApplicationFailed: it cannot go on; the inputs stay as they were.
        """
        ...
