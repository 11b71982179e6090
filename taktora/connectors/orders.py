"""What a gateway's process is told once it runs, and whether the plug-in is still there."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from taktora.actors.item import Item
from taktora.connectors.handover import Order, decode
from taktora.errors import TaktoraError

if TYPE_CHECKING:
    from taktora.actors.context import Context
    from taktora.actors.declare import TriggerDeclarer

__all__ = ["Orders", "first_line"]

logger = logging.getLogger("taktora.connectors")

_CHUNK: Final = 65536


def first_line(descriptor: int) -> tuple[bytes, bytes]:
    """Wait for a whole line; it, and what came behind it. Nothing, if the input ends before."""
    came = b""
    while b"\n" not in came:
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return b"", b""
        came += chunk
    line, _, rest = came.partition(b"\n")
    return line, rest


class Orders(Item):
    """Obeys what comes over ``descriptor``, and ends the run when the plug-in leaves, or has died.

    Args:
        descriptor: its input; non-blocking from now on.
        came: what was read from it already.
        plugin: process id of the plug-in. Its end counts also if somebody else, such as a forked
            child of it, keeps the input open.
        obey: does what is ordered.
    """

    publishes = ()

    def __init__(
        self, descriptor: int, came: bytes, plugin: int, obey: Callable[[Order], object]
    ) -> None:
        os.set_blocking(descriptor, False)
        self.orphaned = False
        """The plug-in has ended without a word."""
        self._descriptor = descriptor
        self._rest = came
        self._obey = obey
        self.left = False
        """The plug-in has said that it ends."""
        self._plugin = os.pidfd_open(plugin)

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Woken by orders, by the end of the input, and by the end of the plug-in."""
        on.fd(self._descriptor)
        on.fd(self._plugin)

    def execute(self, ctx: Context) -> None:
        """Obey what has come."""
        is_over = any(fired.source == self._plugin for fired in ctx.triggers)
        while not is_over:
            try:
                chunk = os.read(self._descriptor, _CHUNK)
            except BlockingIOError:
                break
            is_over = not chunk
            self._rest += chunk
        self.catch_up()
        if self.left or is_over:
            self.orphaned = not self.left
            ctx.stop_executor()

    def catch_up(self) -> None:
        """Obey what was read already."""
        *whole, self._rest = self._rest.split(b"\n")
        for line in whole:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            order = decode(line, Order)
            self.left |= order.leave
            self._obey(order)
        except TaktoraError as error:
            logger.error("an order cannot be carried out: %s", error)

    def on_stop(self) -> None:
        """Let go of the plug-in."""
        os.close(self._plugin)
