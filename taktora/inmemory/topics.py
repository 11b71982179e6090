"""Publish and subscribe: the raw objects behind a channel."""

from __future__ import annotations

import ctypes
from collections import deque
from typing import TYPE_CHECKING

from taktora.inmemory.blocks import Block, SenderId, Taken, new_block
from taktora.inmemory.refused import Refused
from taktora.inmemory.wires import Receiver, Wire
from taktora.transport.outlet import MAX_LOANS

if TYPE_CHECKING:
    from taktora.inmemory.fabric import Fabric
    from taktora.inmemory.names import Membership
    from taktora.transport.kind import PayloadKind
    from taktora.transport.limits import ChannelLimits

__all__ = ["RawPublisher", "RawSubscriber", "Topic"]

_address = ctypes.addressof


class Topic:
    """What a channel's name stands for."""

    __slots__ = ("__weakref__", "arrivals", "fabric", "kind", "limits", "name", "senders", "takers")

    def __init__(self, fabric: Fabric, name: str, kind: PayloadKind, limits: ChannelLimits) -> None:
        self.fabric = fabric
        self.name = name
        self.kind = kind
        self.limits = limits
        self.senders: list[_Sender] = []
        self.takers: list[Receiver] = []
        self.arrivals = 0
        """How many subscribers there were, for publishers to look again only then."""

    @property
    def dynamic_config(self) -> Topic:
        """Itself: where iceoryx2 keeps what changes."""
        return self

    @property
    def number_of_subscribers(self) -> int:
        """Subscribers of every node."""
        return len(self.takers)

    @property
    def number_of_publishers(self) -> int:
        """Publishers of every node."""
        return len(self.senders)

    def update(self, sender: _Sender) -> None:
        """Lay wires to the subscribers that ``sender`` does not know yet."""
        sender.seen = self.arrivals
        known = [taker for taker, _ in sender.wires]
        for taker in self.takers:
            if taker not in known:
                self.connect(sender, taker)

    def connect(self, sender: _Sender, taker: Receiver) -> None:
        """Lay a wire, and put the history into it."""
        wire = Wire(sender.label)
        wire.lanes[0].sender = sender.id
        sender.wires.append((taker, wire))
        taker.wires.append(wire)
        if sender.history is not None:
            latest = min(len(sender.history), self.limits.buffer_size)
            for moment, block in list(sender.history)[len(sender.history) - latest :]:
                wire.lanes[0].push(moment, block, self.limits.buffer_size, overflow=True)


class _Sender:
    """What a publisher's loans need of it, and outlives it in them."""

    __slots__ = (
        "active",
        "fabric",
        "history",
        "id",
        "label",
        "loans",
        "overflow",
        "seen",
        "size",
        "wires",
    )

    def __init__(self, topic: Topic) -> None:
        limits = topic.limits
        self.active = True
        self.fabric = topic.fabric
        self.label = topic.fabric.label(topic.name, "publisher")
        self.id = SenderId(topic.fabric.sender_number())
        self.loans = 0
        self.size = limits.buffer_size
        self.overflow = limits.overflow
        self.seen = 0
        self.wires: list[tuple[Receiver, Wire]] = []
        self.history: deque[tuple[int, Block]] | None = (
            deque(maxlen=limits.history_size) if limits.history_size else None
        )


class RawPublisher:
    """Lends payloads. Its slot is free when the last reference is gone."""

    __slots__ = ("_bytes", "_membership", "_sender")

    def __init__(self, membership: Membership[Topic]) -> None:
        """Raises ``Refused`` when there are as many as may be."""
        topic = membership.of
        if len(topic.senders) >= topic.limits.max_publishers:
            raise Refused("ExceedsMaxSupportedPublishers")
        self._membership = membership
        self._bytes = topic.kind.size
        self._sender = sender = _Sender(topic)
        topic.update(sender)
        topic.senders.append(sender)

    @property
    def label(self) -> str:
        """What :attr:`Fabric.choose` is told."""
        return self._sender.label

    def lend(self, size: int | None = None) -> _Loan:
        """A payload to write to; ``size`` in bytes where each payload has its own."""
        return _Loan(self._membership, self._sender, size if size is not None else self._bytes)

    def update_connections(self) -> None:
        """Lay wires to new subscribers, with the history; else the next send does."""
        self._membership.of.update(self._sender)

    def __del__(self) -> None:
        sender = getattr(self, "_sender", None)
        if sender is not None:  # else: there were too many
            sender.active = False
            self._membership.of.senders.remove(sender)
            for taker, wire in sender.wires:
                taker.expire(wire)


class _Loan:
    """A payload on loan; given back when it is sent, or when the last reference is gone."""

    __slots__ = ("_membership", "_sender", "block", "payload_ptr")

    def __init__(self, membership: Membership[Topic], sender: _Sender, size: int | None) -> None:
        assert size is not None
        self._sender: _Sender | None = None
        if sender.loans >= MAX_LOANS:
            raise Refused("ExceedsMaxLoans")
        sender.loans += 1
        self._sender = sender
        self._membership = membership
        self.block = block = new_block(size)
        self.payload_ptr = _address(block)

    def send(self) -> int:
        """Publish it; how many subscribers took it."""
        sender = self._sender
        assert sender is not None
        self._sender = None
        sender.loans -= 1
        if not sender.active:
            raise Refused("ConnectionBrokenSinceSenderNoLongerExists")
        topic = self._membership.of
        if sender.seen != topic.arrivals:
            topic.update(sender)
        block, moment = self.block, sender.fabric.moment()
        if sender.history is not None:
            sender.history.append((moment, block))
        size, overflow, reached = sender.size, sender.overflow, 0
        for _, wire in sender.wires:
            reached += wire.lanes[0].push(moment, block, size, overflow=overflow)
        on_send = sender.fabric.on_send
        if on_send is not None:
            on_send("publish", sender.label, bytes(block))
        return reached

    def __del__(self) -> None:
        if self._sender is not None:
            self._sender.loans -= 1


class RawSubscriber:
    """Takes payloads. Its slot is free when the last reference is gone."""

    __slots__ = ("_membership", "_receiver")

    def __init__(self, membership: Membership[Topic]) -> None:
        """Raises ``Refused`` when there are as many as may be."""
        topic = membership.of
        limits = topic.limits
        if len(topic.takers) >= limits.max_subscribers:
            raise Refused("ExceedsMaxSupportedSubscribers")
        self._membership = membership
        self._receiver = receiver = Receiver(topic.fabric, limits.max_borrowed)
        topic.takers.append(receiver)
        topic.arrivals += 1

    def receive(self) -> Taken | None:
        """What has waited longest, or what the fabric chooses."""
        found = self._receiver.receive()
        return None if found is None else Taken(found[1], found[0], self._membership)

    def has_samples(self) -> bool:
        """Whether anything waits."""
        return self._receiver.has_data()

    def __del__(self) -> None:
        receiver = getattr(self, "_receiver", None)
        if receiver is not None:  # else: there were too many
            topic = self._membership.of
            topic.takers.remove(receiver)
            for sender in topic.senders:
                sender.wires = [one for one in sender.wires if one[0] is not receiver]
