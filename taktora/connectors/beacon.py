"""The gateway's sign of life for plug-ins of other processes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taktora.connectors.status import MAX_BYTES, SUFFIX, PortStatus, Status, encode
from taktora.errors import ChannelError, ConnectorError, PortLimitReached

if TYPE_CHECKING:
    from taktora.connectors.health import ConnectorHealth

__all__ = ["Beacon", "open_status"]

_NONE: Mapping[str, PortStatus] = {}


def open_status(source: Any, name: str) -> Any:
    """The status channel of connector ``name``; the latest status is handed to late joiners."""
    return source.channel(
        name + SUFFIX,
        bytes,
        buffer_size=4,
        history_size=1,
        max_publishers=1,
        max_bytes=MAX_BYTES,
    )


class Beacon:
    """Publishes what a gateway's health is. One per connector in a domain.

    Raises:
        ConnectorError: another gateway serves the connector already.
    """

    def __init__(self, source: Any, name: str, instance: str | None = None) -> None:
        self.instance = uuid.uuid4().hex if instance is None else instance
        self._beat = 0
        try:
            self._publisher = open_status(source, name).publisher()
        except PortLimitReached as error:
            raise ConnectorError(
                f"another gateway serves connector {name!r} in this domain already; stop it, or "
                f"give this one another name or domain"
            ) from error

    def shine(self, health: ConnectorHealth, ports: Mapping[str, PortStatus] = _NONE) -> None:
        """Say it, and what its ports have counted. A channel that was closed says no more."""
        self._beat += 1
        status = Status(self.instance, self._beat, health, ports)
        try:
            self._publisher.send_copy(encode(status))
        except ChannelError:
            if not self._publisher.closed:
                raise

    def close(self) -> None:
        """Free the slot."""
        self._publisher.close()
