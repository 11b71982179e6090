"""How a simulation goes on: settle, choose, step, and let time pass when nobody is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from taktora.actors.blocking import actor_thread
from taktora.actors.cell import RunSwitch
from taktora.core.scheduler import Scheduler
from taktora.drivers.virtual import Entry, VirtualDriver
from taktora.errors import ExecutorRunning, ItemFailed, NeverIdle
from taktora.observe.observation import Observation
from taktora.testing.journal import Journal
from taktora.time import Nanos

__all__ = ["MOST_STEPS", "Progress"]

MOST_STEPS: Final = 100_000
"""At one instant; a system that needs more of them is held to be going round in circles."""


class Progress:
    """Drives one :class:`VirtualDriver` and ends its runs. One thread."""

    def __init__(
        self,
        *,
        driver: VirtualDriver,
        scheduler: Scheduler,
        switch: RunSwitch,
        journal: Journal,
        observation: Observation,
        name: str,
    ) -> None:
        self._driver = driver
        self._scheduler = scheduler
        self._switch = switch
        self._journal = journal
        self._observation = observation
        self._name = name
        self.in_step = False
        """An item is executing at this moment."""
        self.begun = False
        """There was a run, or is one."""
        self.steps = 0
        """Steps made, over all runs."""
        self.on_worked: Callable[[Any], None] = lambda _: None
        """Called with a cell after its step, before its answer is reported."""
        self.broken: Exception | None = None
        """What the predicate of this run raised; the end of the run raises it."""
        self._operating = False
        self.around: Callable[[], AbstractContextManager[None]] = nullcontext
        """Entered around every execution."""
        driver.work = self._work

    @property
    def outside(self) -> bool:
        """Whether whatever is done now is done from outside, by a test."""
        return not self.in_step and not self._operating

    @contextmanager
    def operation(self, kind: str, who: str = "", what: str = "") -> Iterator[None]:
        """Something that is done from outside, written down once.

        Raises:
            ExecutorRunning: by an item, which is driven itself.
        """
        if self.in_step:
            raise ExecutorRunning("an item cannot drive the simulation that runs it")
        if self._operating:
            yield
            return
        self._journal.note(kind, who, what)
        self._operating = True
        try:
            yield
        finally:
            self._operating = False

    def begin(self) -> None:
        """Begin a run at the present instant."""
        self.begun = True
        self._observation.up()
        self._driver.begin()
        self._driver.settle()

    def ensure_begun(self) -> None:
        """Begin the first run, if nobody has."""
        if not self.begun:
            self.begin()

    def step(self, entry: Entry | None = None) -> Entry | None:
        """Let one go; who went. The caller has settled."""
        gone = self._driver.step(entry)
        if gone is not None:
            self.steps += 1
        return gone

    def drive(
        self,
        *,
        until: Nanos | None,
        predicate: Callable[[], object] | None = None,
        most: int = MOST_STEPS,
        beyond: bool = False,
        patient: bool = False,
    ) -> int:
        """Go on until ``until``, the predicate, or the end of the run; how many steps it took.

        With none of them, until nothing will ever happen again. ``most`` bounds the steps at one
        instant; ``beyond`` lets time pass after the end of the run. If an execution itself lasts past
        ``until``, whoever is ready then still goes, but nobody after that, unless ``patient``.

        Raises:
            NeverIdle: there was no end of things to do at one instant.
            ItemFailed, BaseException: what ended the run.
        """
        driver, before = self._driver, self.steps
        instant, now = before, driver.now
        late: list[Entry] | None = None
        while True:
            driver.settle()
            if (self.end_if_over() and not beyond) or (predicate is not None and predicate()):
                return self.steps - before
            if driver.now != now and not patient:
                instant, now = self.steps, driver.now
            if until is not None and now > until and not patient:
                if late is None:
                    late = list(driver.candidates())
                if not any(one in late for one in driver.candidates()):
                    return self.steps - before
            gone = self.step()
            if gone is not None:
                if self.steps - instant > most:
                    ready = ", ".join(one.label for one in driver.candidates()) or "nobody"
                    raise NeverIdle(
                        f"after {most} steps at {driver.now / 1e9:.6f} s there is still something "
                        f"to do; {gone.label!r} went last, ready: {ready}"
                    )
                continue
            event = driver.next_event()
            if event is None or (until is not None and event > until):
                if until is not None:
                    driver.pass_time(until)
                return self.steps - before
            driver.pass_time(event)
            instant, now = self.steps, driver.now

    def end_if_over(self) -> bool:
        """Whether no run is under way (any more). One that is over is ended here.

        Raises:
            ItemFailed, BaseException: what ended it.
        """
        if not self._scheduler.running:
            return True
        if not self._driver.over:
            return False
        self._driver.end()
        self._switch.stopping = False
        failure, self._driver.failure = self._driver.failure, None
        error: BaseException | None = self.broken
        self.broken = None
        if error is None and failure is not None:
            error = failure.error
            if isinstance(error, Exception):
                composition = getattr(failure.actor_id, "composition", None)
                error = ItemFailed(failure.actor_id, failure.error, composition)
        self._journal.note("ended", what="" if error is None else str(error))
        self._observation.down(error)
        if error is not None:
            raise error
        return True

    def _work(self, cell: Any) -> Any:
        self.in_step = True
        try:
            with actor_thread(self._name), self.around():
                return cell.run()
        finally:
            self.in_step = False
            self.on_worked(cell)
