"""What a connector is made of: its arguments, what a protocol gives it, and how it is."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Self

from taktora.closing import Closing
from taktora.connectors.codecs.json import JsonCodec
from taktora.connectors.connector_arguments import (
    check_codec,
    check_name,
    check_policy,
    check_process,
    check_queue,
    check_signs_of_life,
)
from taktora.connectors.framing import check_checksum
from taktora.connectors.health import ConnectorHealth
from taktora.connectors.health_feed import HealthSubscription
from taktora.connectors.health_keeper import HealthKeeper
from taktora.connectors.home import Home
from taktora.connectors.link import Direction, Link
from taktora.connectors.options import NoOptions
from taktora.connectors.placement import HERE, check_placement
from taktora.connectors.routing import NoRouting
from taktora.errors import ConnectorClosed
from taktora.time import Duration, Nanos, to_nanos

if TYPE_CHECKING:
    from taktora.connectors.beacon import Beacon
    from taktora.connectors.codec import PayloadCodec
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.envelope import Checksum
    from taktora.connectors.gateway import Gateway
    from taktora.connectors.own_process import OwnProcess
    from taktora.connectors.placement import Placement
    from taktora.connectors.process_attributes import ProcessAttributes
    from taktora.connectors.reconnect import ReconnectPolicy
    from taktora.connectors.watcher import Watcher

__all__ = ["ConnectorBase"]


class ConnectorBase(Closing):
    """What :class:`~.connector.Connector` is before it is registered. Any thread. Arguments: as there."""

    Options: ClassVar[type[Any]] = NoOptions
    """Class of the options that a configuration may give. A connector that has some keeps them as
    ``self.options``, so that a process of its own can be given them."""
    options: Any = NoOptions()
    Routing: ClassVar[type[Any]] = NoRouting
    """Class of the routing that its descriptors must have."""
    default_gateway: ClassVar[Placement] = "here"
    """Where its gateways live unless ``gateway`` says otherwise."""

    def __init__(
        self,
        name: str,
        *,
        codec: PayloadCodec | None = None,
        node: Any = None,
        queue: int = 64,
        reconnect: ReconnectPolicy | None = None,
        heartbeat: Duration = 0.1,
        stale_after: Duration = 0.5,
        connect_timeout: Duration = 30,
        gateway: Placement | None = None,
        in_process: bool | None = None,
        process: ProcessAttributes | None = None,
        linger: Duration = 1,
        checksum: Checksum = "auto",
    ) -> None:
        self.name = check_name(name)
        check_codec(name, codec)
        check_policy(name, reconnect)
        self.codec = codec
        """Of channels for which none is named; ``None``: as :meth:`default_codec` says."""
        self.gateway = check_placement(name, gateway, in_process, self.default_gateway)
        self.process = check_process(name, process)
        self._linger: Nanos = to_nanos(linger, what="linger", zero=True)
        self.heartbeat, self.stale_after = check_signs_of_life(name, heartbeat, stale_after)
        self._patience: Nanos = to_nanos(connect_timeout, what="connect_timeout")
        self._queue = check_queue(name, queue)
        self._policy = reconnect
        self._checksum = check_checksum(checksum)
        self._home = Home(name, node, queue, self._checksum)
        self._lock = threading.RLock()
        self._gateway: Gateway | None = None
        self._watcher: Watcher | None = None
        self._own: OwnProcess | None = None
        self._ref: Any = None
        self._beacon: Beacon | None = None
        self._closed = False
        self._pid = os.getpid()
        self._described: dict[str, tuple[ChannelDescriptor[Any], PayloadCodec | None]] = {}
        self._channels: dict[tuple[str, Direction], ChannelDescriptor[Any]] = {}
        self._ports: list[tuple[str, Any]] = []
        self._shown: list[str] = []  # as the executor calls the ports in its statistics
        self._keeper = HealthKeeper(now=self._home.wall())

    # --- for protocols -----------------------------------------------------------------------------

    @classmethod
    def default_codec(cls, descriptor: ChannelDescriptor[Any]) -> PayloadCodec:  # noqa: ARG003
        """The codec of a channel for which none was named, nor one for the whole connector: JSON.

        For protocols whose routing says already what a value looks like. It may raise
        ``InvalidDescriptor``.
        """
        return JsonCodec()

    @classmethod
    def from_options(cls, name: str, options: Any, **common: Any) -> Self:
        """As a configuration describes it: ``options`` of the class :attr:`Options`."""
        if cls.Options is NoOptions:
            return cls(name, **common)
        make: Any = cls
        made: Self = make(name, options=options, **common)
        return made

    def make_link(self) -> Link:
        """The link; called when the gateway is made. It touches nothing outside until it is opened.

        Where the gateway has a process of its own, one is made here as well, which is asked about
        each channel, and never opened.
        """
        raise NotImplementedError(f"{type(self).__name__} must define make_link()")

    @property
    def in_process(self) -> bool:
        """Whether its gateway is in this process."""
        return self.gateway == HERE

    # --- health ------------------------------------------------------------------------------------

    @property
    def health(self) -> ConnectorHealth:
        """How it is, as far as is known here; Down once it was closed."""
        return self._keeper.health

    def subscribe_health(self, capacity: int = 64) -> HealthSubscription:
        """Every health event from now on; when ``capacity`` wait, the oldest goes, and is counted.

        Raises:
            ConnectorClosed: it was closed.
        """
        self._check_open()
        return self._keeper.subscribe(capacity)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectorClosed(f"connector {self.name!r} was closed; make a new one")

    def __repr__(self) -> str:
        state = "closed" if self._closed else type(self._keeper.health).__name__
        return f"<{type(self).__name__} {self.name!r}, {state}>"
