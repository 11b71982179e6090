"""The world of a loopback connector as the outside of a contract test."""

from __future__ import annotations

from taktora.connectors.loopback_world import LoopbackWorld
from taktora.testing.connector_contract import Arrival

__all__ = ["LoopbackOutside"]


class LoopbackOutside(LoopbackWorld):
    """The world of a :class:`~taktora.connectors.LoopbackConnector` that carries bytes as they are.

    Args:
        room: payloads that it takes on a channel until somebody looks at what has come.
    """

    def __init__(self, *, room: int | None = None) -> None:
        super().__init__(room=room)

    def received(self, channel: str) -> list[Arrival]:
        """What has come, with its numbers and correlation ids."""
        come = self.arrived(channel)
        if self.room is not None:
            self.clear()
        return [Arrival(one.payload, one.correlation_id, one.sequence) for one in come]

    def corrupt(self, channel: str, value: bytes) -> None:
        """Send ``value``, damaged."""
        self.send(channel, value, damaged=True)
