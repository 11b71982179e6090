"""Where a connector runs: what opens its channels, and what time it is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from taktora.connectors.envelope import Checksum
from taktora.connectors.service_factory import ServiceFactory
from taktora.errors import ConnectorError
from taktora.time import Nanos

__all__ = ["Home"]

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # of virtual time, as testing's clocks have it


class Home:
    """The node that was given, else the executor that it is registered with, else a node of its own.

    Args:
        connector: name of the connector, for errors.
        node: executor or node to open channels on, if one was given.
        queue: frames that wait for each reader.
        checksum: what the checksums of its frames guard.
    """

    def __init__(self, connector: str, node: Any, queue: int, checksum: Checksum) -> None:
        self.executor: Any = None
        """What it is registered with."""
        self._connector = connector
        self._node = node
        self._given = node is not None
        self._own_node: Any = None
        self._queue = queue
        self._checksum = checksum

    def check(self, executor: Any) -> None:
        """Raise unless ports that were made on a node of its own can be served by ``executor``.

        Raises:
            ConnectorError: they are in another domain, or in no simulation.
        """
        own = self._own_node
        if own is None:
            return
        if hasattr(executor, "now_ns"):
            where = "in a simulation"
        elif executor.domain != own.domain:
            where = f"in domain {executor.domain!r}"
        else:
            return
        raise ConnectorError(
            f"connector {self._connector!r} has ports in shared memory, in domain {own.domain!r}, "
            f"and {executor!r} is {where}: register it first, or make it with node=executor"
        )

    def shared_domain(self) -> str | None:
        """The domain in shared memory where it all is, for a gateway in another process.

        Raises:
            ConnectorError: it is in a simulation, or not all in one domain.
        """
        for place in (self.executor, self.node()):
            if hasattr(place, "now_ns") or not hasattr(place, "domain"):
                raise ConnectorError(
                    f"connector {self._connector!r} cannot have its gateway in a process of its own "
                    f'in a simulation: make it with gateway="here"'
                )
        domain: str | None = self.executor.domain
        other = self.node().domain
        if other != domain:
            raise ConnectorError(
                f"connector {self._connector!r} has its ports in domain {other!r}, and {self.executor!r} "
                f"is in domain {domain!r}: a gateway in a process of its own needs both in one"
            )
        return domain

    def leave(self) -> None:
        """As before it was registered, which failed."""
        self.executor = None
        if not self._given:
            self._node = self._own_node

    def node(self) -> Any:
        """What opens channels; from the first time on it stays the same."""
        if self._node is None:
            if self.executor is not None:
                self._node = self.executor
            else:
                from taktora.ipc.node import Node

                self._node = self._own_node = Node()
        return self._node

    def factory(self) -> ServiceFactory:
        """Makes ports."""
        return ServiceFactory(
            self.node(), clock=self.clock, buffer_size=self._queue, checksum=self._checksum
        )

    def wall(self) -> datetime:
        """What time it is."""
        virtual = self._virtual()
        if virtual is None:
            return datetime.now(UTC)
        return _EPOCH + timedelta(microseconds=virtual() / 1000)

    def clock(self) -> Nanos:
        """The same in nanoseconds."""
        virtual = self._virtual()
        return time.time_ns() if virtual is None else virtual()

    @property
    def is_virtual(self) -> bool:
        """Whether it runs in a simulation, where nothing may be left to chance."""
        return self._virtual() is not None

    def _virtual(self) -> Callable[[], Nanos] | None:
        """The clock of the simulation that it runs in, if it does."""
        home = self.executor if self.executor is not None else self._node
        return None if not hasattr(home, "now_ns") else lambda: int(home.now_ns)

    def close(self) -> None:
        """Close the node of its own, if there is one."""
        if self._own_node is not None:
            self._own_node.close()
