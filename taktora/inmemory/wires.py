"""What lies between one sender and one receiver, and how a receiver takes from all of them.

The shapes are iceoryx2's: a *wire* is its zero-copy connection, a *lane* one channel of it (a
publisher's wire has one, a server's one for each request that may be open). Bounds and borrow
counts are per lane, so per sender: a subscriber may hold ``max_borrowed`` of *each* publisher.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from taktora.inmemory.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taktora.inmemory.blocks import SenderId
    from taktora.inmemory.fabric import Fabric

__all__ = ["Lane", "Receiver", "Wire"]


class Lane:
    """Payloads that wait for one receiver, oldest first, each with the moment it was sent."""

    __slots__ = ("borrowed", "open_for", "sender", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[tuple[int, Any]] = deque()
        self.borrowed = 0
        """How many the receiver took and still holds."""
        self.open_for: int | None = None
        """The request whose responses this lane takes; ``None`` when it is closed."""
        self.sender: SenderId | None = None
        """The publisher at the other end; ``None`` where it is none."""

    def push(self, moment: int, item: Any, size: int, *, overflow: bool) -> bool:
        """Let ``item`` wait where at most ``size`` may; whether it does."""
        waiting = self.waiting
        if len(waiting) >= size:
            if not overflow:
                return False
            waiting.popleft()
        waiting.append((moment, item))
        return True


class Wire:
    """One sender to one receiver. ``label`` names the sender."""

    __slots__ = ("__weakref__", "label", "lanes")

    def __init__(self, label: str) -> None:
        self.label = label
        self.lanes: dict[int, Lane] = {0: Lane()}

    def lane(self, number: int) -> Lane:
        """The lane of that number."""
        lane = self.lanes.get(number)
        if lane is None:
            lane = self.lanes[number] = Lane()
        return lane

    @property
    def has_data(self) -> bool:
        """Whether anything waits on any lane."""
        return any(lane.waiting for lane in self.lanes.values())

    @property
    def has_borrows(self) -> bool:
        """Whether anything of any lane is held."""
        return any(lane.borrowed for lane in self.lanes.values())


class Receiver:
    """The receiving end of any number of wires."""

    __slots__ = ("_expired", "_fabric", "_max_borrowed", "wires")

    def __init__(self, fabric: Fabric, max_borrowed: int) -> None:
        self._fabric = fabric
        self._max_borrowed = max_borrowed
        self.wires: list[Wire] = []
        """Every wire, those of senders that have gone included as long as something is in them."""
        self._expired: list[Wire] = []

    def expire(self, wire: Wire) -> None:
        """The sender has gone: keep the wire only for what is in it."""
        if wire.has_data or wire.has_borrows:
            self._expired.append(wire)
        else:
            self.wires.remove(wire)

    def has_data(self, number: int = 0) -> bool:
        """Whether anything waits on lane ``number`` of any wire."""
        for wire in self.wires:
            lane = wire.lanes.get(number)
            if lane is not None and lane.waiting:
                return True
        return False

    def receive(self, number: int = 0) -> tuple[Lane, Any] | None:
        """What has waited longest on one of the wires, and the lane it came from.

        Raises:
            Refused: something waits, but as much as may be borrowed is.
        """
        ready: list[tuple[Wire, Lane]] = []
        blocked = False
        for wire in self.wires:
            lane = wire.lanes.get(number)
            if lane is not None and lane.waiting:
                if lane.borrowed >= self._max_borrowed:
                    blocked = True
                else:
                    ready.append((wire, lane))
        if len(ready) > 1:
            wire, lane = self._chosen(ready)
        elif ready:
            wire, lane = ready[0]
        elif blocked:
            raise Refused("ExceedsMaxBorrows")
        else:
            if self._expired:
                self._forget(self._expired, number)
            return None
        if self._expired:
            self._forget(self._before(wire), number)
        return lane, lane.waiting.popleft()[1]

    def _chosen(self, ready: list[tuple[Wire, Lane]]) -> tuple[Wire, Lane]:
        ready.sort(key=lambda one: one[1].waiting[0][0])
        return ready[self._fabric.choose([wire.label for wire, _ in ready])]

    def _before(self, wire: Wire) -> Iterable[Wire]:
        """The expired wires that iceoryx2 looks at before it finds something in ``wire``."""
        expired = self._expired
        return expired[: expired.index(wire)] if wire in expired else expired

    def _forget(self, wires: Iterable[Wire], number: int) -> None:
        """Let go of expired wires with nothing on this lane, whatever waits on another one."""
        for wire in list(self._used_up(wires, number)):
            self._expired.remove(wire)
            self.wires.remove(wire)

    def _used_up(self, wires: Iterable[Wire], number: int) -> Iterator[Wire]:
        for wire in wires:
            lane = wire.lanes.get(number)
            if (lane is None or not lane.waiting) and not wire.has_borrows:
                yield wire
