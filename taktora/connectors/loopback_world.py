"""The world outside a loopback connector: in this process, with outages and delays on demand."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from taktora.connectors.inbound import Session

__all__ = ["LoopbackWorld", "Parcel"]


_MOST: Final = 1024
_KEPT: Final = 65_536


@frozen
class Parcel:
    """One payload that has come out of the plug-in."""

    payload: bytes
    sequence: int
    correlation_id: bytes | None


class LoopbackWorld:
    """What is outside: it collects what comes, sends what it is told, and can be cut off. Any thread.

    Args:
        echo: what comes out on a channel goes back in on it.
        room: payloads that it takes in a channel before it has no more room; ``None``: any number.
            :meth:`clear` makes room.

    One connector at a time is connected to it. Of what comes out on a channel it keeps the latest
    65,536 payloads, and not more than that, however long it lives.
    """

    def __init__(self, *, echo: bool = False, room: int | None = None) -> None:
        self.echo = echo
        self.room = room
        self._lock = threading.RLock()
        self._arrived: dict[str, deque[Parcel]] = {}
        self._held: dict[str, int] = {}
        self._session: Session | None = None
        self._cut: str | None = None
        self._backlog: deque[tuple[str, bytes, bytes | None, bool]] = deque(maxlen=_MOST)

    # --- for whoever tests or demonstrates --------------------------------------------------------

    def cut(self, reason: str = "the line is cut") -> None:
        """Break the link, and let nobody connect. What waited to be handed over is lost."""
        with self._lock:
            self._cut = reason
            self._backlog.clear()
            session, self._session = self._session, None
        if session is not None:
            session.down(reason)

    def mend(self) -> None:
        """Let the connector connect again; it does so by itself."""
        with self._lock:
            self._cut = None

    def degrade(self, reason: str) -> None:
        """Have the link say that it works, but not well."""
        with self._lock:
            if self._session is not None:
                self._session.degraded(reason)

    def recover(self) -> None:
        """Have it say that all is well again."""
        with self._lock:
            if self._session is not None:
                self._session.up()

    def send(
        self,
        channel: str,
        payload: bytes,
        *,
        correlation_id: bytes | None = None,
        damaged: bool = False,
    ) -> bool:
        """Send an encoded value to the plug-in; ``False``: the line is cut, and it is lost.

        What is sent while nobody is connected waits, 1,024 payloads at most; then the oldest is lost.
        ``damaged``: it does not arrive as it was sent.
        """
        with self._lock:
            if self._cut is not None:
                return False
            self._backlog.append((channel, payload, correlation_id, damaged))
            self._hand_over()
            return True

    def _hand_over(self) -> None:
        session = self._session
        if session is None or session.over:
            return
        while self._backlog:
            channel, payload, correlation_id, damaged = self._backlog.popleft()
            if damaged:
                session.received_frame(channel, partial(_damaged, payload))
            else:
                session.received(channel, payload, correlation_id=correlation_id)

    def arrived(self, channel: str) -> list[Parcel]:
        """What has come out on ``channel`` so far, oldest first."""
        with self._lock:
            return list(self._arrived.get(channel, ()))

    def clear(self) -> None:
        """Make room: what has come is taken away."""
        with self._lock:
            self._held.clear()
            session = self._session
        if session is not None:
            session.room()

    # --- for the link -------------------------------------------------------------------------------

    def connect(self, session: Session) -> None:
        """Somebody connects.

        Raises:
            ConnectionError: the line is cut, or somebody else is connected.
        """
        with self._lock:
            if self._cut is not None:
                raise ConnectionError(self._cut)
            if self._session is not None and not self._session.over:
                raise ConnectionError("another connector is connected to this world")
            self._session = session
            session.up()
            self._hand_over()

    def disconnect(self, session: Session) -> None:
        """Whoever connected with ``session`` is gone; if it is somebody else by now, they stay."""
        with self._lock:
            if self._session is session:
                self._session = None

    def admit(self, channel: str) -> bool:
        """Whether there is room for one more payload, which then is taken.

        Raises:
            ConnectionError: the line is cut.
        """
        with self._lock:
            if self._session is None:
                raise ConnectionError(self._cut or "not connected")
            held = self._held.get(channel, 0)
            if self.room is not None and held >= self.room:
                return False
            self._held[channel] = held + 1
            return True

    def put(self, channel: str, parcel: Parcel) -> None:
        """One that was admitted has come."""
        with self._lock:
            if channel not in self._arrived:
                self._arrived[channel] = deque(maxlen=_KEPT)
            self._arrived[channel].append(parcel)
            if self.echo:
                self.send(channel, parcel.payload, correlation_id=parcel.correlation_id)

    def __repr__(self) -> str:
        return f"<LoopbackWorld{', cut' if self._cut else ''}>"


def _damaged(payload: bytes, one: Any) -> bytearray:
    from taktora.connectors.envelope import HEADER_SIZE, seal

    frame = bytearray(HEADER_SIZE) + payload
    seal(
        memoryview(frame),
        len(payload),
        sequence=one.sequence,
        timestamp_ns=one.timestamp_ns,
        checksum="frame",  # of whatever size: what is damaged here is meant to be noticed
    )
    frame[-1] ^= 1
    return frame
