"""Sending on a channel: by copy, or by writing in shared memory."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from taktora.errors import IpcError
from taktora.transport.loan import Loan
from taktora.transport.outcome import NotifyOutcome, outcome_of
from taktora.transport.port import Port

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.transport.channel import Channel
    from taktora.transport.outlet import Outlet
    from taktora.transport.raised import Raised

__all__ = ["Publisher"]

_NOT_SENT = NotifyOutcome(sent=False, listeners_notified=0)
_byref, _memmove = ctypes.byref, ctypes.memmove


class Publisher(Port):
    """Sends payloads to every subscriber of a channel and wakes whoever waits for them.

    Sending never blocks: when a subscriber's buffer is full, the channel's ``overflow`` decides
    who loses. Payloads of one publisher arrive in the order sent. Any thread may send; a call
    that raises has sent nothing.
    """

    role: ClassVar[str] = "publisher"

    __slots__ = (
        "_assume_init",
        "_exact",
        "_loan",
        "_notifier",
        "_notify",
        "_outlet",
        "_overflow",
        "_raised",
        "_raw",
        "_service",
        "_size",
        "_source",
        "last_outcome",
    )

    last_outcome: NotifyOutcome | None
    """What became of the latest ``loan()``; ``None`` before the first one."""

    def __init__(
        self,
        channel: Channel,
        raw: Any,
        notifier: Any,
        *,
        lend: Callable[..., Any],
        outlet: Outlet,
        service: Any,
        raised: Raised,
    ) -> None:
        """Called by the transport, for :meth:`Channel.publisher`."""
        kind = channel.kind
        self._raw = raw
        self._notifier = notifier
        self._service = service
        self._overflow = channel.limits.overflow
        self._outlet = outlet
        self._assume_init = outlet.assume_init
        self._raised = raised
        self._exact, self._source = kind.exact, kind.source
        self._size: Any = kind.size
        self._loan: Callable[..., Any] = lend
        self._notify: Callable[[], int] = notifier.notify
        self.last_outcome = None
        super().__init__(channel.node, channel.name, kind.label)

    def send_copy(self, value: Any) -> NotifyOutcome:
        """Publish a copy of ``value`` and notify whoever listens.

        Args:
            value: an instance of the channel's ctypes type; for a ctypes scalar also a plain
                number; for ``bytes`` anything bytes-like; for a numpy dtype an array of that
                dtype and shape.

        Raises:
            WrongType: not the channel's payload type.
            InvalidArgument: a number that the scalar type cannot hold.
            PayloadTooLarge: more than ``max_bytes``.
            BorrowLimitReached: all loans of this publisher are in use.
            PortClosed: the publisher or its node was closed.
        """
        if type(value) is self._exact:
            source: Any = _byref(value)
        elif self._size is None:
            return self._send(self._outlet.filled(self, value))
        else:
            source = self._source(value)
        try:
            raw = self._loan()
        except self._raised.loan as exc:
            raise self._outlet.refused(exc) from exc
        _memmove(raw.payload_ptr, source, self._size)
        try:
            reached = self._assume_init(raw).send()
            if reached or self._overflow:
                return outcome_of(True, self._notify(), reached)
        except (self._raised.send, self._raised.notify) as exc:
            if self._raw is None:  # another thread has closed it meanwhile
                self._refuse()
            raise self._not_sent(exc) from exc
        return self._undelivered()

    def send_parts(self, head: bytes, body: bytes | memoryview) -> NotifyOutcome:
        """Publish ``head`` with ``body`` behind it as one payload, joined in shared memory only.

        For ``bytes`` channels. A ``body`` that is a memoryview must be one of plain bytes.

        Raises:
            PayloadTooLarge, BorrowLimitReached, PortClosed: as :meth:`send_copy`.
        """
        return self._send(self._outlet.joined(self, head, body))

    def loan_send(self, fill: Callable[[Any], object], size: int | None = None) -> NotifyOutcome:
        """Let ``fill(payload)`` write a zeroed payload in shared memory, then publish it.

        ``fill`` returning exactly ``False`` sends nothing: ``NotifyOutcome(False, 0)``. When it
        raises, nothing is sent and the exception passes through. ``payload`` must not be used
        after ``fill`` returns.

        Args:
            fill: gets the ctypes instance, a writable memoryview (``bytes``) or an ndarray.
            size: bytes to loan; for ``bytes`` channels only.

        Raises:
            PayloadTooLarge, BorrowLimitReached, PortClosed: as :meth:`send_copy`.
        """
        loaned = self._outlet.write(self, fill, size)
        return _NOT_SENT if loaned is None else self._send(loaned)

    def loan(self, size: int | None = None) -> Loan:
        """A context manager whose payload is written in shared memory and sent on a clean exit.

        The memory is *not* zeroed: it holds what an earlier payload left there. An exception in
        the block drops the payload unsent. Afterwards the payload is spent (a memoryview is
        released, an array made read-only), and the outcome is in the loan's ``outcome`` and in
        :attr:`last_outcome`.

        Args:
            size: bytes to loan; for ``bytes`` channels only.

        Raises:
            PayloadTooLarge, BorrowLimitReached, PortClosed: on entering; as :meth:`send_copy`.
        """
        return Loan(self, size)

    def connect(self) -> None:
        """Connect to new subscribers now, giving them the history, instead of at the next send.

        Happens by itself for subscribers of this process. What cannot be connected now is tried
        again at the next send; on a closed publisher this does nothing.
        """
        raw = self._raw
        if raw is not None:
            with suppress(self._raised.connect):
                raw.update_connections()

    def _open_loan(self, size: int | None) -> Any:
        return self._outlet.open(self, size)

    def _send(self, initialised: Any) -> NotifyOutcome:
        try:
            reached = initialised.send()
            if reached or self._overflow:
                return outcome_of(True, self._notify(), reached)
        except (self._raised.send, self._raised.notify) as exc:
            if self._raw is None:  # another thread has closed it meanwhile
                self._refuse()
            raise self._not_sent(exc) from exc
        return self._undelivered()

    def _undelivered(self) -> NotifyOutcome:
        """What it means that nobody took a sample of a channel that does not overflow."""
        service = self._service
        if service is None:
            self._refuse()
        if service.dynamic_config.number_of_subscribers:
            return _NOT_SENT
        return outcome_of(True, self._notify(), 0)

    def _not_sent(self, error: Exception) -> IpcError:
        if isinstance(error, self._raised.send):
            return IpcError(f"{self._label}: iceoryx2 could not send: {error}")
        return IpcError(f"{self._label}: sent, but listeners were not told: {error}")

    @property
    def subscriber_count(self) -> int:
        """Subscribers of its channel at this moment, in all processes together.

        Those of a process that was killed count until a node has cleaned up behind it; see
        :meth:`BaseNode.notice_deaths`.

        Raises:
            PortClosed: the publisher or its node was closed.
        """
        service = self._service
        if service is None:
            self._refuse()
        return int(service.dynamic_config.number_of_subscribers)

    @property
    def closed(self) -> bool:
        """Whether the publisher, or its node, was closed."""
        return self._raw is None

    def _let_go(self) -> None:
        if self._raw is not None and self._size is None and self._node.rescue(self.name):
            with suppress(self._raised.notify):
                self._notify()  # for a subscriber that looked while its sample was on the move
        self._loan = self._notify = self._refusal()
        self._raw = self._notifier = self._service = None

    def __del__(self) -> None:
        if getattr(self, "_node", None) is not None:  # else: creating it failed
            self._let_go()
