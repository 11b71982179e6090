"""Request and response: what a service's name stands for, and the server's raw objects."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from taktora.inmemory.blocks import Block, Taken, new_block
from taktora.inmemory.refused import Refused
from taktora.inmemory.slots import Slots
from taktora.inmemory.wires import Lane, Receiver, Wire
from taktora.transport.outlet import MAX_LOANS

if TYPE_CHECKING:
    from taktora.inmemory.fabric import Fabric
    from taktora.inmemory.names import Membership
    from taktora.transport.kind import PayloadKind
    from taktora.transport.limits import ServiceLimits

__all__ = ["Exchange", "RawServer", "Request"]

_address = ctypes.addressof


class Exchange:
    """What a service's name stands for."""

    __slots__ = (
        "__weakref__",
        "_labels",
        "_ports",
        "_wires",
        "clients",
        "fabric",
        "kinds",
        "limits",
        "name",
        "servers",
    )

    def __init__(
        self,
        fabric: Fabric,
        name: str,
        kinds: tuple[PayloadKind, PayloadKind],
        limits: ServiceLimits,
    ) -> None:
        self.fabric = fabric
        self.name = name
        self.kinds = kinds
        self.limits = limits
        self.clients = Slots(limits.max_clients)
        self.servers = Slots(limits.max_servers)
        self._ports = 0
        self._labels: dict[int, str] = {}
        self._wires: WeakValueDictionary[tuple[int, int], Wire] = WeakValueDictionary()

    def enter(self, slots: Slots, role: str) -> tuple[int, str]:
        """The number and label of a new port.

        Raises:
            Refused: there are as many as may be.
        """
        self._ports += 1
        if slots.take(self._ports) is None:
            raise Refused(f"ExceedsMaxSupported{role.capitalize()}s")
        label = self._labels[self._ports] = self.fabric.label(self.name, role)
        return self._ports, label

    def leave(self, slots: Slots, port: int) -> None:
        """A port has gone."""
        slots.give_back(port)
        del self._labels[port]

    def wire(self, sender: int, receiver: int) -> Wire:
        """The wire between two ports, laid by whichever asks first."""
        wire = self._wires.get((sender, receiver))
        if wire is None:
            wire = self._wires[sender, receiver] = Wire(self._labels[sender])
        return wire


class Request:
    """A request on its way."""

    __slots__ = ("block", "client", "lane", "number")

    def __init__(self, block: Block, client: int, lane: int, number: int) -> None:
        self.block = block
        self.client = client
        self.lane = lane
        self.number = number


class _Answering:
    """A server's ends of all its wires; lives as long as the server or a request it took."""

    __slots__ = ("_seen", "exchange", "label", "membership", "number", "outgoing", "requests")

    def __init__(self, membership: Membership[Exchange]) -> None:
        exchange = membership.of
        self.number: int | None = None
        self.membership = membership
        self.exchange = exchange
        self.requests = Receiver(exchange.fabric, exchange.limits.max_active_requests)
        self.outgoing: dict[int, tuple[int, Wire, Wire]] = {}
        """By the client's slot: its number, the wire to it and the wire from it."""
        self._seen = -1
        self.number, self.label = exchange.enter(exchange.servers, "server")
        self.update()

    def update(self) -> None:
        """Lay wires to new clients, and let go of those to clients that have gone."""
        clients = self.exchange.clients
        if self._seen == clients.changes:
            return
        self._seen = clients.changes
        here = dict(clients.by_slot())
        for slot, (client, _, incoming) in list(self.outgoing.items()):
            if here.get(slot) != client:
                del self.outgoing[slot]
                self.requests.expire(incoming)
        assert self.number is not None
        for slot, client in here.items():
            if slot not in self.outgoing:
                incoming = self.exchange.wire(client, self.number)
                outgoing = self.exchange.wire(self.number, client)
                self.outgoing[slot] = client, outgoing, incoming
                self.requests.wires.append(incoming)

    def __del__(self) -> None:
        if self.number is not None:
            self.exchange.leave(self.exchange.servers, self.number)


class RawServer:
    """Takes requests."""

    __slots__ = ("_answering",)

    def __init__(self, membership: Membership[Exchange]) -> None:
        """Raises ``Refused`` when there are as many as may be."""
        self._answering = _Answering(membership)

    @property
    def label(self) -> str:
        """What :attr:`Fabric.choose` is told."""
        return self._answering.label

    @property
    def has_requests(self) -> bool:
        """Whether anything waits."""
        self._answering.update()
        return self._answering.requests.has_data()

    def receive(self) -> RawRequest | None:
        """The next request; one whose client has gone is passed over."""
        answering = self._answering
        while True:
            answering.update()
            found = answering.requests.receive()
            if found is None:
                return None
            lane, request = found
            for slot, (client, _, _) in answering.outgoing.items():
                if client == request.client:
                    return RawRequest(answering, lane, request, slot)
            lane.borrowed += 1  # never given back, as iceoryx2 never does


class RawRequest(Taken):
    """A request that a server took. The exchange ends with the last reference to it."""

    __slots__ = ("address", "loans")

    def __init__(self, answering: _Answering, lane: Lane, request: Request, slot: int) -> None:
        super().__init__(request.block, lane, answering)
        self.address = slot, request.lane, request.number
        """Where responses go: the client's slot, its lane, and the request's number."""
        self.loans = [0]
        """How many responses are on loan, which may outlive the request."""

    def _open_lane(self) -> Lane | None:
        """Where responses go, to whoever is in the client's slot now, if that is open."""
        slot, number, request = self.address
        found = self._owner.outgoing.get(slot)
        lane: Lane | None = None if found is None else found[1].lane(number)
        return lane if lane is not None and lane.open_for == request else None

    @property
    def is_connected(self) -> bool:
        """Whether the client still waits."""
        return self._open_lane() is not None

    def lend(self, size: int | None = None) -> RawResponseLoan:
        """A response to write to."""
        answering: _Answering = self._owner
        length = size if size is not None else answering.exchange.kinds[1].size
        return RawResponseLoan(self, answering, length)

    def __del__(self) -> None:
        super().__del__()
        lane = self._open_lane()
        if lane is not None:
            lane.open_for = None


class RawResponseLoan:
    """A response on loan."""

    __slots__ = ("_answering", "_lane", "_loans", "_number", "_slot", "block", "payload_ptr")

    def __init__(self, request: RawRequest, answering: _Answering, size: Any) -> None:
        self._loans: list[int] | None = None
        if request.loans[0] >= MAX_LOANS:
            raise Refused("ExceedsMaxLoans")
        request.loans[0] += 1
        self._loans = request.loans
        self._answering = answering
        self._slot, self._lane, self._number = request.address
        self.block = new_block(size)
        self.payload_ptr = _address(self.block)

    def send(self) -> None:
        """Let the client have it."""
        answering = self._answering
        answering.update()
        found = answering.outgoing.get(self._slot)
        if found is not None:
            exchange = answering.exchange
            found[1].lane(self._lane).push(
                exchange.fabric.moment(),
                (self.block, self._number),
                exchange.limits.response_buffer,
                overflow=True,
            )
            on_send = exchange.fabric.on_send
            if on_send is not None:
                on_send("respond", exchange.name, bytes(self.block))
        self._give_back()

    def _give_back(self) -> None:
        if self._loans is not None:
            self._loans[0] -= 1
            self._loans = None

    def __del__(self) -> None:
        self._give_back()
