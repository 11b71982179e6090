"""A SubDevice without a mailbox: what it has is in its SII, and cannot be changed."""

from __future__ import annotations

from typing import Final

from taktora.segment.device import Identity
from taktora.segment.pdo import Mapped, Pdo, SiiPdos, sii_pdos

__all__ = ["SimpleDevice", "bit_pdos"]

_CHANNELS_PER_PDO: Final = 16


def bit_pdos(first: int, objects: int, channels: int) -> tuple[Pdo, ...]:
    """PDOs of up to 16 bits each, from index ``first``, for objects from index ``objects``."""
    pdos = []
    for number, begin in enumerate(range(0, channels, _CHANNELS_PER_PDO)):
        here = range(begin, min(begin + _CHANNELS_PER_PDO, channels))
        index = objects + 0x10 * number
        entries = tuple(Mapped(index, sub, 1) for sub in range(1, len(here) + 1))
        pdos.append(Pdo(first + number, f"Channels {here[0] + 1} to {here[-1] + 1}", entries))
    return tuple(pdos)


class SimpleDevice:
    """The base of such devices, and a coupler: it has no process data. One thread.

    Args:
        identity: who it says it is.
        outputs: PDOs from the MainDevice.
        inputs: PDOs to it.
    """

    mailbox = None

    def __init__(
        self, identity: Identity, outputs: tuple[Pdo, ...] = (), inputs: tuple[Pdo, ...] = ()
    ) -> None:
        self.identity = identity
        self._pdos = outputs, inputs
        self.output_bits, self.input_bits = (
            sum(entry.bits for one in side for entry in one.entries) for side in self._pdos
        )

    def power_on(self) -> None:
        """Everything as at the factory: nothing to do."""

    def pdos(self) -> tuple[SiiPdos, SiiPdos]:
        """For the SII: ``(rx, tx)``."""
        outputs, inputs = self._pdos
        return sii_pdos(outputs), sii_pdos(inputs)

    def may_enter(self, state: int) -> int:  # noqa: ARG002  # as the protocol has it
        """Any state that the controller would allow."""
        return 0

    def entered(self, state: int, now: int) -> None:
        """The AL state has changed: nothing to do."""

    def exchange(self, outputs: bytes | None, now: int) -> bytes:  # noqa: ARG002
        """One cycle without outputs and inputs."""
        return b""
