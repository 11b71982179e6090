"""The typed receiving end of a connector's channel."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from taktora.connectors.codec import PayloadCodec
from taktora.connectors.envelope import HEADER_SIZE
from taktora.connectors.frame_reader import FrameReader
from taktora.errors import CodecError

if TYPE_CHECKING:
    from taktora.transport.subscriber import Subscriber

__all__ = ["ChannelReader", "Received"]

_CHAINED: Final = 16
"""Errors behind one another that are looked at; somebody may have tied them to a ring."""


@frozen
class Received:
    """A value, and what its envelope says."""

    value: Any
    """As it was sent."""
    sequence: int
    """Its number among those of its writer: 0, 1, 2, ..."""
    timestamp_ns: int
    """When it was sent: nanoseconds since 1970, UTC."""
    correlation_id: bytes | None
    """The 32 bytes that it was sent with; ``None``: without any, or with zeros only."""


class ChannelReader(FrameReader):
    """Takes frames and decodes them. Any thread; made by a :class:`ServiceFactory`.

    It wakes items as a subscriber does: ``on.subscriber(reader)``. Iterating takes until nothing is
    left.
    """

    __slots__ = ("_decode", "_format", "_type", "last_codec_error")

    last_codec_error: CodecError | None
    """Why the latest payload that could not be decoded could not be; ``None``: there was none."""

    def __init__(
        self,
        subscriber: Subscriber,
        type: Any,
        codec: PayloadCodec,
        *,
        clock: Callable[[], int],
        on_damage: Callable[[str], object] | None = None,
        follows_restarts: bool = False,
    ) -> None:
        """Called by :meth:`ServiceFactory.create_reader`, which documents the arguments."""
        super().__init__(
            subscriber, clock=clock, on_damage=on_damage, follows_restarts=follows_restarts
        )
        self._type = type
        self._decode = codec.decode
        self._format = codec.format_name
        self.last_codec_error = None

    def try_recv(self) -> Received | None:
        """The oldest value that waits, or ``None``. Never blocks.

        A frame that is damaged, or that the codec cannot read, is counted and passed over; whatever
        it holds, it raises nothing here.

        Raises:
            PortClosed: the reader or its node was closed.
        """
        while True:
            with self._lock:
                found = self._next()
                if found is None:
                    return None
                if not isinstance(found, str):
                    frame, (sequence, timestamp, correlation, length, _) = found
                    data = frame[HEADER_SIZE : HEADER_SIZE + length]
                    try:
                        value = self._decode(data, self._type)
                    except Exception as error:  # noqa: BLE001  # a codec of whoever; told below
                        complaint = self._undecodable(error)
                        _let_go(error, data, frame)
                    else:
                        self._messages += 1
                        self._bytes += length
                        return Received(value, sequence, timestamp, correlation)
                else:
                    complaint = found
            self._complain(complaint)

    def __iter__(self) -> Iterator[Received]:
        while (received := self.try_recv()) is not None:
            yield received

    def _undecodable(self, error: Exception) -> str:
        """Count it."""
        self._decode_errors += 1
        # A new one in any case: what was raised refers to the frame by its traceback.
        self.last_codec_error = (
            CodecError(error.format, error.reason)
            if isinstance(error, CodecError)
            else CodecError(self._format, f"{type(error).__name__}: {error}")
        )
        self._last_error = complaint = f"channel {self.name!r}: {type(error).__name__}: {error}"
        return complaint


def _let_go(error: BaseException, *views: memoryview) -> None:
    """See to it that an error which refers to itself does not keep the frame borrowed.

    Errors that validators collect do. Sixteen of them and nothing could be received any more.
    """
    one: BaseException | None = error
    for _ in range(_CHAINED):
        if one is None:
            break
        traceback.clear_frames(one.__traceback__)
        one = one.__context__
    for view in views:
        with suppress(BufferError):
            view.release()
