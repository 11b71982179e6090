"""Compositions: an executor and the connectors that it runs, from code or from a file."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self, TypeVar

from taktora.connectors.connector import Connector
from taktora.connectors.remote import RemoteConnector
from taktora.connectors.resolving import Lookup, ResolvedConnector, load_connectors
from taktora.errors import DuplicateItem, UnknownItem, WrongType
from taktora.executor import Executor

if TYPE_CHECKING:
    from types import TracebackType

    from taktora.stoppable import Stoppable
    from taktora.time import Duration

__all__ = ["ConnectorHost"]

C = TypeVar("C", bound=Connector)


class ConnectorHost:
    """The plug-in's side: an executor with connectors. Closing it closes both.

    Args:
        executor: one that exists, and is not closed here; default: one of its own.
        **options: of that executor; see :class:`~taktora.Executor`.
    """

    def __init__(self, executor: Executor | None = None, **options: Any) -> None:
        if executor is not None and options:
            raise WrongType("give an executor, or the options of one, not both")
        self._own = executor is None
        self.executor: Executor = Executor(**options) if executor is None else executor
        self._connectors: dict[str, Connector] = {}

    @classmethod
    def from_file(
        cls, path: str | os.PathLike[str], *, lookup: Lookup | None = None, **options: Any
    ) -> Self:
        """The plug-in's side of a connectors file, whose gateway is ``taktora gateway FILE``.

        Its executor is in the file's domain. Ports are made by the names of channels:
        ``host["lab"].create_writer("motor/speed", Speed)``.

        Args:
            path: of the file.
            lookup: where connectors and codecs are found; default: what is installed.
            **options: of the executor.

        Raises:
            InvalidConfig: with every mistake in the file.
        """
        file = load_connectors(path, lookup=lookup)
        options.setdefault("domain", file.domain)
        host = cls(**options)
        try:
            for one in file.connectors:
                host.register(_remote(one, host.executor))
        except BaseException:
            host.close()
            raise
        return host

    def register(self, connector: C) -> C:
        """Have it run here; the connector.

        Raises:
            DuplicateItem: there is one of that name.
            ConnectorClosed, ConnectorError: it was closed, or registered elsewhere.
        """
        if not isinstance(connector, Connector):
            raise WrongType(f"register takes a connector, not {connector!r}")
        if connector.name in self._connectors:
            raise DuplicateItem(f"a connector {connector.name!r} is registered here already")
        self._take_in(connector)
        self._connectors[connector.name] = connector
        return connector

    def _take_in(self, connector: Connector) -> None:
        connector.register_with(self.executor)

    def __getitem__(self, name: str) -> Connector:
        """The connector of that name.

        Raises:
            UnknownItem: there is none.
        """
        try:
            return self._connectors[name]
        except KeyError:
            known = ", ".join(self._connectors) or "none"
            raise UnknownItem(f"no connector {name!r} is registered here; known: {known}") from None

    @property
    def connectors(self) -> dict[str, Connector]:
        """Those that were registered, by name."""
        return dict(self._connectors)

    def add(self, item: Any, **options: Any) -> Any:
        """As ``Executor.add``."""
        return self.executor.add(item, **options)

    def run(self) -> None:
        """As ``Executor.run``."""
        self.executor.run()

    def run_for(self, duration: Duration) -> None:
        """As ``Executor.run_for``."""
        self.executor.run_for(duration)

    def run_n(self, iterations: int) -> None:
        """As ``Executor.run_n``."""
        self.executor.run_n(iterations)

    def stop(self) -> None:
        """As ``Executor.stop``."""
        self.executor.stop()

    def stoppable(self) -> Stoppable:
        """As ``Executor.stoppable``."""
        return self.executor.stoppable()

    def close(self) -> None:
        """Close the connectors, the last one first, and the executor if it is its own.

        Each of them is closed whatever another one raises.
        """
        with ExitStack() as stack:
            if self._own:
                stack.callback(self.executor.close)
            for connector in self._connectors.values():
                stack.callback(connector.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        names = ", ".join(self._connectors) or "no connectors"
        return f"<{type(self).__name__} {names} on {self.executor!r}>"


def _remote(resolved: ResolvedConnector, node: Any) -> RemoteConnector:
    settings = resolved.settings
    kind = getattr(resolved.kind, "Remote", None) or RemoteConnector
    connector: RemoteConnector = kind(
        settings.name,
        codec=resolved.codec,
        node=node,
        queue=settings.queue,
        heartbeat=settings.heartbeat,
        stale_after=settings.stale_after,
        checksum=settings.checksum,
    )
    for channel in resolved.channels:
        connector.describe(channel.descriptor, channel.codec)
    return connector
