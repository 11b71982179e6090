"""How long to look for the next wake-up before going to sleep for it.

Waking a sleeping thread costs more than all the rest of a round trip: the kernel interrupts an idle
core, which comes back from its own sleep (30 to 50 µs on a virtual machine, of the 100 that two
processes then need to exchange 8 bytes; 35 without). So a driver whose last wake-ups came that fast
looks a little longer before it sleeps, as KVM's halt polling does (Linux, ``Documentation/virt/kvm/
halt-polling.rst``). One whose wake-ups come slowly never looks, and costs nothing when idle.

Pure: gaps come in, a window goes out.
"""

from __future__ import annotations

from typing import Final

from taktora.time import Nanos

__all__ = ["Patience"]

_LONGEST_REST: Final = 1024


class Patience:
    """Learns from the gaps between going to wait and being woken. One owner: the driver.

    Looks when the last gap was short. After a look in vain it rests for 1, 2, 4, ... up to 1024
    waits, until a look pays off again: however the gaps are spread, hardly any time is lost.
    """

    __slots__ = ("_limit", "_near", "_penalty", "_rest", "paid", "window")

    def __init__(self, limit: Nanos) -> None:
        self._limit = limit
        # A gap that was slept through has the waking in it, which looking would have saved.
        self._near = limit + limit // 2
        self._penalty = 1
        self._rest = 0
        self.window: Nanos = 0
        """Nanoseconds to look before the next sleep; 0: sleep at once."""
        self.paid = False
        """A look paid off. Who sees that a gap was within the window may set this instead of
        calling :meth:`note`: it says the same."""

    def note(self, gap: Nanos) -> None:
        """Take in that the wake-up came ``gap`` ns after the wait for it began."""
        if self.window:
            if gap <= self._limit:
                self.paid = True
                return
            if self.paid:
                self._penalty, self.paid = 1, False
            self.window = 0
            self._rest = self._penalty
            self._penalty = min(self._penalty * 2, _LONGEST_REST)
        elif self._rest:
            self._rest -= 1
        elif gap <= self._near:
            self.window = self._limit
