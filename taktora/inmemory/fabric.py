"""The shared memory of a simulation: what the nodes of all domains see of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taktora.inmemory.names import Names
from taktora.inmemory.tracking import OrderedHeld

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Fabric"]


def _oldest(_: Sequence[str]) -> int:
    return 0


class Fabric:
    """What stands in for shared memory. Nodes of different fabrics never see each other.

    One thread at a time may use it and whatever was made on it.
    """

    __slots__ = (
        "__weakref__",
        "_domains",
        "_labels",
        "_moment",
        "_nodes",
        "_senders",
        "choose",
        "nodes",
        "on_send",
    )

    choose: Callable[[Sequence[str]], int]
    """Decides which sender is heard first where several have something and iceoryx2 promises no
    order. Gets their labels, the one that has waited longest first, two at least; gives the
    position of the one to take from. Unless it is set, 0: in the order sent."""
    nodes: OrderedHeld
    """The open nodes, oldest first."""

    on_send: Callable[[str, str, bytes], None] | None
    """Called with every payload that was sent: ``"publish"``, ``"request"`` or ``"respond"``, who sent
    it (a publisher's label, the name of a service), and the bytes."""

    def __init__(self, choose: Callable[[Sequence[str]], int] = _oldest) -> None:
        self.choose = choose
        self.on_send = None
        self.nodes = OrderedHeld()
        self._domains: dict[str | None, Names] = {}
        self._labels: dict[str, int] = {}
        self._moment = 0
        self._nodes = 0
        self._senders = 0

    def names(self, domain: str | None) -> Names:
        """The names of one domain."""
        return self._domains.setdefault(domain, Names())

    def moment(self) -> int:
        """A number larger than every one before it: the order in which things were sent."""
        self._moment += 1
        return self._moment

    def node_number(self) -> int:
        """A number that no other node of this fabric has."""
        self._nodes += 1
        return self._nodes

    def sender_number(self) -> int:
        """A number that no other publisher of this fabric has or had."""
        self._senders += 1
        return self._senders

    def label(self, name: str, role: str) -> str:
        """What to call a new port, the same in every run: ``gate/publisher-1``."""
        stem = f"{name}/{role}"
        self._labels[stem] = number = self._labels.get(stem, 0) + 1
        return f"{stem}-{number}"

    def next_label(self, label: str) -> None:
        """Have the next port that fits be called ``label``: for whoever repeats a run."""
        stem, _, number = label.rpartition("-")
        self._labels[stem] = int(number) - 1
