"""Receiving on a channel."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import ref

from taktora.errors import BorrowLimitReached, IpcError, PortClosed
from taktora.transport.memory import shared_view
from taktora.transport.port import Port
from taktora.transport.received import Sample
from taktora.transport.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taktora.errors import ChannelError
    from taktora.transport.channel import Channel
    from taktora.transport.raised import Raised

__all__ = ["Subscriber"]


class Subscriber(Port):
    """Receives the payloads of every publisher of a channel, each publisher's in order.

    Any thread may take; each sample goes to one taker. Iterating takes until nothing is left.

    iceoryx2's publishers take back what a subscriber holds when it goes. So one that is closed, or
    dropped, while samples of it or views of their payloads are held goes with the last of them.
    Until then it has its slot, and publishers reach it: where ``overflow`` is off until its buffer
    is full, after which they pass it over. Its listener goes at once.
    """

    role: ClassVar[str] = "subscriber"

    __slots__ = (
        "_forget",
        "_kind",
        "_limit",
        "_raised",
        "_raw",
        "_receive",
        "_refs",
        "_rescued",
        "_service",
        "drained",
        "wakeup",
    )

    drained: bool
    """Whether the latest :meth:`take` found nothing; ``True`` before the first one."""
    wakeup: Wakeup
    """For a driver that waits: fires when something was published."""

    def __init__(
        self, channel: Channel, raw: Any, listener: Any, *, service: Any, raised: Raised
    ) -> None:
        """Called by the transport, for :meth:`Channel.subscriber`."""
        self._raw = raw
        self._service = service
        self._kind = kind = channel.kind
        self._limit = channel.limits.max_borrowed
        self._raised = raised
        self._receive: Callable[[], Any] = raw.receive
        held = channel.node.held
        self._refs, self._forget = held.refs, held.forget
        self._rescued: deque[Any] = deque()
        self.drained = True
        self.wakeup = Wakeup(self.role, listener, self, raised.listen)
        super().__init__(channel.node, channel.name, kind.label)

    def take(self) -> Sample | None:
        """The oldest sample that waits, or ``None``. Never blocks.

        Raises:
            BorrowLimitReached: ``max_borrowed`` samples are held already.
            PortClosed: the subscriber or its node was closed.
        """
        port = self._raw  # before a thread that closes this can let go of it
        try:
            raw = (self._take_rescued() if self._rescued else None) or self._receive()
        except self._raised.receive as exc:
            raise self._refused(exc) from exc
        if raw is None:
            self.drained = True
            return None
        self.drained = False
        sample = Sample(raw, self._kind, port)
        self._refs.add(ref(sample, self._forget))
        return sample

    def take_bytes(self) -> tuple[memoryview, int] | None:
        """As :meth:`take`: the sample's ``view`` and its ``publisher_id``, without a sample.

        For who looks at every payload of a busy ``bytes`` channel; it saves a quarter of the time.
        The payload is borrowed as long as anything looks at the view.

        Raises:
            BorrowLimitReached, PortClosed: as :meth:`take`.
        """
        port = self._raw
        try:
            raw = (self._take_rescued() if self._rescued else None) or self._receive()
        except self._raised.receive as exc:
            raise self._refused(exc) from exc
        if raw is None:
            self.drained = True
            return None
        self.drained = False
        header = raw.header
        view = shared_view(raw.payload_ptr, header.number_of_elements, raw, port)
        return view, header.publisher_id.value

    def __iter__(self) -> Iterator[Sample]:
        while (sample := self.take()) is not None:
            yield sample

    def _refused(self, error: Any) -> ChannelError:
        reason = str(error)
        if "ExceedsMaxBorrow" in reason:
            return BorrowLimitReached(
                f"{self._label}: {self._limit} samples of this subscriber are held already, "
                f"views of their payloads included; drop some, copy what you keep, or create the "
                f"channel with a higher max_borrowed"
            )
        return IpcError(f"{self._label}: iceoryx2 could not receive: {reason}")

    def connect(self) -> None:
        """Connect to new publishers now instead of at the next take.

        Happens by itself for publishers of this process. On a closed subscriber it does nothing.
        """
        with suppress(self._raised.connect):
            self._has_data()

    def rescue(self) -> bool:
        """Receive what waits and keep it for :meth:`take`: its publisher is about to go.

        A growing publisher takes along what no subscriber has looked at yet. Returns whether
        there was anything.
        """
        rescued = self._rescued
        with suppress(self._raised.receive, PortClosed):
            while (raw := self._receive()) is not None:
                rescued.append(raw)
        return bool(rescued)

    def _take_rescued(self) -> Any:
        with suppress(IndexError):  # another thread took the last one
            return self._rescued.popleft()
        return None

    def _has_data(self) -> bool:
        raw = self._raw
        return raw is not None and (raw.has_samples() or bool(self._rescued))

    @property
    def publisher_count(self) -> int:
        """Publishers of its channel at this moment, in all processes together.

        Those of a process that was killed count until a node has cleaned up behind it; see
        :meth:`BaseNode.notice_deaths`.

        Raises:
            PortClosed: the subscriber or its node was closed.
        """
        service = self._service
        if service is None:
            self._refuse()
        return int(service.dynamic_config.number_of_publishers)

    @property
    def closed(self) -> bool:
        """Whether the subscriber, or its node, was closed."""
        return self._raw is None

    def _let_go(self) -> None:
        self._receive = self._refusal()
        self._raw = self._service = None
        self._rescued.clear()
        self.wakeup._let_go()  # noqa: SLF001
