"""Which part of a recording to play, and when each message of it is due."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from taktora.errors import InvalidArgument, WrongType
from taktora.replay.facts import Message, RecordedChannel
from taktora.replay.matching import chosen
from taktora.replay.recording import Recording
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["FULL_SPEED", "Window", "checked_speed"]

FULL_SPEED = math.inf
"""As fast as it goes."""


def checked_speed(speed: float) -> float:
    """``speed`` if it is a factor.

    Raises:
        WrongType: no number.
        InvalidArgument: not more than 0.
    """
    if isinstance(speed, bool) or not isinstance(speed, int | float):
        raise WrongType(f"speed must be a number, not {speed!r}")
    if not speed > 0:
        raise InvalidArgument(f"speed must be more than 0, not {speed!r}")
    return float(speed)


class Window:
    """The messages of some channels between two times, and their times from the window's start.

    Raises:
        InvalidArgument: a channel that is not there, a negative time, an end before the start, a
            speed that is not more than 0.
    """

    def __init__(
        self,
        recording: Recording,
        channels: Collection[str] | None,
        *,
        start: Duration = 0,
        end: Duration | None = None,
        speed: float = 1.0,
    ) -> None:
        self.recording = recording
        self.speed = checked_speed(speed)
        known = {one.name: one for one in recording.channels}
        names = set(known) if channels is None else chosen(channels, known, str(recording.path))
        self.channels: tuple[RecordedChannel, ...] = tuple(
            one for one in recording.channels if one.name in names
        )
        self._whole = channels is None
        self._from = to_nanos(start, what="start", zero=True)
        self._to = None if end is None else to_nanos(end, what="end")
        if self._to is not None and self._to <= self._from:
            raise InvalidArgument(f"end must be after start, not {end!r} after {start!r}")

    @property
    def start_ns(self) -> Nanos:
        """``log_time_ns`` of its beginning: the first message of it is due that much later."""
        return (self.recording.start_ns or 0) + self._from

    @property
    def length_ns(self) -> Nanos:
        """How much time of the recording it covers."""
        whole = self.recording.duration_ns
        return max((whole if self._to is None else min(whole, self._to)) - self._from, 0)

    def messages(self) -> Iterator[Message]:
        """In order."""
        return self.recording.messages(
            None if self._whole else [one.name for one in self.channels],
            start_ns=self.start_ns,
            end_ns=None if self._to is None else (self.recording.start_ns or 0) + self._to,
        )

    def due(self, message: Message) -> Nanos:
        """Nanoseconds after the beginning at which ``message`` is due; 0 at full speed."""
        after = message.log_time_ns - self.start_ns
        if self.speed == FULL_SPEED:
            return 0
        return after if self.speed == 1 else round(after / self.speed)
