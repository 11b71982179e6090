"""Names in use: each lives as long as somebody holds a membership of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakValueDictionary

from taktora.errors import PortLimitReached
from taktora.transport.mismatch import too_many_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Membership", "Name", "Names"]

T = TypeVar("T")


class Membership(Generic[T]):
    """What one node holds of one name: channel, service and ports refer to it.

    When all of a node's are gone the node has left, and with the last node the name.
    """

    __slots__ = ("__weakref__", "_name", "of")

    def __init__(self, name: Name[T]) -> None:
        self._name = name
        self.of: T = name.of
        """What the name stands for."""


class Name(Generic[T]):
    """What a name stands for, and which nodes have it open."""

    __slots__ = ("__weakref__", "_max_nodes", "_members", "of")

    def __init__(self, of: T, max_nodes: int) -> None:
        self.of = of
        self._max_nodes = max_nodes
        self._members: WeakValueDictionary[int, Membership[T]] = WeakValueDictionary()

    def join(self, node: int, what: str) -> Membership[T]:
        """The membership of the node with that number.

        Raises:
            PortLimitReached: as many nodes have it open as may.
        """
        membership = self._members.get(node)
        if membership is None:
            if len(self._members) >= self._max_nodes:
                raise PortLimitReached(too_many_nodes(what))
            membership = self._members[node] = Membership(self)
        return membership


class Names:
    """The names of one domain."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: WeakValueDictionary[tuple[str, str], Name[Any]] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._names)

    def find(self, kind: str, name: str) -> Any:
        """What ``name`` stands for as a ``kind``; ``None`` when it is free."""
        found = self._names.get((kind, name))
        return None if found is None else found.of

    def join(
        self,
        node: int,
        key: tuple[str, str],
        what: str,
        make: Callable[[], tuple[Any, int]],
    ) -> Membership[Any]:
        """A membership of a kind's name; ``make()`` says what it stands for if it is new.

        ``make`` gives that and how many nodes may have it open; ``what`` is for messages.
        """
        found = self._names.get(key)
        if found is None:
            found = self._names[key] = Name(*make())
        return found.join(node, what)
