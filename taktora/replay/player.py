"""Publishing a recording on channels again, at the times at which it was recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from itertools import chain, islice
from typing import Any, Final

from taktora.closing import Closing
from taktora.drivers.switch_interval import switch_interval
from taktora.errors import InvalidArgument, LimitsMismatch
from taktora.ipc.node import Node
from taktora.observe.histogram import Histogram
from taktora.replay.ahead import read_ahead
from taktora.replay.facts import RecordedChannel
from taktora.replay.layouts import layout_of
from taktora.replay.recorder import node_of
from taktora.replay.recording import Recording
from taktora.replay.report import ReplayReport
from taktora.replay.window import FULL_SPEED, Window
from taktora.time import NANOS_PER_SECOND, Duration, Nanos
from taktora.transport.channel import Channel

__all__ = ["Player", "replay"]

_SLICE: Final = 0.05  # s that pass at most until a wish to stop is seen
_SWITCH: Final = (
    0.0005  # s that the reading thread may keep the publishing one from the interpreter
)
_LINGER: Final = 0.1
"""Seconds for subscribers to take the last messages, some of which go with their publisher."""
_LOOK: Final = 0.005  # s between two looks for subscribers


class Player(Closing):
    """Publishes the messages of a recording, each channel's in order, with the recorded gaps.

    Each message has its time on one grid, ``start + offset / speed``: lateness does not add up.
    Channels that do not exist are created, with the recorded limits; those that exist are used as
    they are. One thread runs it; the numbers may be read from any.

    Args:
        source: a node, or an executor, in whose domain to publish.
        recording: stays the caller's to close.
        channels: names or patterns of those to publish; ``None``: all.
        speed: 2 is twice as fast; ``math.inf``: without waiting at all.
        start: seconds of the recording to leave out.
        end: seconds of the recording after which to stop.

    Raises:
        PayloadMismatch: a channel exists with another payload type.
        PortLimitReached: a channel has no publisher slot left.
        UnsupportedPayload: a channel whose messages are many elements of more than one byte.
        InvalidArgument: no such channel, or a speed or time that cannot be.
    """

    def __init__(
        self,
        source: Any,
        recording: Recording,
        *,
        channels: Collection[str] | None = None,
        speed: float = 1.0,
        start: Duration = 0,
        end: Duration | None = None,
    ) -> None:
        node = node_of(source)
        self.window = Window(recording, channels, start=start, end=end, speed=speed)
        self._channels: dict[str, Channel] = {}
        self._lateness = Histogram()
        self._began: Nanos | None = None
        self._ended: Nanos | None = None
        self._last: Nanos = 0
        self.position_ns: Nanos = 0
        """How far into the window it is, in time of the recording."""
        self.count = 0
        """Messages published so far."""
        for one in self.window.channels:
            self._channels[one.name] = _opened(node, one)
        self._sent = dict.fromkeys(self._channels, 0)
        self._undelivered = dict.fromkeys(self._channels, 0)
        self._publishers = {name: one.publisher() for name, one in self._channels.items()}

    def without_subscribers(self, least: int = 1) -> tuple[str, ...]:
        """Names of the channels that have fewer than ``least`` subscribers now."""
        return tuple(name for name, one in self._channels.items() if one.subscriber_count < least)

    def wait_for_subscribers(
        self, least: int = 1, *, stop: Callable[[], bool] | None = None
    ) -> bool:
        """Wait until every channel has ``least`` subscribers; ``False`` if ``stop()`` came first.

        Raises:
            InvalidArgument: ``least`` is not 1 or more.
        """
        if least < 1:
            raise InvalidArgument(f"the number of subscribers must be 1 or more, not {least}")
        while self.without_subscribers(least):
            if stop is not None and stop():
                return False
            time.sleep(_LOOK)
        return True

    def run(self, *, stop: Callable[[], bool] | None = None) -> None:
        """Publish until the end of the window, or of what can be read, or until ``stop()`` is true.

        Raises:
            PayloadTooLarge: a channel that exists has a smaller ``max_bytes`` than was recorded.
            PortClosed: the node was closed.
            RecordingError: the recording was closed.
        """
        window = self.window
        paced = window.speed != FULL_SPEED
        clock, publishers, start_ns = time.monotonic_ns, self._publishers, window.start_ns
        with switch_interval(_SWITCH), read_ahead(window.messages()) as messages:
            first = list(islice(messages, 1))  # reading it takes longer than any later one
            self._ended, self._began = None, clock()
            self._last = self._began
            try:
                for one in chain(first, messages):
                    if paced:
                        due = self._began + window.due(one)
                        if not _wait_until(due, stop):
                            return
                        self._lateness.record(max(clock() - due, 0))
                    elif stop is not None and stop():
                        return
                    outcome = publishers[one.channel].send_copy(one.data)
                    self._sent[one.channel] += 1
                    if not outcome.sent:
                        self._undelivered[one.channel] += 1
                    self.count += 1
                    self._last = clock()
                    self.position_ns = one.log_time_ns - start_ns
                self.position_ns = window.length_ns
                if self.count:
                    time.sleep(_LINGER)
            finally:
                self._ended = self._last

    def report(self) -> ReplayReport:
        """What was published so far."""
        began, ended = self._began, self._ended
        passed = 0 if began is None else (time.monotonic_ns() if ended is None else ended) - began
        return ReplayReport(
            path=self.window.recording.path,
            sent=dict(self._sent),
            undelivered={name: count for name, count in self._undelivered.items() if count},
            seconds=passed / NANOS_PER_SECOND,
            lateness=self._lateness.summary(),
            broken=self.window.recording.broken,
        )

    def close(self) -> None:
        """Free the publisher slots. Closing twice is fine."""
        for one in self._publishers.values():
            one.close()


def _wait_until(due: Nanos, stop: Callable[[], bool] | None) -> bool:
    """Whether ``due`` came before ``stop()``."""
    while True:
        if stop is not None and stop():
            return False
        left = (due - time.monotonic_ns()) / NANOS_PER_SECOND
        if left <= 0:
            return True
        time.sleep(min(left, _SLICE))


def _opened(node: Node, channel: RecordedChannel) -> Channel:
    layout = layout_of(channel)
    try:
        return node.channel(channel.name, layout, **channel.limits)
    except LimitsMismatch:  # it exists, and is what it is
        return node.channel(channel.name, layout)


def replay(
    source: Any,
    recording: Recording,
    *,
    channels: Collection[str] | None = None,
    speed: float = 1.0,
    start: Duration = 0,
    end: Duration | None = None,
    subscribers: int = 0,
    stop: Callable[[], bool] | None = None,
) -> ReplayReport:
    """Publish a recording from beginning to end; what was published.

    Blocks the calling thread. With ``subscribers`` it first waits until every channel has so many.
    The other arguments and the errors are those of :class:`Player` and its methods.
    """
    with Player(source, recording, channels=channels, speed=speed, start=start, end=end) as player:
        if not subscribers or player.wait_for_subscribers(subscribers, stop=stop):
            player.run(stop=stop)
        return player.report()
