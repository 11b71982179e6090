"""The turns of a driver thread, from each wake-up to the next sleep, and the exchange in the middle."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns, thread_time_ns
from typing import Any

from benchmarks.ethercat.job import WARM_UP, Job, Taken, time_in_use

__all__ = ["Stamps"]


class Stamps:
    """Puts itself around the driver's waits, its timer, and the exchanges of an EtherCAT link.

    Each stamp costs a fraction of a microsecond, which counts as the gateway's.

    Args:
        job: how many cycles count.
        stats: of the link: knows the slot of the present exchange.
        stop: called when they are done.
    """

    def __init__(self, job: Job, stats: Any, stop: Callable[[], object]) -> None:
        self.taken = Taken()
        self._job = job
        self._stats = stats
        self._stop = stop
        self._number = -WARM_UP
        self._slot = self._woke = self._began = self._ended = 0
        self._cpu = self._in_use = 0

    def around_driver(self, driver: Any) -> None:
        """A turn ends when the driver arms its timer, or waits, and begins when it has waited."""
        arm, wait = driver._timer.arm, driver._wait_once

        def arming(due: int) -> None:
            if self._woke:
                self._done(monotonic_ns())
            arm(due)

        def waiting(timeout: Any) -> Any:
            if self._woke:
                self._done(monotonic_ns())
            found = wait(timeout)
            self._woke = monotonic_ns()
            return found

        driver._timer.arm, driver._wait_once = arming, waiting

    def around_exchange(self, exchange: Callable[[], int], expected: int) -> Callable[[], int]:
        """The same exchange, counted."""
        taken = self.taken

        def exchanging() -> int:
            self._began = monotonic_ns()
            counter = exchange()
            self._ended = monotonic_ns()
            if counter != expected and self._number >= 0:
                if counter < 0:
                    taken.lost += 1
                else:
                    taken.short += 1
            return counter

        return exchanging

    def _done(self, now: int) -> None:
        woke, self._woke = self._woke, 0
        if self._ended:
            self._cycle(now - woke)
        elif self._number > 0:
            self.taken.between += now - woke

    def _cycle(self, work: int) -> None:
        taken, number, slot = self.taken, self._number, self._stats._slot
        if number == 0:
            self._cpu, self._in_use = thread_time_ns(), time_in_use(self._job.cpu)
        elif number > 0:
            taken.skipped += (slot - self._slot) // self._job.period - 1
        if number >= 0:
            taken.exchange.append(self._ended - self._began)
            taken.work.append(work)
            taken.late.append(self._began - slot)
        self._slot, self._ended = slot, 0
        self._number = number + 1
        if self._number == self._job.cycles:
            taken.cpu = thread_time_ns() - self._cpu
            taken.others = time_in_use(self._job.cpu) - self._in_use - taken.cpu
            self._stop()
