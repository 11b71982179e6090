"""The gateway of a connector in a process of its own, with stamps around its waits and exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from time import monotonic_ns, thread_time_ns
from typing import Any

from benchmarks.ethercat.channels import COMMAND, NAME, echoes
from benchmarks.ethercat.job import WARM_UP, Job, Taken, as_loop
from taktora.connectors import ConnectorGateway
from taktora.connectors.ethercat import EthercatConnector, EthercatOptions
from taktora.connectors.ethercat.bus import BringUp, Mapped
from taktora.connectors.ethercat.soem import SoemBusDriver
from taktora.connectors.link import Direction

__all__ = ["gateway"]


class _Stamped(SoemBusDriver):
    """Takes the time of each exchange, once the bus is up."""

    stamped: Callable[[Callable[[], int], int], Callable[[], int]]

    def bring_up(self) -> Iterator[str | Mapped | BringUp]:
        for step in super().bring_up():
            if isinstance(step, BringUp):
                self._exchange = self.stamped(self._exchange, step.expected_wkc)
            yield step


class _Stamps:
    """The turns of one driver thread: from a wake-up to the next sleep."""

    def __init__(self, job: Job, executor: Any, link: Any) -> None:
        self.taken = Taken()
        self._job = job
        self._executor = executor
        self._stats = link.stats
        self._number = -WARM_UP
        self._slot = 0
        self._woke = self._began = self._ended = 0
        self._cpu = 0

    def arming(self, arm: Callable[[int], None]) -> Callable[[int], None]:
        """``arm`` of the driver's timer with a stamp: what follows is its way to sleep."""

        def stamped(due: int) -> None:
            if self._woke:
                self._done(monotonic_ns())
            arm(due)

        return stamped

    def waiting(self, wait: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """``wait`` with a stamp before it, and one when it has woken up."""

        def stamped(timeout: Any) -> Any:
            if self._woke:
                self._done(monotonic_ns())
            found = wait(timeout)
            self._woke = monotonic_ns()
            return found

        return stamped

    def exchanging(self, exchange: Callable[[], int], expected: int) -> Callable[[], int]:
        """``exchange`` with a stamp before and after it."""
        taken = self.taken

        def stamped() -> int:
            self._began = monotonic_ns()
            counter = exchange()
            self._ended = monotonic_ns()
            if counter != expected and self._number >= 0:
                if counter < 0:
                    taken.lost += 1
                else:
                    taken.short += 1
            return counter

        return stamped

    def _done(self, now: int) -> None:
        taken, woke, self._woke = self.taken, self._woke, 0
        if not self._ended:
            if self._number > 0:
                taken.between += now - woke
            return
        slot = self._stats._slot
        if self._number >= 0:
            taken.exchange.append(self._ended - self._began)
            taken.work.append(now - woke)
            taken.late.append(self._began - slot)
            if self._number:
                taken.skipped += (slot - self._slot) // self._job.period - 1
            else:
                self._cpu = thread_time_ns()
        self._slot = slot
        self._number += 1
        self._ended = 0
        if self._number == self._job.cycles:
            taken.cpu = thread_time_ns() - self._cpu
            self._executor.stop()


def gateway(answers: Connection, job: Job, domain: str) -> None:
    """Serve the plug-in until so many cycles are done, and send what was taken."""
    options = EthercatOptions(network_interface=job.nic, cycle_time=job.period / 1e9)
    driver = _Stamped(options)
    with ConnectorGateway(worker_threads=0, domain=domain) as host:
        connector: Any = host.register(EthercatConnector(NAME, options=options, driver=driver))
        connector.carry(COMMAND, Direction.OUT)
        for echo in echoes(job):
            connector.carry(echo, Direction.IN)
        executor: Any = host.executor
        stamps = _Stamps(job, executor, connector._gateway._link._link)
        driver.stamped = stamps.exchanging
        waits = executor._driver
        waits._wait_once = stamps.waiting(waits._wait_once)
        waits._timer.arm = stamps.arming(waits._timer.arm)
        answers.send("ready")
        with as_loop(job):
            executor.run()
        answers.send(stamps.taken)
