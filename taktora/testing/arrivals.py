"""Whether what arrived can have come of what was sent: in order per writer, none twice, what is missing.

Values need not differ from each other, and several writers may share a channel, so there can be
many ways to explain what arrived. :class:`Explanation` keeps all of them that could still matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field

__all__ = ["Explanation", "Sent", "shown"]

Places = tuple[int, ...]
"""How far each writer's values have come."""


@define(eq=False)
class Sent:
    """One value that was sent."""

    value: Any
    correlation_id: bytes | None = None
    must_arrive: bool = True
    """Else it may: nobody can know."""


def _equal(sent: Any, received: Any) -> bool:
    return type(sent) is type(received) and bool(sent == received)


@define(eq=False)
class Explanation:
    """Which of the values that each writer sent have arrived. One owner."""

    latest_only: bool = False
    """Newer values may overtake older ones, and one value may be seen again and again."""
    same: Callable[[Any, Any], bool] = _equal
    """Whether a value arrived unchanged."""
    lanes: list[list[Sent]] = field(init=False, factory=list)
    """What each writer sent."""
    arrived: int = field(init=False, default=0)
    """How many values have arrived."""
    _ways: dict[Places, int] = field(init=False, factory=lambda: {(): 0})
    """With how many of those that must arrive."""
    _last: list[Any] = field(init=False, factory=list)

    def new_lane(self) -> list[Sent]:
        """The values of one more writer; the caller appends what is sent."""
        lane: list[Sent] = []
        self.lanes.append(lane)
        self._ways = {(*places, 0): found for places, found in self._ways.items()}
        return lane

    def take(self, value: Any, matches: Callable[[Sent, int], bool] = lambda *_: True) -> bool:
        """``value`` arrived next; whether that can be. If not, nothing has changed.

        ``matches`` is asked about everything but the value: what was sent, and its number.
        """
        ways: dict[Places, int] = {}
        if self.latest_only and self._last and self.same(self._last[0], value):
            ways = dict(self._ways)
        for places, found in self._ways.items():
            for which, lane in enumerate(self.lanes):
                for at in range(places[which], len(lane)):
                    sent = lane[at]
                    if self.same(sent.value, value) and matches(sent, at):
                        after = (*places[:which], at + 1, *places[which + 1 :])
                        ways[after] = max(ways.get(after, 0), found + sent.must_arrive)
                        if sent.must_arrive and not self.latest_only:
                            break  # a later one instead would leave this one missing
        if not ways:
            return False
        self._ways = ways if self.latest_only else _worth_keeping(ways)
        self._last = [value]
        self.arrived += 1
        return True

    def was_sent(self, value: Any) -> bool:
        """Whether any writer ever sent that value."""
        return any(self.same(sent.value, value) for lane in self.lanes for sent in lane)

    @property
    def missing(self) -> int:
        """How many values that must arrive have not, at least. ``latest_only``: how many writers'
        last value has not.
        """
        if self.latest_only:
            if len(self.lanes) > 1 and any(self.lanes):  # whose is the latest is not known
                return 0
            return min(sum(self._tails(places)) for places in self._ways)
        due = sum(sent.must_arrive for lane in self.lanes for sent in lane)
        return max(0, due - max(self._ways.values()))

    def _tails(self, places: Places) -> list[bool]:
        return [
            any(sent.must_arrive for sent in lane[at:])
            for lane, at in zip(self.lanes, places, strict=True)
        ]

    def excuse(self) -> None:
        """What has not arrived by now may be lost."""
        for which, lane in enumerate(self.lanes):
            for sent in lane[min(places[which] for places in self._ways) :]:
                sent.must_arrive = False


def _worth_keeping(ways: dict[Places, int]) -> dict[Places, int]:
    """Without those that have come further with no more found: they can only explain less."""
    if len(ways) == 1:
        return ways
    return {
        places: found
        for places, found in ways.items()
        if not any(
            other != places
            and more >= found
            and all(a <= b for a, b in zip(other, places, strict=True))
            for other, more in ways.items()
        )
    }


def shown(values: Sequence[Any], most: int = 8) -> str:
    """The last few values, for a message."""
    texts = [repr(value) for value in values[-most:]]
    return ("..., " if len(values) > most else "") + (", ".join(texts) or "nothing")
