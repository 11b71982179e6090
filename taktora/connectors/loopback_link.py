"""The link of a loopback connector, with a delay and with outages that were asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taktora.connectors.loopback_world import LoopbackWorld, Parcel
from taktora.time import Nanos

if TYPE_CHECKING:
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.inbound import Session
    from taktora.connectors.link import Direction

__all__ = ["LoopbackLink"]


class LoopbackLink:
    """The link to a :class:`LoopbackWorld`.

    Args:
        world: what is outside.
        delay: nanoseconds that a value takes to the world, as exact as ``poll_period``.
        outages: when the line is cut, counted from the first attempt, and for how long; in
            nanoseconds.
    """

    def __init__(
        self,
        world: LoopbackWorld,
        *,
        delay: Nanos = 0,
        outages: Sequence[tuple[Nanos, Nanos]] = (),
        poll_period: Nanos = 0,
    ) -> None:
        self.poll_period = poll_period
        self._world = world
        self._delay = delay
        self._under_way: deque[tuple[Nanos, str, Parcel]] = deque()
        self._turns = deque(
            turn
            for begin, length in sorted(outages)
            for turn in ((begin, True), (begin + length, False))
        )
        self._session: Session | None = None
        self._began: Nanos | None = None
        self._now: Nanos = 0

    def open(self, session: Session) -> None:
        """Connect, which succeeds or fails at once."""
        self._world.connect(session)
        self._session = session

    def close(self) -> None:
        """Disconnect; what was under way has left, and arrives."""
        self._deliver(None)
        if self._session is not None:
            self._world.disconnect(self._session)
            self._session = None

    def add_channel(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        """The world knows every channel."""

    def send(
        self,
        descriptor: ChannelDescriptor[Any],
        payload: memoryview,
        *,
        sequence: int,
        correlation_id: bytes | None,
    ) -> bool:
        """Put a copy into the world, at once or later."""
        parcel = Parcel(bytes(payload), sequence, correlation_id)
        if not self._world.admit(descriptor.name):
            return False
        if self._delay:
            self._under_way.append((self._now + self._delay, descriptor.name, parcel))
        else:
            self._world.put(descriptor.name, parcel)
        return True

    def poll(self, now: Nanos) -> None:
        """Time has passed."""
        self._now = now
        if self._began is None:
            self._began = now
        while self._turns and now - self._began >= self._turns[0][0]:
            _, cut = self._turns.popleft()
            if cut:
                self._world.cut("an outage that was asked for")
            else:
                self._world.mend()
        self._deliver(now)

    def _deliver(self, now: Nanos | None) -> None:
        """Hand over what is due; without ``now`` everything."""
        under_way = self._under_way
        while under_way and (now is None or under_way[0][0] <= now):
            _, channel, parcel = under_way.popleft()
            self._world.put(channel, parcel)
