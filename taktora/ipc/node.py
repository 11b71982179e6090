"""A process's membership in an iceoryx2 domain: it opens names and cleans up after itself."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import iceoryx2 as iox

from taktora.errors import IpcError, PortClosed, PortLimitReached
from taktora.ipc.forking import make_raw_objects_immortal
from taktora.ipc.health import folder
from taktora.ipc.leftovers import is_listed, remove_node_counter
from taktora.ipc.neighbours import Neighbours
from taktora.ipc.shared_memory import SharedMemory
from taktora.ipc.unfinished import remove_unfinished
from taktora.transport.node import BaseNode
from taktora.transport.tracking import Held

if TYPE_CHECKING:
    from taktora.transport.medium import Medium

__all__ = ["Node"]

T = TypeVar("T")

_PATIENCE: Final = 1.0  # s; for daemon threads, when the interpreter ends

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


class Node(BaseNode):
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

    medium: ClassVar[Medium] = SharedMemory()

    __slots__ = ("_config", "_neighbours", "_pid", "_raw")

    def __init__(self, name: str | None = None, *, domain: str | None = None) -> None:
        super().__init__(name, domain, Held())
        self._pid = os.getpid()
        self._neighbours: Neighbours | None = None
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

    def notice_deaths(self) -> None:
        """As :meth:`BaseNode.notice_deaths`: once somebody has died, a thread cleans up."""
        if self._neighbours is None:
            self._neighbours = Neighbours(self._config)
        self._neighbours.look()

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
        super().check_usable()

    def siblings(self) -> Iterable[BaseNode]:
        """Every open node of this process and domain, this one included."""
        return [node for node in _open_nodes.alive() if node.domain == self.domain]

    def rescue(self, name: str) -> bool:
        """Let this process's subscribers of ``name`` receive what a closing publisher sent.

        Returns whether there was anything.
        """
        return os.getpid() == self._pid and super().rescue(name)

    def close(self) -> None:
        """Release every port, sample and file of this node. Closing twice is fine.

        Ports raise ``PortClosed`` afterwards. Payload views that are still referenced stay valid,
        and the shared memory that they look at stays until they are gone.
        """
        if self._raw is None:
            return
        if self._neighbours is not None:
            self._neighbours.close()
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


@atexit.register
def _close_all() -> None:
    nodes = _open_nodes.alive()
    for node in nodes:
        node.close()
    if threading.active_count() > 1:
        _await_others(nodes)


def _await_others(nodes: Iterable[Node]) -> None:
    """Let daemon threads out of the call that they are in: they hold a raw port meanwhile.

    Once the interpreter ends they are never heard of again, and neither are its files.
    """
    end = time.monotonic() + _PATIENCE
    for node in nodes:
        while is_listed(node._config) and time.monotonic() < end:  # noqa: SLF001
            time.sleep(0.001)


def _disown() -> None:
    """In a forked child: the parent's nodes are not ours to close, and not ours to use."""
    if not _open_nodes.alive():
        return
    make_raw_objects_immortal()
    for node in _open_nodes.alive():
        node._let_go()  # noqa: SLF001


os.register_at_fork(after_in_child=_disown)
