"""How many values were lost when one gateway took over from another: counted from both ends. Pure.

A gateway says how far it has carried each writer; the one that takes over says how many numbers of
each writer it missed. What lies between is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from taktora.connectors.frame_reader import Followed
from taktora.connectors.status import PortStatus

__all__ = ["Takeover"]

_OUT: Final = "out "
_REMEMBERED: Final = 1024
"""Writers of one channel; of more, those are forgotten that were heard of longest ago."""

_Numbers = dict[str, dict[str, int]]


class Takeover:
    """Accounts of accepted values, over all the gateways that were heard of. One thread.

    The numbers are upper bounds: what the gateway before carried after its last sign of life counts
    as lost, too.
    """

    def __init__(self) -> None:
        self._latest: Mapping[str, PortStatus] = {}
        self._carried: _Numbers = {}  # up to which number of each writer, by earlier gateways
        self._present: _Numbers = {}  # lost on the way to the present gateway, by writer
        self._taken_over = False
        self.lost: Mapping[str, int] = {}
        """Values that were accepted and that no gateway carried: at most so many, by channel. Any
        thread; replaced as a whole."""

    def next_gateway(self) -> None:
        """Another gateway has taken over; all that is heard from now on is of that one."""
        for label, port in self._latest.items():
            carried = self._carried.setdefault(label, {})
            for writer, followed in port.writers.items():
                carried[writer] = max(followed.next, carried.pop(writer, 0))
            while len(carried) > _REMEMBERED:
                del carried[next(iter(carried))]
        self._present = {}
        self._latest = {}
        self._taken_over = True

    def hear(self, ports: Mapping[str, PortStatus]) -> dict[str, int]:
        """What the present gateway says of itself; values newly known to be lost, by channel."""
        self._latest = ports
        if not self._taken_over:  # who carried what it missed is not known
            return {}
        found: dict[str, int] = {}
        for label, port in ports.items():
            more = sum(
                self._more(label, writer, followed) for writer, followed in port.writers.items()
            )
            if more and label.startswith(_OUT):
                found[label.removeprefix(_OUT)] = more
        if found:
            before = self.lost
            new = {channel: before.get(channel, 0) + more for channel, more in found.items()}
            self.lost = {**before, **new}
        return found

    def _more(self, label: str, writer: str, followed: Followed) -> int:
        known = self._present.setdefault(label, {})
        carried = self._carried.get(label, {}).get(writer, 0)
        lost = max(followed.missing - carried, 0)
        more = lost - known.get(writer, 0)
        if more <= 0:
            return 0
        known[writer] = lost
        return more
