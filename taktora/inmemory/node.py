"""A node of a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from taktora.inmemory.medium import InMemory
from taktora.inmemory.tracking import OrderedHeld
from taktora.transport.node import BaseNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taktora.inmemory.fabric import Fabric
    from taktora.transport.medium import Medium

__all__ = ["InMemoryNode"]


class InMemoryNode(BaseNode):
    """Opens channels and services on a :class:`Fabric`, and releases them when closed.

    Like :class:`taktora.Node`, without shared memory: what it opens behaves, fails and is counted
    in the same way. One thread at a time may use a fabric and all that is on it.

    Args:
        name: as for :class:`taktora.Node`.
        domain: as for :class:`taktora.Node`.
        fabric: what it shares with other nodes.

    Raises:
        InvalidName: ``name`` or ``domain`` cannot be used.
    """

    medium: ClassVar[Medium] = InMemory()

    __slots__ = ("_closed", "fabric", "number")

    fabric: Fabric
    """What it shares with other nodes."""
    number: int
    """Its number among the nodes of the fabric."""

    def __init__(
        self, name: str | None = None, *, domain: str | None = None, fabric: Fabric
    ) -> None:
        super().__init__(name, domain, OrderedHeld())
        self.fabric = fabric
        self.number = fabric.node_number()
        self._closed = False
        fabric.nodes.add(self)

    @property
    def closed(self) -> bool:
        """Whether the node was closed."""
        return self._closed

    def siblings(self) -> Iterable[BaseNode]:
        """Every open node of this fabric and domain, this one included."""
        return [node for node in self.fabric.nodes.alive() if node.domain == self.domain]

    def close(self) -> None:
        """Release every port and sample of this node. Closing twice is fine.

        Ports raise ``PortClosed`` afterwards. Payload views that are still referenced stay valid.
        """
        if self._closed:
            return
        for holder in self.held.alive():
            holder._let_go()  # noqa: SLF001
        self.fabric.nodes.drop(self)
        self._closed = True
