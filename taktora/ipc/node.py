"""A process's membership in an iceoryx2 domain: it opens names and cleans up after itself."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import iceoryx2 as iox

from taktora.closing import Closing
from taktora.errors import IpcError, PortClosed, PortLimitReached
from taktora.ipc.channel import Channel
from taktora.ipc.forking import make_raw_objects_immortal
from taktora.ipc.health import folder
from taktora.ipc.leftovers import remove_node_counter
from taktora.ipc.publisher import Publisher
from taktora.ipc.subscriber import Subscriber
from taktora.ipc.unfinished import remove_unfinished
from taktora.transport.names import check_domain, check_node_name
from taktora.transport.tracking import Held

if TYPE_CHECKING:
    from taktora.ipc.service import Service
    from taktora.transport.limits import ChannelLimitsGiven, ServiceLimitsGiven
    from taktora.transport.opened import Opened

__all__ = ["Node"]

T = TypeVar("T")

_open_nodes = Held()  # not a WeakSet: that one cannot be iterated while a thread adds to it


def _closed_folder() -> str:
    """Why it may be that nothing can be created, if that can be seen."""
    where = folder()
    try:
        owner = where.stat().st_uid
    except OSError:
        return ""
    if os.access(where, os.W_OK | os.X_OK):
        return ""
    return (
        f". The folder {where} belongs to user {owner} and is closed to user {os.getuid()}: run "
        "every program that meets there as the same user, or let its owner remove it when none runs"
    )


class Node(Closing):
    """Opens channels and services, and releases everything that it opened when closed.

    One per process and domain is enough. It is closed by ``with``, by :meth:`close`, or at the
    latest when the interpreter exits normally; what a killed process left behind is removed when
    the next node of the same domain starts. Any thread may use it, but no forked child: start
    children with ``spawn``, or make a new node in the child.

    Args:
        name: shown by iceoryx2's tools; at most 128 ASCII characters.
        domain: programs see each other's names only within the same domain. 1 to 32 letters,
            digits or ``-``. ``None`` takes the environment variable ``TAKTORA_DOMAIN``, and
            without it iceoryx2's own default, which C++ and Rust programs use too.

    Raises:
        InvalidName: ``name`` or ``domain`` cannot be used.
        IpcError: iceoryx2 could not create the node.
    """

    __slots__ = ("__weakref__", "_config", "_pid", "_raw", "domain", "held", "name", "opened")

    name: str
    """The node's name; empty when none was given."""
    domain: str | None
    """The domain; ``None`` for iceoryx2's default."""
    held: Held
    """What still holds raw iceoryx2 objects of this node."""
    opened: dict[str, Opened]
    """Every name that was opened through this node, as it was opened last. Kept after the close."""

    def __init__(self, name: str | None = None, *, domain: str | None = None) -> None:
        self.name = "" if name is None else check_node_name(name)
        self.domain = check_domain(domain)
        self.held = Held()
        self.opened = {}
        self._pid = os.getpid()
        self._config: Any = iox.config.global_config()
        if self.domain is not None:
            self._config.global_cfg.prefix = iox.FileName.new(f"{self.domain}_")
        settings = self._config.global_cfg
        settings.node.cleanup_dead_nodes_on_creation = False  # see unfinished.py
        settings.node.cleanup_dead_nodes_on_destruction = False
        settings.service.cleanup_dead_nodes_on_open = False
        builder = (
            iox.NodeBuilder.new()
            .name(iox.NodeName.new(self.name))
            .config(self._config)
            .signal_handling_mode(iox.SignalHandlingMode.Disabled)
        )
        try:
            self._raw: Any = builder.create(iox.ServiceType.Ipc)
            self.clean_up()
        except (iox.NodeCreationFailure, iox.NodeCleanupFailure) as exc:
            if self.domain is not None:
                remove_node_counter(self._config, f"{self.domain}_")
            raise IpcError(
                f"iceoryx2 could not create the node {self.name!r}: {exc}{_closed_folder()}"
            ) from exc
        _open_nodes.add(self)

    def clean_up(self) -> None:
        """Remove what dead nodes of this domain left: at start and close, and when room is short.

        Raises:
            NodeCleanupFailure: of iceoryx2.
        """
        remove_unfinished(self._config.global_cfg.prefix.to_string())
        self._raw.try_cleanup_dead_nodes()

    def with_room(self, make: Callable[[], T]) -> T:
        """What ``make()`` makes; tried again when the room it needs was taken by the dead."""
        try:
            return make()
        except PortLimitReached:
            self.clean_up()
            return make()

    def channel(
        self, name: str, payload_type: Any, **limits: Unpack[ChannelLimitsGiven]
    ) -> Channel:
        """Open the channel ``name``, creating it if it does not exist.

        Limits that are given must be those of an existing channel; limits left out (or ``None``)
        are taken from it, or get their defaults.

        Args:
            name: at most 239 ASCII characters.
            payload_type: a ctypes structure, union, array or scalar, ``bytes``, or a numpy dtype.
            **limits: ``buffer_size=16``, ``history_size=0``, ``max_publishers=16``,
                ``max_subscribers=16``, ``max_borrowed=16``, ``max_bytes=None``,
                ``overflow=True``; see :class:`ChannelLimits`.

        Raises:
            InvalidName: iceoryx2 cannot use the name.
            UnsupportedPayload: the type cannot live in shared memory.
            WrongType, InvalidArgument: a limit that cannot be.
            PayloadMismatch: the name exists with another type, or is a service.
            LimitsMismatch: the name exists with other limits than those given.
            PortClosed: the node was closed.
        """
        self.check_usable()
        known = _known(limits, _CHANNEL_LIMITS, "channel")
        return self.with_room(lambda: Channel(self, name, payload_type, known))

    def service(
        self,
        name: str,
        request_type: Any,
        response_type: Any,
        **limits: Unpack[ServiceLimitsGiven],
    ) -> Service:
        """Open the request-response service ``name``, creating it if it does not exist.

        Args:
            name: at most 234 ASCII characters.
            request_type: as ``payload_type`` of :meth:`channel`.
            response_type: as ``payload_type`` of :meth:`channel`.
            **limits: ``max_servers=4``, ``max_clients=16``, ``max_active_requests=16``,
                ``response_buffer=16``, ``max_borrowed=16``, ``max_bytes=65536`` (``bytes``
                requests and responses only); see :class:`ServiceLimits`.

        Raises:
            InvalidName, UnsupportedPayload, WrongType, InvalidArgument, PayloadMismatch,
            LimitsMismatch, PortClosed: as :meth:`channel`.
        """
        from taktora.ipc.service import Service

        self.check_usable()
        return Service(
            self, name, request_type, response_type, _known(limits, _SERVICE_LIMITS, "service")
        )

    @property
    def raw(self) -> Any:
        """The iceoryx2 node, for what taktora does not cover. Do not keep it past the close.

        Raises:
            PortClosed: the node was closed.
        """
        self.check_usable()
        return self._raw

    @property
    def config(self) -> Any:
        """The iceoryx2 configuration of the node's domain."""
        return self._config

    @property
    def closed(self) -> bool:
        """Whether the node was closed."""
        return self._raw is None

    def check_usable(self) -> None:
        """Raise unless the node is open and belongs to this process.

        Raises:
            PortClosed: closed, or inherited by a forked child.
        """
        if os.getpid() != self._pid:
            raise PortClosed(
                f"node {self.name!r} belongs to process {self._pid} and was inherited by a fork; "
                f"create a new Node in this process"
            )
        if self._raw is None:
            raise PortClosed(f"node {self.name!r} is closed; create a new one")

    def introduce(self, name: str) -> None:
        """Make this process's ports of channel ``name`` connect now, not at their next use.

        A late subscriber so gets the history at once, and a subscriber can still take what a
        publisher sent that was closed before anybody looked.
        """
        for port in self._ports_here(name):
            port.connect()

    def rescue(self, name: str) -> bool:
        """Let this process's subscribers of ``name`` receive what a closing publisher sent.

        Returns whether there was anything.
        """
        if os.getpid() != self._pid:
            return False
        rescued = [port.rescue() for port in self._ports_here(name) if isinstance(port, Subscriber)]
        return any(rescued)

    def _ports_here(self, name: str) -> list[Publisher | Subscriber]:
        return [
            holder
            for node in _open_nodes.alive()
            if node.domain == self.domain
            for holder in node.held.alive()
            if isinstance(holder, Publisher | Subscriber) and holder.name == name
        ]

    def close(self) -> None:
        """Release every port, sample and file of this node. Closing twice is fine.

        Ports raise ``PortClosed`` afterwards. Payload views that are still referenced stay valid,
        and the shared memory that they look at stays until they are gone.
        """
        if self._raw is None:
            return
        with suppress(iox.NodeCleanupFailure):  # the next node will
            self.clean_up()
        self._let_go()
        if self.domain is not None and all(
            node.domain != self.domain for node in _open_nodes.alive()
        ):
            remove_node_counter(self._config, f"{self.domain}_")

    def _let_go(self) -> None:
        for holder in self.held.alive():
            holder._let_go()  # noqa: SLF001
        _open_nodes.drop(self)
        self._raw = None

    def __repr__(self) -> str:
        domain = "" if self.domain is None else f" in domain {self.domain!r}"
        return f"<Node {self.name!r}{domain}{', closed' if self.closed else ''}>"


_CHANNEL_LIMITS = frozenset(
    {
        "buffer_size",
        "history_size",
        "max_publishers",
        "max_subscribers",
        "max_borrowed",
        "max_bytes",
        "overflow",
    }
)
_SERVICE_LIMITS = frozenset(
    {
        "max_servers",
        "max_clients",
        "max_active_requests",
        "response_buffer",
        "max_borrowed",
        "max_bytes",
    }
)


def _known(given: Any, allowed: frozenset[str], what: str) -> dict[str, Any]:
    unknown = sorted(given.keys() - allowed)
    if unknown:
        raise TypeError(
            f"unknown {what} limit {', '.join(unknown)}; there are {', '.join(sorted(allowed))}"
        )
    return dict(given)


@atexit.register
def _close_all() -> None:
    for node in _open_nodes.alive():
        node.close()


def _disown() -> None:
    """In a forked child: the parent's nodes are not ours to close, and not ours to use."""
    if not _open_nodes.alive():
        return
    make_raw_objects_immortal()
    for node in _open_nodes.alive():
        node._let_go()  # noqa: SLF001


os.register_at_fork(after_in_child=_disown)
