"""The typed sending end of a connector's channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taktora.connectors.codec import BytesCodec, PayloadCodec
from taktora.connectors.envelope import HEADER_SIZE, Checksum, compose
from taktora.connectors.frame_writer import FrameWriter
from taktora.connectors.framing import check_correlation_id, octets
from taktora.errors import CodecError, PayloadOverflow, TaktoraError

if TYPE_CHECKING:
    from taktora.transport.outcome import NotifyOutcome
    from taktora.transport.publisher import Publisher

__all__ = ["ChannelWriter"]


class ChannelWriter(FrameWriter):
    """Encodes values and sends each in an envelope. Any thread; made by a :class:`ServiceFactory`."""

    __slots__ = ("_codec", "_dumps", "_gate")

    def __init__(
        self,
        publisher: Publisher,
        max_payload: int,
        codec: PayloadCodec,
        *,
        clock: Callable[[], int],
        gate: Callable[[], object] | None = None,
        must_reach: bool = False,
        checksum: Checksum = "auto",
    ) -> None:
        """Called by :meth:`ServiceFactory.create_writer`, which documents the arguments."""
        super().__init__(
            publisher, max_payload, clock=clock, must_reach=must_reach, checksum=checksum
        )
        self._codec = codec
        self._dumps: Callable[[Any], Any] | None = (
            codec.dumps if isinstance(codec, BytesCodec) else None
        )
        self._gate = gate

    def send(self, value: Any, *, correlation_id: bytes | None = None) -> NotifyOutcome:
        """Send one value. Never blocks; what raises has sent nothing and used up no number.

        Args:
            value: whatever the codec can encode.
            correlation_id: up to 32 bytes that arrive with it, filled up with zeros.

        Raises:
            PortClosed: the writer or its node was closed.
            ConnectorDown: the gate is shut, or nobody reads and somebody must.
            CodecError: the codec cannot encode the value.
            PayloadOverflow: encoded it has more than ``max_payload`` bytes.
            BackPressure: the channel does not overflow, and every reader's buffer is full.
            InvalidArgument: the correlation id has more than 32 bytes, or is none.
        """
        try:
            if self._publisher.closed:
                self._publisher.refuse_if_closed()
            if correlation_id is not None:
                check_correlation_id(correlation_id)
            if self._gate is not None:
                self._gate()
            if self._dumps is None:
                return self._encode_in_place(value, correlation_id)
            body = self._dumps(value)
            if type(body) is not bytes:
                body = octets(body, self._codec.format_name)
            if len(body) > self.max_payload:
                raise PayloadOverflow(len(body), self.max_payload)
            return self._transmit(body, correlation_id)
        except TaktoraError as error:
            self._note(error)
            raise

    def _encode_in_place(self, value: Any, correlation_id: bytes | None) -> NotifyOutcome:
        """Let the codec write into the loan, which is as large as the largest payload."""
        with self._lock:  # also while it encodes: a publisher has few loans at a time
            loan = self._publisher.loan(HEADER_SIZE + self.max_payload)
            with loan as memory, memory[HEADER_SIZE:] as room:
                size = self._codec.encode(value, room)
                if not 0 <= size <= self.max_payload:
                    raise CodecError(self._codec.format_name, f"encode() returned {size!r}")
                with room[:size] as body:
                    number = self._sequence
                    memory[:HEADER_SIZE] = compose(
                        body, number, self._clock(), correlation_id, checksum=self._checksum
                    )
            outcome = loan.outcome
            assert outcome is not None
            if not outcome.subscribers_reached:
                self._unheard(outcome)
            self._sequence = number + 1
            self._messages += 1
            self._bytes += size
        return outcome
