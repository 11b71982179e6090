"""A connector whose gateway lives in another process, whatever its protocol."""

from __future__ import annotations

from typing import Any, ClassVar

from taktora.connectors.connector import Connector
from taktora.connectors.routing import Routing

__all__ = ["RemoteConnector"]


class RemoteConnector(Connector):
    """The plug-in's side of a connector that ``taktora gateway`` serves. Needs nothing of its protocol.

    Channels are named as in the gateway's file; where they lead is written there.

    Args:
        name: as in the gateway's file.
        **common: as :class:`Connector`; ``stale_after`` says how soon silence means down.
    """

    Routing: ClassVar[type[Any]] = Routing  # of any protocol

    def __init__(self, name: str, **common: Any) -> None:
        super().__init__(name, gateway="elsewhere", **common)
