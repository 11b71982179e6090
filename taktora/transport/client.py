"""Sending requests and taking their responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from taktora.closing import Closing
from taktora.errors import BorrowLimitReached, IpcError, PortClosed
from taktora.transport.outcome import NotifyOutcome, outcome_of
from taktora.transport.port import Port
from taktora.transport.received import Received
from taktora.transport.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taktora.errors import ChannelError
    from taktora.transport.outlet import Outlet
    from taktora.transport.raised import Raised
    from taktora.transport.service import Service

__all__ = ["Client", "PendingResponse", "Response"]


class Client(Port):
    """Sends requests to every server of a service. Any thread may send."""

    role: ClassVar[str] = "client"

    __slots__ = (
        "_kind",
        "_limits",
        "_loan",
        "_notifier",
        "_notify",
        "_outlet",
        "_pending",
        "_raised",
        "_raw",
        "drained",
        "wakeup",
    )

    drained: bool
    """Whether the latest take from any pending response found nothing."""
    wakeup: Wakeup
    """For a driver that waits: fires when a response was sent or an exchange was finished."""

    def __init__(
        self,
        service: Service,
        raw: Any,
        listener: Any,
        notifier: Any,
        *,
        lend: Callable[..., Any],
        outlet: Outlet,
        raised: Raised,
    ) -> None:
        """Called by the transport, for :meth:`Service.client`."""
        self._raw = raw
        self._notifier = notifier
        self._kind = service.response_kind
        self._limits = service.limits
        self._outlet = outlet
        self._raised = raised
        self._loan: Callable[..., Any] = lend
        self._notify: Callable[[], int] = notifier.notify
        self._pending = service.node.held.like()
        self.drained = True
        self.wakeup = Wakeup(self.role, listener, self, raised.listen)
        super().__init__(service.node, service.name, service.label)

    def send_copy(self, request: Any) -> PendingResponse:
        """Send a copy of ``request`` and notify whoever serves.

        With no server there the request is lost, and the result's ``outcome`` says so.

        Raises:
            WrongType, InvalidArgument, PayloadTooLarge: as :meth:`Publisher.send_copy`.
            BorrowLimitReached: ``max_active_requests`` are open; drop a pending response.
            PortClosed: the client or its node was closed.
        """
        return self._send(self._outlet.filled(self, request))

    def loan_send(
        self, fill: Callable[[Any], object], size: int | None = None
    ) -> PendingResponse | None:
        """Let ``fill(payload)`` write a zeroed request in shared memory, then send it.

        ``fill`` returning exactly ``False`` sends nothing and gives ``None``. Arguments and
        errors are those of :meth:`Publisher.loan_send`.
        """
        loaned = self._outlet.write(self, fill, size)
        return None if loaned is None else self._send(loaned)

    def _send(self, initialised: Any) -> PendingResponse:
        try:
            raw = initialised.send()
        except self._raised.request as exc:
            raise self._refused(exc) from exc
        servers = raw.number_of_server_connections
        try:
            listeners = self._notify() if servers else 0
        except self._raised.notify as exc:
            raise IpcError(f"{self._label}: sent, but servers were not told: {exc}") from exc
        outcome = outcome_of(servers > 0, listeners, servers)
        pending = PendingResponse(raw, self, outcome)
        self._pending.add(pending)
        self.track(pending)
        return pending

    def _refused(self, error: Any) -> ChannelError:
        reason = str(error)
        if "ExceedsMaxActiveRequests" in reason:
            return BorrowLimitReached(
                f"{self._label}: {self._limits.max_active_requests} requests of this client are "
                f"open already; drop a pending response, or create the service with a higher "
                f"max_active_requests"
            )
        return IpcError(f"{self._label}: iceoryx2 could not send: {reason}")

    def take_response(self, raw: Any) -> Response | None:
        """Called by :meth:`PendingResponse.take`."""
        try:
            received = raw.receive()
        except self._raised.receive as exc:
            if "ExceedsMaxBorrow" in str(exc):
                raise BorrowLimitReached(
                    f"{self._label}: {self._limits.max_borrowed} responses of this request are "
                    f"held already, views of their payloads included; drop some, or create the "
                    f"service with a higher max_borrowed"
                ) from exc
            raise IpcError(f"{self._label}: iceoryx2 could not receive: {exc}") from exc
        if received is None:
            self.drained = True
            return None
        self.drained = False
        response = Response(received, self._kind)
        self.track(response)
        return response

    def _has_data(self) -> bool:
        return self._raw is not None and any(
            pending.has_response for pending in self._pending.alive()
        )

    @property
    def closed(self) -> bool:
        """Whether the client, or its node, was closed."""
        return self._raw is None

    def _let_go(self) -> None:
        self._loan = self._notify = self._refusal()
        self._raw = self._notifier = None
        self.wakeup._let_go()  # noqa: SLF001
        for pending in self._pending.alive():
            pending.close()


class PendingResponse(Closing):
    """A request on its way and the responses to it. Iterating takes until none is left.

    Dropping or closing it tells the server that nobody waits any more. Any thread may take.
    """

    __slots__ = ("__weakref__", "_client", "_raw", "outcome")

    outcome: NotifyOutcome
    """What became of the request; ``subscribers_reached`` counts the servers that got it."""

    def __init__(self, raw: Any, client: Client, outcome: NotifyOutcome) -> None:
        """Called by :meth:`Client.send_copy`."""
        self._raw = raw
        self._client = client
        self.outcome = outcome

    def take(self) -> Response | None:
        """The oldest response that waits, or ``None``. Never blocks.

        Raises:
            BorrowLimitReached: ``max_borrowed`` responses are held already.
            PortClosed: this, the client or its node was closed.
        """
        raw = self._raw
        if raw is None:
            raise PortClosed(f"this pending response of {self._client!r} is closed; send again")
        return self._client.take_response(raw)

    def __iter__(self) -> Iterator[Response]:
        while (response := self.take()) is not None:
            yield response

    @property
    def has_response(self) -> bool:
        """Whether :meth:`take` would find one now."""
        raw = self._raw
        return raw is not None and bool(raw.has_response)

    @property
    def is_connected(self) -> bool:
        """Whether a server still has the request, so that more may come. Read it before taking."""
        raw = self._raw
        return raw is not None and bool(raw.is_connected)

    @property
    def closed(self) -> bool:
        """Whether this, the client or its node was closed."""
        return self._raw is None

    def close(self) -> None:
        """Give up waiting. Closing twice is fine; responses already taken stay valid."""
        self._raw = None

    def _let_go(self) -> None:
        self._raw = None

    def __repr__(self) -> str:
        state = "closed" if self.closed else "connected" if self.is_connected else "ended"
        return f"<PendingResponse of {self._client!r}, {state}>"


class Response(Received):
    """One response that a client took."""

    __slots__ = ()
