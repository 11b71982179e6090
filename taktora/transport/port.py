"""What publishers, subscribers, servers and clients have in common: a name, an owner, an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from taktora.closing import Closing
from taktora.errors import IpcError, PortClosed, PortLimitReached

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.errors import ChannelError
    from taktora.transport.node import BaseNode

__all__ = ["Port", "Refusal", "create_port"]


class Port(Closing):
    """One end of a channel or service. Owned by its node, which closes it at the latest.

    It may be used from any thread.
    """

    role: ClassVar[str] = "port"

    __slots__ = ("__weakref__", "_label", "_node", "name")

    name: str
    """Name of the channel or service."""

    def __init__(self, node: BaseNode, name: str, label: str) -> None:
        self.name = name
        self._label = label
        self._node = node
        node.held.add(self)

    @property
    def node(self) -> BaseNode:
        """The node that owns it."""
        return self._node

    @property
    def closed(self) -> bool:
        """Whether the port, or its node, was closed."""
        raise NotImplementedError

    def refuse_if_closed(self) -> None:
        """Raise ``PortClosed`` if the port, or its node, was closed."""
        if self.closed:
            self._refuse()

    def track(self, holder: Any) -> None:
        """Have the node release ``holder`` when it closes."""
        self._node.held.add(holder)

    def close(self) -> None:
        """Release the port; later calls raise ``PortClosed``. Closing twice is fine.

        Its slot is free at once, or when the last of what it took or lent is gone: samples,
        requests, responses, loans, and views of their payloads.
        """
        self._let_go()

    def _let_go(self) -> None:
        raise NotImplementedError

    def _refuse(self) -> NoReturn:
        self._refusal()()

    def _refusal(self) -> Refusal:
        """What stands in for every raw call once the port is closed."""
        return Refusal(self._node, f"the {self.role} of {self._label} is closed; create a new one")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._label}{', closed' if self.closed else ''}>"


class Refusal:
    """Raises ``PortClosed`` whatever it is called with. Does not refer to the port: no cycle."""

    __slots__ = ("_message", "_node")

    def __init__(self, node: BaseNode, message: str) -> None:
        self._node = node
        self._message = message

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Raise, whatever the raw call was."""
        self._node.check_usable()
        raise PortClosed(self._message)


def create_port(
    create: Callable[[], Any], role: str, label: str, maximum: int, errors: type[Exception]
) -> Any:
    """``create()`` with the reason for a refusal, one of ``errors``, made plain.

    Raises:
        PortLimitReached: all ``maximum`` slots for that role are taken.
        IpcError: anything else.
    """
    try:
        return create()
    except errors as exc:
        raise _refused(str(exc), role, label, maximum) from exc


def _refused(reason: str, role: str, label: str, maximum: int) -> ChannelError:
    if "ExceedsMax" in reason:
        return PortLimitReached(
            f"{label} has no {role} left: all {maximum} are in use, in every process together, "
            f"closed ones included of which something that they took or lent is held; close one, "
            f"or create the name with a higher max_{role}s"
        )
    return IpcError(f"{label}: iceoryx2 could not create the {role}: {reason}")
