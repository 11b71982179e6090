"""How a device takes messages from its mailbox and puts its answers there."""

from __future__ import annotations

from taktora.segment.device import MailboxServer
from taktora.segment.sync_managers import SyncManager
from taktora.time import Nanos

__all__ = ["MailExchange"]

_HEADER = 6


class MailExchange:
    """Between the two mailbox SyncManagers and the server behind them. Not thread-safe."""

    __slots__ = ("_back", "_held", "_in_box", "_memory", "_out", "_read", "_server", "stuck")

    def __init__(
        self, server: MailboxServer, memory: bytearray, out: SyncManager, back: SyncManager
    ) -> None:
        self._server = server
        self._memory = memory
        self._out = out
        self._back = back
        self._in_box: bytes | None = None
        self._read: bytes | None = None  # kept to be repeated
        self._held: bytes | None = None  # has to wait for a repeated one
        self.stuck = False
        """The device neither takes nor gives messages."""

    def reset(self) -> None:
        """The mailbox was switched on or off: nothing waits in it any more."""
        self._in_box = self._read = self._held = None
        self._out.fill(full=False)
        self._back.fill(full=False)
        self._server.reset()

    def serve(self, now: Nanos) -> bool:
        """Take a message, give a message; whether a mailbox became full or empty."""
        if self.stuck:
            return False
        out, back = self._out, self._back
        changed = out.full
        if changed:
            message = bytes(self._memory[out.start : out.end])
            out.fill(full=False)
            length = _HEADER + int.from_bytes(message[:2], "little")
            self._server.receive(message[:length], now)
        if not back.full and self._in_box is not None:
            self._read, self._in_box = self._in_box, None
        if back.asks_to_repeat:
            back.repeated()
            if self._read is not None:
                self._held = self._in_box or self._held
                self._put(self._read)
                return True
        if back.active and not back.full:
            answer, self._held = self._held or self._server.pending(now), None
            if answer is not None:
                self._put(answer)
                return True
        return changed

    def _put(self, message: bytes) -> None:
        start, length = self._back.start, self._back.length
        self._memory[start : start + length] = message[:length].ljust(length, b"\x00")
        self._in_box = message
        self._back.opened = False
        self._back.fill(full=True)
