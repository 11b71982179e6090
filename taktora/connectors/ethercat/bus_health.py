"""From working counters and state sweeps to what a bus is to be called. Pure.

Up: the last counter was full and the last sweep found every SubDevice in OP. Both are needed: a
SubDevice that its watchdog has taken to SAFE-OP still counts (its outputs are received and ignored).
Degraded: more bad cycles in a row than are tolerated, or a SubDevice that is not in OP.
Down: so many lost frames in a row that nothing can be said of the SubDevices any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from taktora.connectors.ethercat.al_status import al_status_text
from taktora.connectors.ethercat.bus import LOST, AlState, SubDeviceState
from taktora.connectors.health import Degraded, Down, Up

__all__ = ["BusHealth", "state_words"]

_MOST: Final = 3  # SubDevices that a reason names


class BusHealth:
    """Judges one session of a bus, from bring-up on. One thread.

    Args:
        expected_wkc: the working counter of a cycle in which every SubDevice takes part.
        tolerance: so many bad cycles in a row change nothing.
        lost_frames: so many lost in a row, and the bus is down; more than ``tolerance``.
        label: what a SubDevice is called, by its position.
    """

    def __init__(
        self,
        expected_wkc: int,
        *,
        tolerance: int = 3,
        lost_frames: int = 50,
        label: Callable[[int], str] = lambda position: f"SubDevice {position}",
    ) -> None:
        self.verdict: Up | Degraded | Down | None = None
        """``None`` until a first cycle was good, or too many were not. Another object only when
        there is something else to say."""
        self.wants_sweep = False
        """A counter was short, for the first time since it was full: ask for the states now."""
        self.to_recover: tuple[int, ...] = ()
        """Positions of those that were not in OP in the last sweep."""
        self.bad = 0
        """Cycles since the last full counter."""
        self.lost = 0
        """Frames lost since one came back."""
        self._expected = expected_wkc
        self._tolerance = tolerance
        self._lost_frames = lost_frames
        self._label = label
        self._complaint = ""  # of the last sweep
        self._short = False
        self._of_counter = False  # whether the counter is why it is degraded

    def exchanged(self, wkc: int) -> None:
        """A cycle ended with this working counter, or :data:`~.bus.LOST`."""
        if wkc == self._expected:
            if self.bad or self.verdict is None:
                self.bad = self.lost = 0
                self._short = False
                self._judge(wkc)
            return
        self.bad += 1
        if wkc == LOST:
            self.lost += 1
        else:
            self.lost = 0
            if not self._short:
                self._short = self.wants_sweep = True
        self._judge(wkc)

    def swept(self, states: Iterable[SubDeviceState]) -> None:
        """A state sweep found this."""
        fallen = [one for one in states if not one.is_op]
        self.wants_sweep = False
        self.to_recover = tuple(one.position for one in fallen)
        named = [state_words(one, self._label(one.position)) for one in fallen[:_MOST]]
        more = len(fallen) - _MOST
        self._complaint = "; ".join(named) + (f"; and {more} more" if more > 0 else "")
        self._judge(None)

    def _judge(self, wkc: int | None) -> None:
        if self.lost >= self._lost_frames:
            if not isinstance(self.verdict, Down):
                self.verdict = Down(
                    f"{self.lost} frames in a row did not come back; is the cable in, and "
                    f"{self._label(1)} on?"
                )
        elif self._complaint:
            self._become_degraded(self._complaint, of_counter=False)
        elif self.bad > self._tolerance:
            if wkc is None or (self._of_counter and isinstance(self.verdict, Degraded)):
                return  # the first number is as good as the next
            what = (
                "no frame came back"
                if wkc == LOST
                else f"the working counter is {wkc}, and should be {self._expected}"
            )
            cycles = "cycle" if self.bad == 1 else "cycles"
            self._become_degraded(f"{what} ({self.bad} bad {cycles} in a row)", of_counter=True)
        elif not self.bad and not (wkc is None and self.verdict is None):
            self.verdict = self.verdict if isinstance(self.verdict, Up) else Up()

    def _become_degraded(self, reason: str, *, of_counter: bool) -> None:
        self._of_counter = of_counter
        if not isinstance(self.verdict, Degraded) or self.verdict.reason != reason:
            self.verdict = Degraded(reason)


def state_words(one: SubDeviceState, label: str) -> str:
    """``SubDevice 2 (axis) is in SAFE-OP: 0x001B SyncManager watchdog``."""
    if one.state is AlState.NONE:
        return f"{label} does not answer"
    text = f"{label} is in {one.state.label}"
    if one.al_status:
        return f"{text}: 0x{one.al_status:04X} {one.text or al_status_text(one.al_status)}"
    return f"{text}, with an error" if one.error else text
