"""The receiving end that typed and raw readers share: what is wrong, what is missing, what is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from taktora.closing import Closing
from taktora.connectors.envelope import Envelope, Rejection, unseal
from taktora.observe.histogram import Histogram
from taktora.observe.port_stats import PortStats

if TYPE_CHECKING:
    from taktora.transport.node import BaseNode
    from taktora.transport.subscriber import Subscriber
    from taktora.transport.wakeup import Wakeup

__all__ = ["Followed", "FrameReader"]

_REMEMBERED: Final = 1024
"""Writers whose numbers are followed; of more, those are forgotten that sent longest ago."""


@frozen
class Followed:
    """How far a reader has followed the numbers of one writer."""

    next: int
    """The number after that of the latest frame that came, in order or not."""
    missing: int
    """How many before it never came."""


class FrameReader(Closing):
    """Takes frames and follows their numbers, each writer's apart. Any thread may take.

    It wakes items as a subscriber does: ``on.subscriber(reader)``.
    """

    __slots__ = (
        "__weakref__",
        "_bytes",
        "_clock",
        "_decode_errors",
        "_expected",
        "_follows_restarts",
        "_gaps",
        "_last_error",
        "_latency",
        "_lock",
        "_messages",
        "_missing",
        "_on_damage",
        "_others",
        "_publisher",
        "_rejected",
        "_restarts",
        "_subscriber",
        "drained",
        "name",
        "wakeup",
    )

    name: str
    """Of its channel in shared memory, ``.in`` or ``.out`` included."""
    drained: bool
    """Whether the latest look found nothing; ``True`` before the first one."""
    wakeup: Wakeup
    """For a driver that waits: fires when something was sent."""

    def __init__(
        self,
        subscriber: Subscriber,
        *,
        clock: Callable[[], int],
        on_damage: Callable[[str], object] | None,
        follows_restarts: bool,
    ) -> None:
        self.name = subscriber.name
        self.wakeup = subscriber.wakeup
        self.drained = True
        self._subscriber = subscriber
        self._clock = clock
        self._on_damage = on_damage
        self._follows_restarts = follows_restarts
        self._lock = threading.Lock()
        self._publisher: int | None = None
        self._expected = 0
        self._others: dict[int, int] = {}
        self._missing: dict[int, int] = {}
        self._messages = self._bytes = self._gaps = self._restarts = self._decode_errors = 0
        self._rejected: dict[str, int] = {}
        self._last_error: str | None = None
        self._latency = Histogram()

    def _next(self) -> tuple[memoryview, Envelope] | str | None:
        """The next frame with what its header says, or what is wrong with it. Under the lock."""
        taken = self._subscriber.take_bytes()
        if taken is None:
            self.drained = True
            return None
        self.drained = False
        frame, publisher = taken
        if publisher != self._publisher:
            self._turn_to(publisher)
        facts = unseal(frame)
        if isinstance(facts, Rejection):
            return self._reject(facts)
        sequence = facts[0]
        if sequence > self._expected:
            self._miss(publisher, sequence - self._expected)
        self._expected = sequence + 1
        age = self._clock() - facts[1]
        self._latency.record(max(age, 0))
        return frame, facts

    def _miss(self, publisher: int, count: int) -> None:
        self._gaps += count
        self._missing[publisher] = self._missing.get(publisher, 0) + count

    def _reject(self, why: Rejection) -> str:
        """Count it; it takes the place of one number, so that it is not missed as well."""
        self._expected += 1
        reason = why.value
        self._rejected[reason] = self._rejected.get(reason, 0) + 1
        self._last_error = complaint = f"channel {self.name!r}: {reason}"
        return complaint

    def _turn_to(self, publisher: int) -> None:
        """Go on with the numbers of another writer."""
        before, others = self._publisher, self._others
        if before is not None:
            others[before] = self._expected
        expected = others.pop(publisher, None)
        if expected is None:
            expected = 0
            self._restarts += before is not None and self._follows_restarts
            if len(others) > _REMEMBERED:
                oldest = next(iter(others))
                del others[oldest]
                self._missing.pop(oldest, None)
        self._publisher, self._expected = publisher, expected

    def _complain(self, reason: str) -> None:
        """Tell whoever wants to know; without the lock, so that it may look at the reader."""
        if self._on_damage is not None:
            self._on_damage(reason)

    @property
    def node(self) -> BaseNode:
        """The node that owns it."""
        return self._subscriber.node

    @property
    def writers(self) -> int:
        """Writers of its channel at this moment, in all processes together.

        Those of a process that was killed count until its node's ``notice_deaths`` has done its work.

        Raises:
            PortClosed: the reader or its node was closed.
        """
        return self._subscriber.publisher_count

    @property
    def closed(self) -> bool:
        """Whether the reader, or its node, was closed."""
        return self._subscriber.closed

    def stats(self) -> PortStats:
        """What was counted. Any thread; waits for nobody."""
        latency = self._latency.summary()
        return evolve(self.counts(), latency=latency if latency.count else None)

    def followed(self) -> tuple[int, dict[int, Followed]]:
        """How many payloads were handed out, and how far each writer was followed at that moment.

        Writers go by the ids of their publishers, the one that sent the latest frame last. Any
        thread; waits for a frame that is being taken.
        """
        with self._lock:
            messages, missing = self._messages, dict(self._missing)
            numbers = dict(self._others)
            if self._publisher is not None:
                numbers[self._publisher] = self._expected
        return messages, {
            writer: Followed(number, missing.get(writer, 0)) for writer, number in numbers.items()
        }

    def counts(self) -> PortStats:
        """As :meth:`stats` without the latency, which takes longer to sum up than all the rest."""
        rejected = dict(self._rejected)
        return PortStats(
            messages=self._messages,
            bytes=self._bytes,
            gaps=self._gaps,
            crc_errors=sum(rejected.values()),
            decode_errors=self._decode_errors,
            rejected=rejected,
            restarts=self._restarts,
            last_error=self._last_error,
        )

    def close(self) -> None:
        """Free its place on the channel; later takes raise ``PortClosed``. Closing twice is fine."""
        self._subscriber.close()

    def __repr__(self) -> str:
        closed = ", closed" if self.closed else ""
        return f"<{type(self).__name__} of {self.name!r}, {self._messages} received{closed}>"
