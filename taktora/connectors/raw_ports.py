"""Ports that carry bytes in envelopes, without a codec: what a gateway passes on."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attrs import frozen

from taktora.connectors.envelope import HEADER_SIZE
from taktora.connectors.frame_reader import FrameReader
from taktora.connectors.frame_writer import FrameWriter
from taktora.connectors.framing import check_correlation_id, octets
from taktora.errors import CodecError, InvalidArgument, PayloadOverflow, TaktoraError, WrongType

if TYPE_CHECKING:
    from taktora.transport.outcome import NotifyOutcome

__all__ = ["RawReader", "RawReceived", "RawWriter"]


class RawWriter(FrameWriter):
    """Sends bytes, each in an envelope. Any thread; made by a :class:`ServiceFactory`."""

    __slots__ = ()

    def send(
        self,
        payload: Any,
        *,
        correlation_id: bytes | None = None,
        reserved: int = 0,
        sequence: int | None = None,
        timestamp_ns: int | None = None,
    ) -> NotifyOutcome:
        """Send one payload. Never blocks; what raises has sent nothing and used up no number.

        Args:
            payload: anything bytes-like.
            correlation_id: up to 32 bytes that arrive with it, filled up with zeros.
            reserved: for the protocol; up to 32 bits.
            sequence: its number, if it has one already; those that follow count on from it.
            timestamp_ns: when it was sent, if not now.

        Raises:
            PortClosed: the writer or its node was closed.
            WrongType: the payload is not bytes-like.
            PayloadOverflow: it has more than ``max_payload`` bytes.
            BackPressure: the channel does not overflow, and every reader's buffer is full.
            ConnectorDown: nobody reads and somebody must.
            InvalidArgument: a number that has no room in an envelope, or a bad correlation id.
        """
        try:
            self._publisher.refuse_if_closed()
            if correlation_id is not None:
                check_correlation_id(correlation_id)
            body = _bytes_of(payload)
            if len(body) > self.max_payload:
                raise PayloadOverflow(len(body), self.max_payload)
            return self._transmit(body, correlation_id, reserved, sequence, timestamp_ns)
        except TaktoraError as error:
            self._note(error)
            raise
        except struct.error as error:
            refusal = InvalidArgument(
                f"an envelope has no room for reserved={reserved!r}, sequence={sequence!r}, "
                f"timestamp_ns={timestamp_ns!r}: {error}"
            )
            self._note(refusal)
            raise refusal from error

    def forward(self, frame: bytes | bytearray) -> NotifyOutcome:
        """Send a frame that has its header already, as it is, damaged or not.

        Its readers examine it. The writer's own numbers go on as if it had not been.

        Raises:
            PortClosed: the writer or its node was closed.
            WrongType: it is not bytes-like.
            PayloadOverflow: it is longer than a header and ``max_payload`` bytes.
            BackPressure, ConnectorDown: as :meth:`send`.
        """
        try:
            self._publisher.refuse_if_closed()
            whole = bytes(_bytes_of(frame))
            if len(whole) > HEADER_SIZE + self.max_payload:
                raise PayloadOverflow(len(whole) - HEADER_SIZE, self.max_payload)
            with self._lock:
                outcome = self._publisher.send_copy(whole)
                if not outcome.subscribers_reached:
                    self._unheard(outcome)
                self._messages += 1
                self._bytes += max(0, len(whole) - HEADER_SIZE)
        except TaktoraError as error:
            self._note(error)
            raise
        return outcome


@frozen
class RawReceived:
    """A payload in shared memory, and what its envelope says."""

    payload: memoryview
    """Read-only, and borrowed from the writer as long as anything looks at it."""
    sequence: int
    """Its number among those of its writer: 0, 1, 2, ..."""
    timestamp_ns: int
    """When it was sent: nanoseconds since 1970, UTC."""
    correlation_id: bytes | None
    """The 32 bytes that it was sent with; ``None``: without any, or with zeros only."""
    reserved: int
    """What the protocol put there."""


class RawReader(FrameReader):
    """Takes payloads as they are. Any thread; made by a :class:`ServiceFactory`.

    It wakes items as a subscriber does: ``on.subscriber(reader)``. Iterating takes until nothing is
    left.
    """

    __slots__ = ()

    def try_recv(self) -> RawReceived | None:
        """The oldest payload that waits, or ``None``. Never blocks, never copies.

        A damaged frame is counted and passed over; whatever it holds, it raises nothing here.

        Raises:
            BorrowLimitReached: 16 payloads are held already.
            PortClosed: the reader or its node was closed.
        """
        while True:
            with self._lock:
                found = self._next()
                if found is None:
                    return None
                if not isinstance(found, str):
                    frame, (sequence, timestamp, correlation, length, reserved) = found
                    self._messages += 1
                    self._bytes += length
                    payload = frame[HEADER_SIZE : HEADER_SIZE + length]
                    return RawReceived(payload, sequence, timestamp, correlation, reserved)
            self._complain(found)

    def __iter__(self) -> Iterator[RawReceived]:
        while (received := self.try_recv()) is not None:
            yield received


def _bytes_of(payload: Any) -> bytes | memoryview:
    try:
        return octets(payload, "raw")
    except CodecError as error:
        raise WrongType(f"a raw writer sends what is bytes-like: {error.reason}") from None
