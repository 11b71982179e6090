"""The sending end that typed and raw writers share: numbers, envelopes, refusals, counters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from taktora.closing import Closing
from taktora.connectors.envelope import Checksum, compose
from taktora.errors import BackPressure, ConnectorDown
from taktora.observe.port_stats import PortStats

if TYPE_CHECKING:
    from taktora.transport.node import BaseNode
    from taktora.transport.outcome import NotifyOutcome
    from taktora.transport.publisher import Publisher

__all__ = ["FrameWriter"]


class FrameWriter(Closing):
    """Numbers frames and sends them, one at a time. Any thread may send."""

    role: ClassVar[str] = "publisher"
    """What it is to an item that holds one: see ``Executor.topology``."""

    __slots__ = (
        "__weakref__",
        "_bytes",
        "_checksum",
        "_clock",
        "_last_error",
        "_lock",
        "_messages",
        "_must_reach",
        "_publisher",
        "_sequence",
        "max_payload",
        "name",
    )

    name: str
    """Of its channel in shared memory, ``.in`` or ``.out`` included."""
    max_payload: int
    """Most bytes that one payload may take."""

    def __init__(
        self,
        publisher: Publisher,
        max_payload: int,
        *,
        clock: Callable[[], int],
        must_reach: bool,
        checksum: Checksum,
    ) -> None:
        self.name = publisher.name
        self.max_payload = max_payload
        self._publisher = publisher
        self._clock = clock
        self._must_reach = must_reach
        self._checksum: Checksum = checksum
        self._lock = threading.Lock()
        self._sequence = 0
        self._messages = self._bytes = 0
        self._last_error: str | None = None

    def _transmit(
        self,
        body: bytes | memoryview,
        correlation_id: bytes | None,
        reserved: int = 0,
        sequence: int | None = None,
        timestamp_ns: int | None = None,
    ) -> NotifyOutcome:
        """Send ``body`` behind its header; both are written straight into shared memory."""
        with self._lock:
            number = self._sequence if sequence is None else sequence
            now = self._clock() if timestamp_ns is None else timestamp_ns
            head = compose(body, number, now, correlation_id, reserved, checksum=self._checksum)
            outcome = self._publisher.send_parts(head, body)
            if not outcome.subscribers_reached:
                self._unheard(outcome)
            self._sequence = number + 1
            self._messages += 1
            self._bytes += len(body)
        return outcome

    def _unheard(self, outcome: NotifyOutcome) -> None:
        """Raise if a frame that reached nobody counts as refused."""
        if not outcome.sent:
            raise BackPressure(
                f"channel {self.name!r}: the buffer of every reader is full; send again when one "
                "has read"
            )
        if self._must_reach:
            raise ConnectorDown("no gateway reads what it sends", f"channel {self.name!r}")

    def _note(self, error: Exception) -> None:
        self._last_error = f"{type(error).__name__}: {error}"

    @property
    def node(self) -> BaseNode:
        """The node that owns it."""
        return self._publisher.node

    @property
    def readers(self) -> int:
        """Readers of its channel at this moment, in all processes together.

        Those of a process that was killed count until its node's ``notice_deaths`` has done its work.

        Raises:
            PortClosed: the writer or its node was closed.
        """
        return self._publisher.subscriber_count

    @property
    def closed(self) -> bool:
        """Whether the writer, or its node, was closed."""
        return self._publisher.closed

    def stats(self) -> PortStats:
        """What was counted. Any thread."""
        return PortStats(messages=self._messages, bytes=self._bytes, last_error=self._last_error)

    def close(self) -> None:
        """Free its place on the channel; later sends raise ``PortClosed``. Closing twice is fine."""
        self._publisher.close()

    def __repr__(self) -> str:
        closed = ", closed" if self.closed else ""
        return f"<{type(self).__name__} of {self.name!r}, {self._messages} sent{closed}>"

    def _refuse_if_closed(self) -> Any:
        self._publisher.refuse_if_closed()
