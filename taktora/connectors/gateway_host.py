"""The gateway's side of connectors, for plug-ins of other processes: from code or from a file."""

from __future__ import annotations

import os
from typing import Any, Self

from taktora.connectors.connector import Connector
from taktora.connectors.host import ConnectorHost
from taktora.connectors.link import Direction
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.connectors.resolving import Lookup, ResolvedConnector, load_connectors
from taktora.connectors.routing import leads
from taktora.connectors.settings import Direction as Wanted
from taktora.errors import StackError

__all__ = ["ConnectorGateway"]


class ConnectorGateway(ConnectorHost):
    """An executor with the gateways of connectors, which tells every plug-in how they are.

    A connector that is registered here serves plug-ins of any process in the domain, under its name;
    :meth:`Connector.carry` says which channels. One gateway may serve a name at a time.
    """

    process = ProcessAttributes()
    """What its file wants of the process that runs it, and where ``[process]`` does not say, what the
    options of its connectors want; whoever runs it asks for it."""

    def _take_in(self, connector: Connector) -> None:
        connector.serve_with(self.executor)

    @classmethod
    def from_file(
        cls, path: str | os.PathLike[str], *, lookup: Lookup | None = None, **options: Any
    ) -> Self:
        """What a connectors file describes, ready to be run. As ``taktora gateway``.

        Raises:
            InvalidConfig: with every mistake in the file.
            ConnectorError: another gateway serves one of its connectors already.
            StackError: a connector could not be made.
        """
        file = load_connectors(path, lookup=lookup)
        if file.domain is not None:
            options.setdefault("domain", file.domain)
        gateway = cls(**options)
        try:
            for one in file.connectors:
                connector = gateway.register(_made(one, gateway.executor))
                for channel in one.channels:
                    for direction in _DIRECTIONS[channel.settings.direction]:
                        if leads(channel.descriptor.routing, direction):
                            connector.carry(channel.descriptor, direction)
            wanted = [one.process for one in gateway.connectors.values() if one.process is not None]
            gateway.process = file.process.joined(wanted)
        except BaseException:
            gateway.close()
            raise
        return gateway


_DIRECTIONS = {
    Wanted.OUT: (Direction.OUT,),
    Wanted.IN: (Direction.IN,),
    Wanted.BOTH: (Direction.OUT, Direction.IN),
}


def _made(resolved: ResolvedConnector, node: Any) -> Connector:
    settings = resolved.settings
    try:
        made: Connector = resolved.kind.from_options(
            settings.name,
            resolved.options,
            codec=resolved.codec,
            node=node,
            queue=settings.queue,
            reconnect=settings.reconnect.policy(),
            heartbeat=settings.heartbeat,
            stale_after=settings.stale_after,
            checksum=settings.checksum,
        )
    except Exception as error:
        raise StackError(f"connector {settings.name!r} could not be made: {error}") from error
    return made
