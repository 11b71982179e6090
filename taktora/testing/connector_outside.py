"""The world outside a connector, as its tests need it: a simulator of the device, or of the broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

__all__ = ["Outside"]


@runtime_checkable
class Outside(Protocol):
    """What :func:`~taktora.testing.connector_test` does to the world; a device simulator has it anyway.

    Values are those that the plug-in sends and receives, before the codec and behind it. All calls
    come from one thread. Two more methods may be there: ``close()``, called once at the end, and
    ``corrupt(channel, value)``, which sends a value that is damaged on its way.
    """

    def send(self, channel: str, value: Any) -> object:
        """Send ``value`` to the connector, or lose it if nobody is connected."""

    def received(self, channel: str) -> Sequence[Any]:
        """Everything that has come on ``channel`` since it was made, oldest first.

        Values, or :class:`~taktora.testing.Arrival` where more is known. May wait for what is on its
        way, must not forget anything.
        """

    def cut(self) -> object:
        """Break the connection, and let nobody connect."""

    def mend(self) -> object:
        """Let the connector connect again; it does so by itself."""
