"""Answering requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from taktora.errors import BorrowLimitReached, IpcError, PortClosed
from taktora.transport.outcome import NotifyOutcome, outcome_of
from taktora.transport.outlet import Outlet
from taktora.transport.port import Port
from taktora.transport.received import Received
from taktora.transport.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from taktora.errors import ChannelError
    from taktora.transport.raised import Raised
    from taktora.transport.service import Service

__all__ = ["ActiveRequest", "Server"]

_NOT_SENT = NotifyOutcome(sent=False, listeners_notified=0)


class Server(Port):
    """Takes the requests of every client of a service. Iterating takes until none is left.

    Any thread may take; each request goes to one taker of this server.
    """

    role: ClassVar[str] = "server"

    __slots__ = (
        "_kind",
        "_notifier",
        "_notify",
        "_raw",
        "_receive",
        "drained",
        "lend",
        "outlet",
        "raised",
        "wakeup",
    )

    drained: bool
    """Whether the latest :meth:`take` found nothing; ``True`` before the first one."""
    wakeup: Wakeup
    """For a driver that waits: fires when a request was sent."""
    outlet: Outlet
    """Makes responses; for :class:`ActiveRequest`."""
    lend: Callable[[Any], Callable[..., Any]]
    """The loan call of a raw request; for :class:`ActiveRequest`."""
    raised: Raised
    """What its raw objects raise; for :class:`ActiveRequest`."""

    def __init__(
        self,
        service: Service,
        raw: Any,
        listener: Any,
        notifier: Any,
        *,
        lend: Callable[[Any], Callable[..., Any]],
        outlet: Outlet,
        raised: Raised,
    ) -> None:
        """Called by the transport, for :meth:`Service.server`.

        ``lend(request)`` is the loan call of a raw request.
        """
        self._raw = raw
        self._notifier = notifier
        self._kind = service.request_kind
        self.lend = lend
        self.outlet = outlet
        self.raised = raised
        self._receive: Callable[[], Any] = raw.receive
        self._notify: Callable[[], int] = notifier.notify
        self.drained = True
        self.wakeup = Wakeup(self.role, listener, self, raised.listen)
        super().__init__(service.node, service.name, service.label)

    def take(self) -> ActiveRequest | None:
        """The oldest request that waits, or ``None``. Never blocks.

        Raises:
            BorrowLimitReached: too many requests are held already.
            PortClosed: the server or its node was closed.
        """
        try:
            raw = self._receive()
        except self.raised.receive as exc:
            raise self._refused(exc) from exc
        if raw is None:
            self.drained = True
            return None
        self.drained = False
        request = ActiveRequest(raw, self._kind, self)
        self.track(request)
        return request

    def __iter__(self) -> Iterator[ActiveRequest]:
        while (request := self.take()) is not None:
            yield request

    def notify_clients(self) -> int:
        """Wake every client; how many listeners were told."""
        try:
            return self._notify()
        except self.raised.notify as exc:
            raise IpcError(f"{self._label}: clients could not be told: {exc}") from exc

    def _refused(self, error: Any) -> ChannelError:
        reason = str(error)
        if "ExceedsMaxBorrow" in reason:
            return BorrowLimitReached(
                f"{self._label}: this server holds as many requests as it may; finish some"
            )
        return IpcError(f"{self._label}: iceoryx2 could not receive: {reason}")

    def _has_data(self) -> bool:
        raw = self._raw
        return raw is not None and bool(raw.has_requests)

    @property
    def closed(self) -> bool:
        """Whether the server, or its node, was closed."""
        return self._raw is None

    def _let_go(self) -> None:
        self._receive = self._notify = self._refusal()
        self._raw = self._notifier = None
        self.wakeup._let_go()  # noqa: SLF001


class ActiveRequest(Received):
    """A request that a server took and may answer, once or several times.

    The exchange ends when this object is dropped or :meth:`finish` is called, and nothing looks
    at its payload in shared memory any more. Any thread may respond.
    """

    __slots__ = ("_server",)

    def __init__(self, raw: Any, kind: Any, server: Server) -> None:
        """Called by :meth:`Server.take`."""
        super().__init__(raw, kind)
        self._server = server

    @property
    def is_connected(self) -> bool:
        """Whether the client still waits for responses; ``False`` once finished."""
        raw = self._raw
        return raw is not None and bool(raw.is_connected)

    def respond(self, value: Any) -> NotifyOutcome:
        """Send a copy of ``value`` to the client and wake it. May be called several times.

        A client that has gone is no error: the outcome then says ``sent=False``.

        Raises:
            WrongType, InvalidArgument, PayloadTooLarge, BorrowLimitReached: as
                :meth:`Publisher.send_copy`.
            PortClosed: finished, or the server or its node was closed.
        """
        raw = self._open()
        outlet = self._server.outlet
        return self._send(raw, outlet.filled(self, value))

    def loan_respond(self, fill: Callable[[Any], object], size: int | None = None) -> NotifyOutcome:
        """Let ``fill(payload)`` write a zeroed response in shared memory, then send it.

        ``fill`` returning exactly ``False`` sends nothing. Arguments and errors are those of
        :meth:`Publisher.loan_send`.
        """
        raw = self._open()
        outlet = self._server.outlet
        loaned = outlet.write(self, fill, size)
        return _NOT_SENT if loaned is None else self._send(raw, loaned)

    def finish(self) -> None:
        """End the exchange, and wake the client so that it sees it. Finishing twice is fine."""
        if self._raw is None:
            return
        self._raw = None
        if not self._server.closed:
            self._server.notify_clients()

    @property
    def _loan(self) -> Callable[..., Any]:
        return self._server.lend(self._raw)

    def _open(self) -> Any:
        raw = self._raw
        if raw is None or self._server.closed:
            raise PortClosed(
                f"{self._kind.label} was finished, or its server was closed; it cannot be answered"
            )
        return raw

    def _send(self, raw: Any, initialised: Any) -> NotifyOutcome:
        if not raw.is_connected:
            return _NOT_SENT
        try:
            initialised.send()
        except self._server.raised.send as exc:
            if not raw.is_connected:
                return _NOT_SENT
            raise IpcError(f"{self._kind.label}: iceoryx2 could not respond: {exc}") from exc
        return outcome_of(True, self._server.notify_clients(), 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish()
