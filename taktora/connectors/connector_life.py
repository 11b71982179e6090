"""A connector's life: registered with an executor, and closed."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from taktora.actors.blocking import is_actor_thread
from taktora.connectors.beacon import Beacon
from taktora.connectors.connector_base import ConnectorBase
from taktora.connectors.gateway import Gateway
from taktora.connectors.health import Down
from taktora.connectors.link import Direction
from taktora.connectors.placement import ELSEWHERE, HERE, OWN_PROCESS
from taktora.connectors.reconnect import ExponentialBackoff
from taktora.connectors.routing import leads
from taktora.connectors.stopping import when_all_are_done
from taktora.connectors.watcher import Watcher
from taktora.errors import ConnectorError, InvalidDescriptor, WrongType

if TYPE_CHECKING:
    from taktora.connectors.descriptor import ChannelDescriptor

__all__ = ["ConnectorLife"]


class ConnectorLife(ConnectorBase):
    """What :class:`~.connector.Connector` is without its ports. Any thread. Arguments: as there."""

    # --- registering -------------------------------------------------------------------------------

    def register_with(self, executor: Any) -> Any:
        """Have ``executor`` run the gateway, or start the process that does and watch over it, or
        watch over one that lives elsewhere. The actor's ref.

        Channels made before and after it work alike. When it raises, it is as if it had not been
        called.

        Raises:
            ConnectorClosed: it was closed.
            ConnectorError: it was registered before, or has ports where ``executor`` cannot serve
                them; or what makes its gateway cannot be handed to a process of its own.
            InvalidDescriptor: the routing of a channel that was made before leads nowhere.
        """
        with self._lock:
            self._check_open()
            self._check_free()
            if not callable(getattr(executor, "add", None)):
                raise WrongType(f"connector {self.name!r} needs an executor, not {executor!r}")
            self._home.check(executor)
            self._home.executor = executor
            try:
                self._ref = self._join(executor)
            except BaseException:
                self._gateway = self._watcher = self._own = None
                self._home.leave()
                raise
            for label, port in self._ports:
                self._show(label, port)
            return self._ref

    def serve_with(self, executor: Any, *, instance: str | None = None) -> Any:
        """As :meth:`register_with`, and tell plug-ins of other processes how it is.

        Whoever serves is the gateway: it lives here, also if it would have a process of its own.

        Args:
            executor: that runs the gateway.
            instance: what its signs of life are called; default: something that no other one is.

        Raises:
            ConnectorError: another gateway serves this name in the domain already; or its gateway is
                to live elsewhere (``in_process=False``).
        """
        with self._lock:
            self._check_open()
            if self.gateway == ELSEWHERE:
                raise ConnectorError(f"connector {self.name!r} has its gateway elsewhere")
            self._check_free()
            beacon = Beacon(executor, self.name, instance)
            place, self.gateway = self.gateway, HERE
            try:
                ref = self.register_with(executor)
            except BaseException:
                self.gateway = place
                beacon.close()
                raise
            assert self._gateway is not None
            gateway = self._gateway
            gateway.on_beat = lambda health: beacon.shine(health, gateway.ports.status())
            self._beacon = beacon
            return ref

    def _join(self, executor: Any) -> Any:
        if self.gateway == OWN_PROCESS:
            return self._join_own_process(executor)
        if self.gateway == ELSEWHERE:
            self._watcher = watcher = Watcher(
                self.name,
                executor,
                self._keeper,
                stale_after=self.stale_after,
                wall=self._home.wall,
            )
            return watcher.join(executor)
        self._gateway = gateway = Gateway(
            self.name,
            self.make_link(),
            self._keeper,
            policy=self._policy or ExponentialBackoff(seed=0 if self._home.is_virtual else None),
            capacity=self._queue,
            heartbeat=timedelta(microseconds=self.heartbeat / 1000),
            patience=self._patience,
            wall=self._home.wall,
            clock=self._home.clock,
        )
        try:  # it joins last: what cannot be opened is found before anything has begun
            for (_, direction), descriptor in self._channels.items():
                self._open(descriptor, direction)
            return gateway.join(executor)
        except BaseException:
            gateway.abandon()
            raise

    def _join_own_process(self, executor: Any) -> Any:
        from taktora.connectors.own_process import OwnProcess, prepared  # most do without

        handover = prepared(
            type(self),
            self.name,
            self.options,
            queue=self._queue,
            heartbeat=self.heartbeat,
            stale_after=self.stale_after,
            connect_timeout=self._patience,
            linger=self._linger,
            policy=self._policy,
            checksum=self._checksum,
            domain=self._home.shared_domain(),
            process=self.process,
        )
        channels = [
            (descriptor, direction) for (_, direction), descriptor in self._channels.items()
        ]
        own = OwnProcess(handover, self.make_link(), self.Routing, channels)
        self._watcher, ref = own.join(executor, self._keeper, self._home.wall)
        self._own = own
        return ref

    @property
    def gateway_process(self) -> int | None:
        """Process id of its gateway's own process. ``None``: there is none, or none at the moment."""
        attendant = None if self._own is None else self._own.attendant
        return None if attendant is None else attendant.pid

    def plugin_gone(self) -> None:
        """The plug-in that this gateway serves has died: its link may act on that.

        Called in the gateway's own process, while its executor does not run.
        """
        assert self._gateway is not None
        if self._beacon is not None:  # the next one may begin
            self._beacon.close()
        self._gateway.plugin_gone(time.monotonic_ns())

    def _keep(self, label: str, port: Any) -> None:
        """Close it at the end, and show what it counts. Under the lock."""
        self._ports.append((label, port))
        if self._home.executor is not None:
            self._show(label, port)

    def _show(self, label: str, port: Any) -> None:
        shown = self._home.executor.ports.register(f"{self.name} {label}", port.stats)
        self._shown.append(shown)

    def _want(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """Have the gateway carry a channel, now or once there is one. Under the lock."""
        if not leads(descriptor.routing, direction):
            way, port = ("in", "reader") if direction is Direction.OUT else ("out", "writer")
            raise InvalidDescriptor(
                f"channel {descriptor.name!r} leads {way} only, by its routing; make a {port} of it"
            )
        key = descriptor.name, direction
        known = self._channels.get(key)
        if known is not None and known.routing != descriptor.routing:
            raise InvalidDescriptor(
                f"channel {descriptor.name!r} is in use with another routing: {known.routing!r}"
            )
        if known is None:
            self._open(descriptor, direction)
            self._channels[key] = descriptor

    def _open(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        if self._own is not None:
            self._own.carry(descriptor, direction)
        if self._gateway is None:
            return
        if direction is Direction.OUT:
            self._gateway.open_out(descriptor, self._home.factory())
        else:
            self._gateway.open_in(descriptor, self._home.factory())

    # --- the end -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the link and every port. Idempotent; what was not sent yet is lost.

        It waits until its actors have ended what they are doing; called by an actor, it does not
        wait, and the link is closed soon after.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if os.getpid() != self._pid:  # a forked child: everything belongs to the parent
                return
            ports, refs = [port for _, port in self._ports], list(self._refs())
        for port in ports:
            port.close()
        for name in self._shown:
            self._home.executor.ports.forget(name)
        attendant = None if self._own is None else self._own.attendant
        if not is_actor_thread():
            if attendant is not None:
                attendant.end()
            for ref in refs:
                ref.stop()
            self._let_go()
            return

        def stop() -> None:
            when_all_are_done([ref.stop(block=False) for ref in refs], self._let_go)

        if attendant is not None:
            attendant.leave(stop)
        else:
            stop()

    def _let_go(self) -> None:
        """Its actors have stopped: nobody needs what they stood on."""
        now = self._home.wall()
        self._keeper.become(Down("it was closed", now), now=now)
        if self._beacon is not None:
            self._beacon.close()
        self._home.close()

    def _refs(self) -> tuple[Any, ...]:
        if self._gateway is not None:
            return self._gateway.refs
        return () if self._ref is None else (self._ref,)

    def _check_free(self) -> None:
        if self._home.executor is not None:
            raise ConnectorError(
                f"connector {self.name!r} is registered with {self._home.executor!r} already"
            )
