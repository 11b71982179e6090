"""Which channels to listen to, as they come and go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from time import monotonic
from typing import TYPE_CHECKING, Final

from taktora.errors import ChannelError, PortClosed
from taktora.ipc.existing import existing_channels, services_stamp
from taktora.ipc.tap import Tap
from taktora.replay.facts import Unrecorded
from taktora.replay.matching import matches

if TYPE_CHECKING:
    from taktora.ipc.node import Node
    from taktora.transport.layout import Layout

__all__ = ["Wanted"]

_RETRY: Final = 1.0  # s
_UNKNOWN: Final = "its payload type cannot be told"
_OTHER: Final = "it came back with another payload type: {now}, before that {before}"


class Wanted:
    """Keeps a tap on every channel that is wanted and there. One thread."""

    def __init__(self, node: Node, patterns: Collection[str], exclude: Collection[str]) -> None:
        self._node = node
        self._patterns = patterns
        self._exclude = exclude
        self._stamp: int | None = None
        self._layouts: dict[str, Layout] = {}
        self._refused: dict[str, Layout | None] = {}
        self._reasons: dict[str, str] = {}
        self._retry_at = 0.0
        self.taps: dict[str, Tap] = {}
        """By the channel's name."""

    @property
    def unrecorded(self) -> tuple[Unrecorded, ...]:
        """Channels that are wanted and there, but cannot be listened to, and why."""
        return tuple(Unrecorded(name, reason) for name, reason in self._reasons.items())

    def first(self) -> list[Tap]:
        """A tap on each channel that is there.

        Raises:
            PortLimitReached: one has no subscriber slot left; no tap is kept.
            IpcError: one cannot be listened to; no tap is kept.
        """
        try:
            for name, layout in self._new():
                self._tap(name, layout)
        except ChannelError:
            self.close()
            raise
        return list(self.taps.values())

    def look(self) -> list[Tap]:
        """Taps on channels that came since. One that was refused is tried again every second."""
        before = set(self.taps)
        now = monotonic()
        again = list(self._refused.items()) if now >= self._retry_at else []
        if again:
            self._retry_at = now + _RETRY
        for name, layout in [*again, *self._new()]:
            try:
                self._tap(name, layout)
            except PortClosed:
                raise
            except ChannelError as error:
                self._refused[name] = layout
                self._reasons[name] = str(error)
            else:
                self._refused.pop(name, None)
                self._reasons.pop(name, None)
        return [tap for name, tap in self.taps.items() if name not in before]

    def refuse(self, tap: Tap, reason: str) -> None:
        """Give up a tap for good: its channel is not what was expected."""
        tap.close()
        del self.taps[tap.name]
        self._exclude = (*self._exclude, tap.name)
        self._reasons[tap.name] = reason

    def let_go(self, drained: Callable[[Tap], object]) -> None:
        """Give up taps that alone keep a channel in being: it may be made anew, in another way.

        ``drained`` takes what is left in each.
        """
        for name, tap in list(self.taps.items()):
            if tap.deserted:
                drained(tap)
                tap.close()
                del self.taps[name]

    def close(self) -> None:
        """Give up all taps."""
        for tap in self.taps.values():
            tap.close()
        self.taps.clear()

    def _new(self) -> Iterable[tuple[str, Layout | None]]:
        stamp = services_stamp(self._node)
        if stamp is not None and stamp == self._stamp:
            return []
        found = existing_channels(self._node, known=self.taps.keys() | self._refused.keys())
        self._stamp = stamp
        return [
            (name, layout)
            for name, layout in found.items()
            if matches(name, self._patterns) and not matches(name, self._exclude)
        ]

    def _tap(self, name: str, layout: Layout | None) -> None:
        if layout is None:
            raise ChannelError(f"channel {name!r} cannot be recorded: {_UNKNOWN}")
        before = self._layouts.get(name)
        if before is not None and before != layout:
            now = _OTHER.format(now=_told(layout), before=_told(before))
            raise ChannelError(f"channel {name!r} is no longer recorded: {now}")
        self.taps[name] = Tap(self._node, name, layout)
        self._layouts[name] = layout


def _told(layout: Layout) -> str:
    size = f"any number of {layout.size}" if layout.dynamic else f"{layout.size}"
    return f"{layout.type_name} of {size} bytes"
