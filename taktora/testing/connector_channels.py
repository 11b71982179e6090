"""What the machine knows of each channel of a connector: what was sent, what arrived, what is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field

from taktora.testing.arrivals import Explanation, Sent, shown
from taktora.testing.connector_contract import Arrival, Reader, Writer
from taktora.testing.connector_waiting import Waiting
from taktora.testing.laws import law

__all__ = ["InReader", "OutChannel", "OutWriter"]


@define(eq=False)
class OutWriter:
    """One writer."""

    port: Writer
    channel: OutChannel
    maximum: int
    """``max_payload`` of its descriptor."""
    lane: list[Sent] = field(init=False)
    refused: list[Any] = field(init=False, factory=list)
    """A value that met back pressure, to be tried again."""
    closed: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self.lane = self.channel.explanation.new_lane()
        self.channel.writers.append(self)

    def check_messages(self) -> None:
        """What was accepted is what is counted as accepted."""
        counted = self.port.stats().messages
        law(
            "CONN-05",
            counted == len(self.lane),
            f"a writer of {self.channel.name!r} accepted {len(self.lane)} values and counts {counted}",
        )


@define(eq=False)
class OutChannel:
    """A channel from the plug-in to the outside."""

    name: str
    explanation: Explanation
    descriptor: Any = None
    maximum: int = 0
    writers: list[OutWriter] = field(init=False, factory=list)
    _seen: int = field(init=False, default=0)

    def look(self, arrived: Sequence[Any]) -> None:
        """Explain what has arrived outside since the last look."""
        law(
            "CONN-02",
            len(arrived) >= self._seen,
            f"{self._seen} values had arrived on {self.name!r}, now it is {len(arrived)}",
        )
        for one in arrived[self._seen :]:
            self._explain(one if isinstance(one, Arrival) else Arrival(one), arrived)
            self._seen += 1

    def _explain(self, got: Arrival, arrived: Sequence[Any]) -> None:
        def same_sequence(_sent: Sent, at: int) -> bool:
            return got.sequence is None or got.sequence == at

        def same_correlation(sent: Sent, _at: int) -> bool:
            return None in (got.correlation_id, sent.correlation_id) or (
                got.correlation_id == sent.correlation_id
            )

        take, value = self.explanation.take, got.value
        if take(value, lambda sent, at: same_sequence(sent, at) and same_correlation(sent, at)):
            return
        where = f"on {self.name!r} {value!r} arrived"
        law("CONN-01", self.explanation.was_sent(value), f"{where}, which nobody sent")
        law(
            "CONN-03",
            not take(value, same_correlation),
            f"{where} with the number {got.sequence}, which is not its own",
        )
        law(
            "CONN-18",
            not take(value, same_sequence),
            f"{where} with the correlation id {got.correlation_id!r}, which is not its own",
        )
        law("CONN-02", False, f"{where} out of order, or twice; arrived: {shown(arrived)}")

    @property
    def drops(self) -> int:
        """How many values its writers say they dropped."""
        return sum(writer.port.stats().drops for writer in self.writers)

    @property
    def uncounted(self) -> int:
        """How many values are neither here nor counted as dropped; below zero: counted and here."""
        return self.explanation.missing - self.drops


@define(eq=False)
class InReader:
    """One reader of a channel from the outside to the plug-in."""

    port: Reader
    name: str
    explanation: Explanation
    wakeups: Callable[[], int] | None = None
    waiting: Waiting | None = None
    closed: bool = field(init=False, default=False)
    damaged: int = field(init=False, default=0)
    """Frames of the channel that were damaged so far."""
    suspicious: bool = field(init=False, default=False)
    """What comes now and cannot be explained is the damaged frame."""
    skipped: int = field(init=False, default=0)
    """Numbers that were missing between two frames."""
    first: int = field(init=False, default=0)
    """Number of the first frame."""
    last: int | None = field(init=False, default=None)
    """Number of the latest frame."""
    taken: list[Any] = field(init=False, factory=list)
    settled: int = field(init=False, default=0)
    """How many of the values sent are known not to be under way any more."""
    _woken: int = field(init=False, default=0)

    @property
    def lane(self) -> list[Sent]:
        """What the outside sent."""
        return self.explanation.lanes[0]

    def expect(self, value: Any, *, certain: bool) -> None:
        """The outside sent something."""
        self.lane.append(Sent(value, must_arrive=certain))

    def link_broke(self) -> None:
        """What was under way may be lost."""
        for sent in self.lane[self.settled :]:
            sent.must_arrive = False

    def read(self) -> bool:
        """Take one value if there is one; whether there was."""
        got = self.port.try_recv()
        if got is None:
            return False
        value = got.value
        if not self.explanation.take(value):
            where = f"the reader of {self.name!r} got {value!r}"
            law("CONN-14", not self.suspicious, f"{where}, which was damaged on its way")
            law("CONN-01", self.explanation.was_sent(value), f"{where}, which nobody sent")
            law("CONN-02", False, f"{where} out of order, or twice, after {shown(self.taken)}")
        self.taken.append(value)
        self._number(got.sequence)
        counted = self.port.stats().messages
        law(
            "CONN-05",
            counted == len(self.taken),
            f"a reader of {self.name!r} handed out {len(self.taken)} values and counts {counted}",
        )
        return True

    def _number(self, number: int) -> None:
        where = f"the reader of {self.name!r} got {self.taken[-1]!r} with the number {number}"
        if self.last is None:
            self.first = number
        else:
            law("CONN-03", number > self.last, f"{where} after {self.last}")
            self.skipped += number - self.last - 1
        self.last = number
        sent = len(self.lane) + self.damaged
        law(
            "CONN-03",
            number >= 0 and (number < sent or self.explanation.latest_only),
            f"{where}; numbers start at 0 and {sent} values were sent",
        )
        reported = self.port.stats().gaps
        least, most = self.skipped - self.damaged, self.skipped + self.first
        law(
            "CONN-04",
            least <= reported <= most,
            f"{where}; {self.skipped} numbers were missing, {reported} are reported",
        )

    @property
    def uncounted(self) -> int:
        """How many values are neither here nor can be seen to be missing."""
        seen = self.skipped + self.first + self.port.stats().drops
        return max(0, self.explanation.missing - seen)

    def is_followed(self) -> bool:
        """Whether who waits beside it has taken what came to it last."""
        return self.waiting is None or self.last is None or self.waiting.newest >= self.last

    def was_woken(self) -> bool:
        """Whether what waits for the reader was woken since this was last asked."""
        assert self.wakeups is not None
        woken = self.wakeups()
        grew = woken > self._woken
        self._woken = woken
        return grew
