"""From a protocol's own threads to the gateway's actor: everything is put in a queue, nothing more."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import evolve, frozen

from taktora.connectors.health import ConnectorHealth, Degraded, Down, Up
from taktora.time import Nanos

T = TypeVar("T")

__all__ = ["Arrived", "Inbound", "Report", "Session"]


@frozen
class Arrived:
    """One payload from outside, numbered as it came."""

    channel: str
    payload: Any
    """Bytes-like. Where ``whole`` is false, a frame with its header, to be passed on as it is."""
    sequence: int
    timestamp_ns: Nanos
    correlation_id: bytes | None
    reserved: int = 0
    whole: bool = True


@frozen
class Report:
    """What a link says of itself."""

    session: int
    health: ConnectorHealth | None
    """``None``: there is room to send again."""


class Inbound:
    """The queue. Any thread puts, the gateway's actor takes.

    Each channel has room for ``capacity`` payloads; when it is full its oldest goes. Payloads are
    numbered when they come, so that a reader sees what is missing as a gap.
    """

    def __init__(
        self, capacity: int, ring: Callable[[], None], clock: Callable[[], Nanos] = time.time_ns
    ) -> None:
        self.capacity = capacity
        self._ring = ring
        self.clock = clock
        """Nanoseconds since 1970, or virtual ones."""
        self._lock = threading.Lock()
        self._arrived: deque[Arrived] = deque()
        self._waiting: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._reports: deque[Report] = deque()
        self._session = 0
        self.dropped: dict[str, int] = {}
        """Payloads that made way for newer ones, by channel."""

    @property
    def session(self) -> int:
        """The number of the present session; what others say is ignored."""
        return self._session

    def new_session(self) -> Session:
        """Begin one; the one before is over."""
        with self._lock:
            self._session += 1
            return Session(self, self._session)

    def present(self) -> Session:
        """The session that is under way."""
        return Session(self, self._session)

    def end_session(self) -> None:
        """Nothing that the present session says from now on counts; what has come stays."""
        with self._lock:
            self._session += 1

    def put(
        self,
        session: int,
        channel: str,
        payload: Any,
        *,
        correlation_id: bytes | None = None,
        reserved: int = 0,
        timestamp_ns: Nanos | None = None,
        altered: Callable[[Arrived], Arrived] | None = None,
    ) -> None:
        """Take in one payload, unless ``session`` is over. Where ``altered`` raises, nothing came."""
        with self._lock:
            if session != self._session:
                return
            number = self._numbers.get(channel, 0)
            when = self.clock() if timestamp_ns is None else timestamp_ns
            one = Arrived(channel, payload, number, when, correlation_id, reserved)
            self._arrived.append(one if altered is None else altered(one))
            self._numbers[channel] = number + 1
            waiting = self._waiting.get(channel, 0)
            if waiting >= self.capacity:
                self._drop_oldest(channel)
            else:
                self._waiting[channel] = waiting + 1
        self._ring()

    def report(self, report: Report) -> None:
        """Take in what a link says of itself, unless its session is over, or was told to be down.

        What it says twice in a row is taken in once, so that one that repeats itself fills nothing.
        """
        with self._lock:
            last = self._reports[-1] if self._reports else None
            if report.session != self._session or report == last:
                return
            if last is not None and last.session == report.session and type(last.health) is Down:
                return
            self._reports.append(report)
        self._ring()

    def take_reports(self) -> list[Report]:
        """Everything said since the last call, in order, by the present session; nothing after Down."""
        if not self._reports:
            return []
        with self._lock:
            reports, self._reports = self._reports, deque()
        return [report for report in reports if report.session == self._session]

    def unless_down(self, action: Callable[[], T]) -> T | None:
        """Do it, unless the present session has said that it is down; none can say so meanwhile.

        So whoever has told of a broken link does not see it called Up afterwards.
        """
        with self._lock:
            last = self._reports[-1] if self._reports else None
            if last is not None and last.session == self._session and type(last.health) is Down:
                return None
            return action()

    def take(self, most: int) -> list[Arrived]:
        """The oldest payloads, at most ``most``."""
        if not self._arrived:
            return []
        with self._lock:
            taken = [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]
            for one in taken:
                self._waiting[one.channel] -= 1
        return taken

    def _drop_oldest(self, channel: str) -> None:
        at = next(at for at, one in enumerate(self._arrived) if one.channel == channel)
        del self._arrived[at]
        self.dropped[channel] = self.dropped.get(channel, 0) + 1

    @property
    def waiting(self) -> bool:
        """Whether anything waits to be taken, of either kind."""
        return bool(self._arrived or self._reports)

    def __len__(self) -> int:
        return len(self._arrived)


class Session:
    """A link's way to its gateway, for as long as one connection lasts. Any thread; never blocks."""

    __slots__ = ("_inbound", "_number")

    def __init__(self, inbound: Inbound, number: int) -> None:
        self._inbound = inbound
        self._number = number

    @property
    def over(self) -> bool:
        """Whether nothing that is said here counts any more."""
        return self._inbound.session != self._number

    def up(self) -> None:
        """It is connected, and everything is as it should be."""
        self._say(Up())

    def degraded(self, reason: str) -> None:
        """It works, but ``reason``."""
        self._say(Degraded(reason))

    def down(self, reason: str) -> None:
        """It is broken. The gateway closes the link, and tries again."""
        self._say(Down(reason))

    def room(self) -> None:
        """What could not be sent can be tried again."""
        self._say(None)

    def received(
        self,
        channel: str,
        payload: bytes | bytearray | memoryview,
        *,
        correlation_id: bytes | None = None,
        reserved: int = 0,
        timestamp_ns: Nanos | None = None,
    ) -> None:
        """An encoded value has come on ``channel``. ``payload`` must not change any more.

        ``timestamp_ns``: when, if not now; values that belong together can have the same one.
        """
        self._inbound.put(
            self._number,
            channel,
            payload,
            correlation_id=correlation_id,
            reserved=reserved,
            timestamp_ns=timestamp_ns,
        )

    def clock(self) -> Nanos:
        """What time it is for timestamps: nanoseconds since 1970, or virtual ones."""
        return self._inbound.clock()

    def received_frame(self, channel: str, make: Callable[[Arrived], Any]) -> None:
        """A value has come in a frame of its own, which is passed on as it is.

        ``make(arrived)`` returns the frame, given its number and time. It is called under a lock:
        it must not wait, nor say anything here.
        """
        self._inbound.put(
            self._number,
            channel,
            b"",
            altered=lambda one: evolve(one, payload=make(one), whole=False),
        )

    def _say(self, health: ConnectorHealth | None) -> None:
        self._inbound.report(Report(self._number, health))

    def __repr__(self) -> str:
        return f"<Session {self._number}{', over' if self.over else ''}>"
