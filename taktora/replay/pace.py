"""How often to look: often enough that buffers stay about half full at most."""

from __future__ import annotations

from typing import Final

from taktora.errors import InvalidArgument
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["Pace"]

_SHORTEST: Final = 100_000  # ns; below that, looking is all that a process does
_LONGEST: Final = 100_000_000  # ns, and so long may an end take
_FIRST: Final = 1_000_000  # ns; nobody knows yet how fast the channels are
_FULL: Final = 0.6
_EASY: Final = 0.4


class Pace:
    """The time from one look to the next, at most ``period`` seconds.

    It begins with a millisecond, is halved whenever a buffer was more than 60 % full, and grows
    slowly while all are less than 40 % full. The shorter it is, the more exact are the times of
    messages; the longer, the less a publisher feels of it (``spec/replay.md``).

    Raises:
        InvalidArgument: ``period`` is not between 0.1 and 100 ms.
    """

    def __init__(self, period: Duration) -> None:
        longest = to_nanos(period, what="period")
        if not _SHORTEST <= longest <= _LONGEST:
            raise InvalidArgument(f"period must be 0.0001 to 0.1 seconds, not {period!r}")
        self._longest = longest
        self.current: Nanos = min(longest, _FIRST)
        """Nanoseconds until the next look."""

    def after(self, fullness: float) -> Nanos:
        """Nanoseconds until the next look; ``fullness``: of the fullest buffer, 0 to 1."""
        if fullness > _FULL:
            self.current = max(self.current // 2, _SHORTEST)
        elif fullness < _EASY:
            self.current = min(self.current + self.current // 16, self._longest)
        return self.current
