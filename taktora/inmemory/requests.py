"""Request and response: the client's raw objects."""

from __future__ import annotations

import ctypes
from collections import deque
from typing import TYPE_CHECKING

from taktora.inmemory.blocks import Taken, new_block
from taktora.inmemory.exchanges import Exchange, Request
from taktora.inmemory.refused import Refused
from taktora.inmemory.wires import Lane, Receiver, Wire
from taktora.transport.outlet import MAX_LOANS

if TYPE_CHECKING:
    from taktora.inmemory.names import Membership

__all__ = ["RawClient", "RawPending"]

_address = ctypes.addressof


class _Asking:
    """A client's ends of all its wires; lives as long as the client or anything it sent or took."""

    __slots__ = (
        "_seen",
        "active",
        "exchange",
        "free_lanes",
        "label",
        "loans",
        "membership",
        "next_number",
        "number",
        "outgoing",
        "responses",
    )

    def __init__(self, membership: Membership[Exchange]) -> None:
        exchange = membership.of
        limits = exchange.limits
        self.number: int | None = None
        self.membership = membership
        self.exchange = exchange
        self.responses = Receiver(exchange.fabric, limits.max_borrowed)
        self.outgoing: dict[int, tuple[int, Wire, Wire]] = {}
        """By the server's slot: its number, the wire to it and the wire from it."""
        lanes = limits.max_servers * 2 * limits.max_active_requests + MAX_LOANS
        self.free_lanes = deque(range(lanes))
        self.active = self.loans = self.next_number = 0
        self._seen = -1
        self.number, self.label = exchange.enter(exchange.clients, "client")
        self.update()

    def update(self) -> None:
        """Lay wires to new servers, and let go of those to servers that have gone."""
        servers = self.exchange.servers
        if self._seen == servers.changes:
            return
        self._seen = servers.changes
        here = dict(servers.by_slot())
        for slot, (server, _, incoming) in sorted(self.outgoing.items()):
            if here.get(slot) != server:
                del self.outgoing[slot]
                self.responses.expire(incoming)
        assert self.number is not None
        for slot, server in here.items():
            if slot not in self.outgoing:
                incoming = self.exchange.wire(server, self.number)
                outgoing = self.exchange.wire(self.number, server)
                self.outgoing[slot] = server, outgoing, incoming
                self.responses.wires.append(incoming)

    def lanes(self, number: int) -> list[Lane]:
        """That lane of every wire that responses come through."""
        return [wire.lane(number) for wire in self.responses.wires]

    def __del__(self) -> None:
        if self.number is not None:
            self.exchange.leave(self.exchange.clients, self.number)


class RawClient:
    """Lends requests."""

    __slots__ = ("_asking",)

    def __init__(self, membership: Membership[Exchange]) -> None:
        """Raises ``Refused`` when there are as many as may be."""
        self._asking = _Asking(membership)

    @property
    def label(self) -> str:
        """What :attr:`Fabric.choose` is told."""
        return self._asking.label

    def lend(self, size: int | None = None) -> _Loan:
        """A request to write to; ``size`` in bytes where each payload has its own."""
        kind = self._asking.exchange.kinds[0]
        return _Loan(self._asking, size if size is not None else kind.size)


class _Loan:
    """A request on loan."""

    __slots__ = ("_asking", "_lane", "_number", "block", "payload_ptr")

    def __init__(self, asking: _Asking, size: int | None) -> None:
        assert size is not None
        self._asking: _Asking | None = None
        if asking.loans >= MAX_LOANS:
            raise Refused("ExceedsMaxLoans")
        asking.loans += 1
        self._asking = asking
        self._lane = asking.free_lanes.popleft()
        self._number = asking.next_number
        asking.next_number += 1
        self.block = new_block(size)
        self.payload_ptr = _address(self.block)

    def send(self) -> RawPending:
        """Send it to every server whose buffer has room."""
        asking = self._asking
        assert asking is not None
        exchange = asking.exchange
        most = exchange.limits.max_active_requests
        if asking.active >= most:
            raise Refused("ExceedsMaxActiveRequests")
        asking.update()
        for lane in asking.lanes(self._lane):
            if lane.open_for is None:
                lane.open_for = self._number
        asking.active += 1
        assert asking.number is not None
        request = Request(self.block, asking.number, self._lane, self._number)
        moment, reached = exchange.fabric.moment(), 0
        for _, outgoing, _ in asking.outgoing.values():
            reached += outgoing.lanes[0].push(moment, request, most, overflow=False)
        asking.loans -= 1
        self._asking = None
        on_send = exchange.fabric.on_send
        if on_send is not None:
            on_send("request", exchange.name, bytes(self.block))
        return RawPending(asking, self._lane, self._number, reached)

    def __del__(self) -> None:
        if self._asking is not None:
            self._asking.loans -= 1
            self._asking.free_lanes.append(self._lane)


class RawPending:
    """A request that was sent. Nobody waits any more when the last reference is gone."""

    __slots__ = ("_asking", "_lane", "_number", "number_of_server_connections")

    def __init__(self, asking: _Asking, lane: int, number: int, reached: int) -> None:
        self._asking = asking
        self._lane = lane
        self._number = number
        self.number_of_server_connections = reached

    @property
    def has_response(self) -> bool:
        """Whether anything waits."""
        return self._asking.responses.has_data(self._lane)

    @property
    def is_connected(self) -> bool:
        """Whether a server still has the request."""
        return any(lane.open_for == self._number for lane in self._asking.lanes(self._lane))

    def receive(self) -> Taken | None:
        """The next response; what is left of an earlier request on the lane is passed over."""
        asking = self._asking
        while True:
            asking.update()
            found = asking.responses.receive(self._lane)
            if found is None:
                return None
            lane, (block, number) = found
            if number == self._number:
                return Taken(block, lane, asking)

    def __del__(self) -> None:
        asking = self._asking
        asking.active -= 1
        for lane in asking.lanes(self._lane):
            if lane.open_for == self._number:
                lane.open_for = None
        asking.free_lanes.append(self._lane)
