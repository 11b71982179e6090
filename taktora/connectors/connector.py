"""The plug-in's side of a connector, and the base class of every one of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from taktora.closing import Closing
from taktora.connectors.beacon import Beacon
from taktora.connectors.codec import PayloadCodec
from taktora.connectors.codecs.json import JsonCodec
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.gateway import Gateway
from taktora.connectors.health import ConnectorHealth, Degraded, Down, Up
from taktora.connectors.health_feed import HealthSubscription
from taktora.connectors.health_keeper import HealthKeeper
from taktora.connectors.link import Direction, Link
from taktora.connectors.options import NoOptions
from taktora.connectors.reader import ChannelReader
from taktora.connectors.reconnect import ExponentialBackoff
from taktora.connectors.routing import NoRouting
from taktora.connectors.service_factory import INWARD, OUTWARD, ServiceFactory
from taktora.connectors.watcher import Watcher
from taktora.connectors.writer import ChannelWriter
from taktora.errors import (
    ConnectorClosed,
    ConnectorDown,
    ConnectorError,
    InvalidArgument,
    InvalidDescriptor,
    WrongType,
)
from taktora.time import Duration, Nanos, to_nanos

if TYPE_CHECKING:
    from taktora.connectors.port_stats import PortStats
    from taktora.connectors.reconnect import ReconnectPolicy

__all__ = ["Connector"]

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # of virtual time, as testing's clocks have it


class Connector(Closing):
    """Typed channels to the world outside, and how they are. Any thread.

    Values written go to the gateway over ``<channel>.out``, and come from it over ``<channel>.in``.
    The gateway is an actor of the executor that :meth:`register_with` is given, or, with
    ``in_process=False``, lives in a process of its own (``taktora gateway``). A subclass says which
    :class:`~.link.Link` it has.

    Args:
        name: what it is called, in logs, in health events and on the way to its gateway.
        codec: how values become bytes; JSON unless given.
        node: executor or node to open channels on; default: a node of its own.
        queue: frames that wait for each channel and direction.
        reconnect: when to try again; default ``ExponentialBackoff()``.
        heartbeat: the gateway's sign of life, and how often it looks whether to try again.
        stale_after: after how much silence a gateway elsewhere counts as gone.
        connect_timeout: after how much silence an attempt to connect has failed.
        in_process: ``False``: the gateway lives elsewhere.

    Raises:
        InvalidArgument, WrongType: one of them cannot be.
    """

    Options: ClassVar[type[Any]] = NoOptions
    """Class of the options that a configuration may give."""
    Routing: ClassVar[type[Any]] = NoRouting
    """Class of the routing that its descriptors must have."""

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
        in_process: bool = True,
    ) -> None:
        if not isinstance(name, str):
            raise WrongType(f"a connector's name must be a string, not {name!r}")
        if not name:
            raise InvalidArgument("a connector's name must not be empty")
        if isinstance(queue, bool) or not isinstance(queue, int):
            raise WrongType(f"connector {name!r}: queue must be an integer, not {queue!r}")
        if queue < 1:
            raise InvalidArgument(f"connector {name!r}: queue must be 1 or more, not {queue}")
        if codec is not None and not isinstance(codec, PayloadCodec):
            raise WrongType(
                f"connector {name!r}: codec must be an object such as JsonCodec(), not {codec!r}; "
                f'taktora.connectors.codec("json") makes one by its name'
            )
        if reconnect is not None and not callable(getattr(reconnect, "next_delay", None)):
            raise WrongType(
                f"connector {name!r}: reconnect must be a policy such as ExponentialBackoff(), not "
                f"{reconnect!r}"
            )
        self.name = name
        self.codec: PayloadCodec = JsonCodec() if codec is None else codec
        self.in_process = in_process
        self.heartbeat: Nanos = to_nanos(heartbeat, what="heartbeat")
        self.stale_after: Nanos = to_nanos(stale_after, what="stale_after")
        if self.stale_after <= self.heartbeat:
            raise InvalidArgument(
                f"connector {name!r}: stale_after ({stale_after!r}) must be longer than heartbeat "
                f"({heartbeat!r})"
            )
        self._patience: Nanos = to_nanos(connect_timeout, what="connect_timeout")
        self._queue = queue
        self._policy: ReconnectPolicy = ExponentialBackoff() if reconnect is None else reconnect
        self._node = node
        self._own_node: Any = None
        self._executor: Any = None
        self._gateway: Gateway | None = None
        self._refs: list[Any] = []
        self._beacon: Beacon | None = None
        self._closed = False
        self._described: dict[str, tuple[ChannelDescriptor[Any], PayloadCodec]] = {}
        self._channels: dict[tuple[str, Direction], ChannelDescriptor[Any]] = {}
        self._ports: list[tuple[str, Any]] = []
        self._keeper = HealthKeeper(now=self._wall())

    # --- for protocols -----------------------------------------------------------------------------

    @classmethod
    def from_options(cls, name: str, options: Any, **common: Any) -> Self:
        """As a configuration describes it: ``options`` of the class :attr:`Options`."""
        if cls.Options is NoOptions:
            return cls(name, **common)
        make: Any = cls
        made: Self = make(name, options=options, **common)
        return made

    def make_link(self) -> Link:
        """The link; called once, when the gateway is made."""
        raise NotImplementedError(f"{type(self).__name__} must define make_link()")

    # --- health ------------------------------------------------------------------------------------

    @property
    def health(self) -> ConnectorHealth:
        """How it is, as far as is known here."""
        return self._keeper.health

    def subscribe_health(self, capacity: int = 64) -> HealthSubscription:
        """Every health event from now on; when ``capacity`` wait, the oldest goes, and is counted.

        Raises:
            ConnectorClosed: it was closed.
        """
        self._check_open()
        return self._keeper.subscribe(capacity)

    # --- life --------------------------------------------------------------------------------------

    def register_with(self, executor: Any) -> Any:
        """Have ``executor`` run the gateway, or watch over one that lives elsewhere. The actor's ref.

        Channels made before and after it work alike.

        Raises:
            ConnectorClosed: it was closed.
            ConnectorError: it was registered before.
        """
        self._check_open()
        if self._executor is not None:
            raise ConnectorError(
                f"connector {self.name!r} is registered with {self._executor!r} already"
            )
        if not callable(getattr(executor, "add", None)):
            raise WrongType(f"connector {self.name!r} needs an executor, not {executor!r}")
        self._executor = executor
        try:
            ref = self._join(executor)
        except BaseException:
            self._executor = self._gateway = None
            raise
        self._refs.append(ref)
        for (_, direction), descriptor in self._channels.items():
            self._open(descriptor, direction)
        return ref

    def serve_with(self, executor: Any) -> Any:
        """As :meth:`register_with`, and tell plug-ins of other processes how it is.

        Raises:
            ConnectorError: another gateway serves this name in the domain already; or its gateway is
                to live elsewhere (``in_process=False``).
        """
        self._check_open()
        if not self.in_process:
            raise ConnectorError(f"connector {self.name!r} has its gateway elsewhere")
        beacon = Beacon(executor, self.name)
        try:
            ref = self.register_with(executor)
        except BaseException:
            beacon.close()
            raise
        assert self._gateway is not None
        self._gateway.on_beat = beacon.shine
        self._beacon = beacon
        return ref

    def carry(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """Have the gateway carry a channel whose writers, or readers, are elsewhere.

        Raises:
            ConnectorClosed, InvalidDescriptor, LimitsMismatch: as :meth:`create_writer`.
        """
        self._check(descriptor)
        self._want(descriptor, direction)

    def _join(self, executor: Any) -> Any:
        if not self.in_process:
            watcher = Watcher(
                self.name,
                executor,
                self._keeper,
                stale_after=self.stale_after,
                wall=self._wall,
            )
            return executor.add(watcher)
        self._gateway = gateway = Gateway(
            self.name,
            self.make_link(),
            self._keeper,
            policy=self._policy,
            capacity=self._queue,
            heartbeat=timedelta(microseconds=self.heartbeat / 1000),
            patience=self._patience,
            wall=self._wall,
            clock=self._clock,
        )
        return gateway.join(executor)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Close the link and every port. Idempotent; what was not sent yet is lost."""
        if self._closed:
            return
        self._closed = True
        for ref in self._refs:
            ref.stop()
        for _, port in self._ports:
            port.close()
        if self._beacon is not None:
            self._beacon.close()
        if self._own_node is not None:
            self._own_node.close()

    # --- channels ----------------------------------------------------------------------------------

    def describe(
        self, descriptor: ChannelDescriptor[Any], codec: PayloadCodec | None = None
    ) -> None:
        """Let ports of this channel be made by its name alone; ``codec``: default, the connector's."""
        self._check(descriptor)
        self._described[descriptor.name] = descriptor, self.codec if codec is None else codec

    def create_writer(
        self,
        descriptor: ChannelDescriptor[Any] | str,
        type: Any,
        *,
        codec: PayloadCodec | None = None,
    ) -> ChannelWriter:
        """A way out for values of ``type``; ``descriptor`` may be the name of one that was described.

        Its ``send`` raises ``ConnectorDown`` while the connector is down, ``BackPressure`` when the
        queue is full, ``PayloadOverflow`` and ``CodecError``; it never blocks.

        Raises:
            ConnectorClosed: the connector was closed.
            InvalidDescriptor: the channel's routing is not this connector's, or leads nowhere.
            LimitsMismatch: the channel exists with another ``max_payload`` or queue.
        """
        descriptor, described = self._found(descriptor)
        self._want(descriptor, Direction.OUT)
        writer = self._factory().create_writer(
            descriptor,
            type,
            described if codec is None else codec,
            suffix=OUTWARD,
            gate=self._gate,
            must_reach=True,
            overflow=False,
        )
        self._ports.append((f"out {descriptor.name}", writer))
        return writer

    def create_reader(
        self,
        descriptor: ChannelDescriptor[Any] | str,
        type: Any,
        *,
        codec: PayloadCodec | None = None,
    ) -> ChannelReader:
        """A way in for values of ``type``; a trigger like any subscriber. As :meth:`create_writer`.

        Raises:
            ConnectorClosed, InvalidDescriptor, LimitsMismatch: as :meth:`create_writer`.
        """
        descriptor, described = self._found(descriptor)
        reader = self._factory().create_reader(
            descriptor,
            type,
            described if codec is None else codec,
            suffix=INWARD,
            on_damage=self._damaged,
        )
        self._ports.append((f"in {descriptor.name}", reader))
        self._want(descriptor, Direction.IN)
        return reader

    def stats(self) -> dict[str, PortStats]:
        """What each port has counted, by direction and channel: ``out motor/speed``."""
        found: dict[str, PortStats] = {}
        for label, port in list(self._ports):
            key, number = label, 1
            while key in found:
                number += 1
                key = f"{label} #{number}"
            found[key] = port.stats()
        return found

    def _want(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        key = descriptor.name, direction
        known = self._channels.get(key)
        if known is not None and known.routing != descriptor.routing:
            raise InvalidDescriptor(
                f"channel {descriptor.name!r} is in use with another routing: {known.routing!r}"
            )
        if known is None:
            if self._executor is not None:
                self._open(descriptor, direction)
            self._channels[key] = descriptor

    def _open(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        if self._gateway is None:
            return
        if direction is Direction.OUT:
            self._gateway.open_out(descriptor, self._factory())
        else:
            self._gateway.open_in(descriptor, self._factory())

    def _factory(self) -> ServiceFactory:
        return ServiceFactory(self._home(), clock=self._clock, buffer_size=self._queue)

    def _home(self) -> Any:
        """What opens channels: the node that was given, the executor, or a node of its own."""
        if self._node is None:
            if self._executor is not None:
                self._node = self._executor
            else:
                from taktora.ipc.node import Node

                self._node = self._own_node = Node()
        return self._node

    # --- helpers -----------------------------------------------------------------------------------

    def _found(self, descriptor: Any) -> tuple[ChannelDescriptor[Any], PayloadCodec]:
        if isinstance(descriptor, str):
            self._check_open()
            if descriptor not in self._described:
                known = ", ".join(self._described) or "none"
                raise InvalidDescriptor(
                    f"connector {self.name!r}: no channel {descriptor!r} was described; known: {known}"
                    f" (what is in no file needs a ChannelDescriptor instead of its name)"
                )
            return self._described[descriptor]
        self._check(descriptor)
        return descriptor, self.codec

    def _check(self, descriptor: Any) -> None:
        self._check_open()
        if not isinstance(descriptor, ChannelDescriptor):
            raise WrongType(f"expected a ChannelDescriptor, not {descriptor!r}")
        if not isinstance(descriptor.routing, self.Routing):
            raise InvalidDescriptor(
                f"channel {descriptor.name!r}: connector {self.name!r} needs a "
                f"{self.Routing.__name__}, not {descriptor.routing!r}"
            )

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectorClosed(f"connector {self.name!r} was closed; make a new one")

    def _gate(self) -> None:
        """Raise unless something can be sent now."""
        self._check_open()
        health = self._keeper.health
        if isinstance(health, Down):
            raise ConnectorDown(health.reason, f"connector {self.name!r}")

    def _damaged(self, reason: str) -> None:
        if isinstance(self._keeper.health, Up):
            self._keeper.become(Degraded(reason), now=self._wall())

    def _wall(self) -> datetime:
        virtual = self._virtual()
        if virtual is None:
            return datetime.now(UTC)
        return _EPOCH + timedelta(microseconds=virtual() / 1000)

    def _clock(self) -> Nanos:
        virtual = self._virtual()
        return time.time_ns() if virtual is None else virtual()

    def _virtual(self) -> Callable[[], Nanos] | None:
        """The clock of the simulation that it runs in, if it does."""
        home = self._executor if self._executor is not None else self._node
        return None if not hasattr(home, "now_ns") else lambda: int(home.now_ns)

    def __repr__(self) -> str:
        state = "closed" if self._closed else type(self._keeper.health).__name__
        return f"<{type(self).__name__} {self.name!r}, {state}>"
