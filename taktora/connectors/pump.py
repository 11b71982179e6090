"""From a channel of the plug-in to the link: one actor for each way out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from taktora.actors.item import Item
from taktora.errors import ActorDeadError, MailboxFull

if TYPE_CHECKING:
    from taktora.actors.context import Context
    from taktora.actors.declare import TriggerDeclarer
    from taktora.actors.items import ItemRef
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.raw_ports import RawReader, RawReceived

__all__ = ["Outlet", "Pump", "go_on"]


_MOST: Final = 32  # frames in one execution; a worker runs some of these in a row


def go_on(pump: ItemRef) -> None:
    """Have a pump look whether it can send. Any thread."""
    with suppress(ActorDeadError, MailboxFull):  # full: enough in it that makes it look
        pump.tell("go on")


class Outlet(Protocol):
    """Where a pump brings what it takes."""

    @property
    def is_open(self) -> bool:
        """Whether values can be sent now."""

    def is_late(self, frame: RawReceived) -> bool:
        """Whether one is too old to be sent."""

    def send(self, descriptor: ChannelDescriptor[Any], frame: RawReceived) -> bool:
        """Send one; ``False``: not now."""


class Pump(Item):
    """Takes what plug-ins have written, as long as the link can send it.

    What it cannot send stays where it is: in the channel's buffer, so that writers meet
    ``BackPressure`` once it is full, and are never held up.
    """

    publishes = ()

    def __init__(
        self,
        item_id: str,
        descriptor: ChannelDescriptor[Any],
        reader: RawReader,
        outlet: Outlet,
    ) -> None:
        self.item_id = item_id
        self.descriptor = descriptor
        self.reader = reader
        self._outlet = outlet
        self._in_hand: RawReceived | None = None
        self.carried = 0
        """Values that the link has taken. Read by anybody."""
        self.carried_bytes = 0
        """Of their payloads."""
        self.dropped = 0
        """Values that were too old to be sent."""

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Woken by what plug-ins write."""
        on.subscriber(self.reader)

    def execute(self, ctx: Context) -> None:
        """Send what can be sent; much of it in several executions, so that others get their turn."""
        outlet = self._outlet
        for _ in range(_MOST):
            if not outlet.is_open:
                return
            frame = self._in_hand or self.reader.try_recv()
            if frame is None:
                return
            if outlet.is_late(frame):
                self._in_hand = None
                self.dropped += 1
                continue
            if not outlet.send(self.descriptor, frame):
                self._in_hand = frame
                return
            self._in_hand = None
            self.carried += 1
            self.carried_bytes += len(frame.payload)
        go_on(ctx.self_ref)

    def on_receive(self, message: object, ctx: Context) -> None:  # noqa: ARG002
        """Told to go on: the link can send again, or there was more than one execution sends."""
        self.execute(ctx)

    def on_stop(self) -> None:
        """Let go of the port."""
        self._in_hand = None
        self.reader.close()
