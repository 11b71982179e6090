"""A device that gives back as inputs what it got as outputs: the simplest one, mapped by its SII."""

from __future__ import annotations

from taktora.segment.device import Identity, MailboxServer

__all__ = ["LoopbackDevice"]


class LoopbackDevice:
    """Outputs to inputs, byte by byte. Without valid outputs it keeps the last ones.

    Args:
        bits: Size of outputs, and of inputs, in bits.
        identity: Who it says it is.
    """

    def __init__(self, bits: int = 32, identity: Identity | None = None) -> None:
        self.identity = identity or Identity(0x0000_0B0B, bits, name=f"Loopback {bits}")
        self.mailbox: MailboxServer | None = None
        self._bits = bits
        self._last = bytes((bits + 7) // 8)

    def power_on(self) -> None:
        """Everything is zero."""
        self._last = bytes(len(self._last))

    @property
    def output_bits(self) -> int:
        """As many as inputs."""
        return self._bits

    @property
    def input_bits(self) -> int:
        """As many as outputs."""
        return self._bits

    def pdos(self) -> tuple[tuple[tuple[int, tuple[tuple[int, int, int], ...]], ...], ...]:
        """One PDO each way, with an entry for each byte."""
        sizes = [8] * (self._bits // 8) + [self._bits % 8] * (self._bits % 8 > 0)
        rx = tuple((0x7000, number, bits) for number, bits in enumerate(sizes, 1))
        tx = tuple((0x6000, number, bits) for number, bits in enumerate(sizes, 1))
        return ((0x1600, rx),), ((0x1A00, tx),)

    def may_enter(self, state: int) -> int:  # noqa: ARG002 - it never minds
        """Always."""
        return 0

    def entered(self, state: int, now: int) -> None:
        """Nothing happens."""

    def exchange(self, outputs: bytes | None, now: int) -> bytes:  # noqa: ARG002
        """The outputs, or those that were valid last."""
        if outputs is not None:
            self._last = outputs
        return self._last
