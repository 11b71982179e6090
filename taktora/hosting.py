"""What every executor is, whoever drives it: a node, a scheduler, a driver, and who lives here.

``Executor`` brings threads and iceoryx2 to it, ``testing.SimulatedExecutor`` virtual time and a
transport in memory. Everything else, the decisions above all, is the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from taktora.actors.actor import ActorRef
from taktora.actors.cell import Cell, RunSwitch
from taktora.actors.items import ItemCell
from taktora.actors.promise import Promise
from taktora.actors.roster import Roster
from taktora.actors.scheduler import SchedulerActor, SchedulerCell
from taktora.actors.watchers import Watchers
from taktora.adding import Adding, Defaults
from taktora.building import Building
from taktora.core.budgets import Fault
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import ClearFault, Remove
from taktora.describing import describe, records_of
from taktora.drivers.obeying import Obeying
from taktora.errors import ExecutorClosed, ExecutorNotRunning, ExecutorRunning, UnknownItem
from taktora.observe.counters import ExecutorStats, ItemStats
from taktora.observe.observation import Observation
from taktora.observe.observer import DeadLetter
from taktora.observe.port_sources import PortSources
from taktora.stoppable import Stoppable
from taktora.topology import Topology
from taktora.transport.node import BaseNode

__all__ = ["Hosting", "Role"]


class Role(Protocol):
    """Who may talk to the scheduler right now."""

    over: bool
    """The driver is closed: nothing is done any more."""

    def is_driven(self) -> bool:
        """Whether a run is under way."""

    def held(self) -> AbstractContextManager[None]:
        """Hold the role, after the run if there is one."""

    def do(self, action: Callable[[], None]) -> None:
        """Have ``action`` done in the role."""

    def try_at_rest(self, action: Callable[[], bool]) -> bool:
        """What ``action()`` says, done here and now; ``False`` if somebody drives."""


class Hosting(Building):
    """The part of an executor that does not depend on what drives it."""

    def __init__(
        self,
        *,
        defaults: Defaults,
        node: BaseNode,
        scheduler: Scheduler,
        driver: Obeying,
        role: Role,
        switch: RunSwitch,
        observation: Observation,
    ) -> None:
        self.observation = observation
        self.node = node
        self.ports = PortSources()
        """Ports that have numbers to show in :meth:`stats`; connectors register theirs here."""
        self._workers = defaults.workers
        self._switch = switch
        self._scheduler = scheduler
        self._driver = driver
        self._role = role
        driver.on_gone = self._gone
        driver.on_trip = self._trip
        self._roster = Roster(self.name)
        self._watchers = Watchers(self._roster)
        self._adding = Adding(self, defaults, self._roster, driver, switch, observation, role.do)
        self.expecting: set[Promise[Any]] = set()
        self._closed = False
        cell = SchedulerCell(SchedulerActor(scheduler, driver.report, self.name), role.do)
        cell.on_dead_letter = observation.dead_letter
        cell.ref.home = self
        self.scheduler: ActorRef[Any] = cell.ref
        """The scheduler actor: ``tell`` it ``Pause(id)``, ``Resume(id)``, ``Remove(id)``; ``ask``
        it ``Describe()``."""
        self._scheduler_cell = cell

    # --- facts ----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name given, or one that is unique in this process."""
        return self.node.name

    @property
    def domain(self) -> str | None:
        """The domain given, ``None`` for the default one."""
        return self.node.domain

    @property
    def worker_threads(self) -> int:
        """Threads in the pool; 0: everything runs on the driver thread."""
        return self._workers

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._role.is_driven()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    @property
    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last 100 messages that nobody handled, oldest first."""
        return tuple(self.observation.recent)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "running" if self.running else "idle"
        return (
            f"<{type(self).__name__} {self.name!r}, {len(self._roster)} items, "
            f"{self._workers} workers, {state}>"
        )

    # --- stopping and faults --------------------------------------------------------------------

    def stop(self) -> None:
        """End the run, or the next one if none is under way."""
        raise NotImplementedError

    def stoppable(self) -> Stoppable:
        """A handle that can stop this executor and nothing else."""
        return Stoppable(self.stop, lambda: self._switch.stopping)

    @property
    def fault(self) -> Fault | None:
        """Why no item runs any more, if one broke the ``iteration_budget``. Any thread."""
        return self._switch.fault

    def clear_fault(self, item_id: str | None = None) -> None:
        """End the executor's own fault, or that of an item; nothing if there is none. Any thread.

        Raises:
            UnknownItem: no item has that id.
        """
        if item_id is not None and self._roster.get(item_id) is None:
            raise UnknownItem(f"no item with id {item_id!r} in executor {self.name!r}")
        self._role.do(lambda: self._clear(item_id))

    def _clear(self, item_id: str | None) -> None:
        if item_id is None or item_id in self._scheduler:  # not gone meanwhile
            self._driver.report(ClearFault(item_id))

    def check_runnable(self) -> None:
        """Raise what :meth:`run` would raise at once.

        Raises:
            ExecutorClosed, ExecutorRunning: it cannot run now.
        """
        self._check_open()
        if self.running:
            raise ExecutorRunning(f"executor {self.name!r} is already running")

    def _clear_out(self) -> None:
        """Stop every actor, release every port and file. Needs no run under way."""
        with self._role.held():
            self._driver.pump()
            for actor_id in reversed(self._scheduler.actor_ids):
                if actor_id in self._scheduler:  # not gone with the chain or graph it was part of
                    self._driver.report(Remove(actor_id))
            self._role.over = True
            self._driver.close()
            self.node.close()

    # --- looking --------------------------------------------------------------------------------

    def stats(self) -> ExecutorStats:
        """Counters per item and port. Any thread, at any time; never waits for the driver."""
        items: dict[str, ItemStats] = {}
        for actor_id, cell in list(self._driver.cells.items()):
            assert isinstance(cell, Cell)
            counters, inbox = cell.counters, cell.inbox
            try:
                skipped = self._scheduler.skipped(actor_id)
            except LookupError:  # not known yet, or just gone
                skipped = 0
            items[actor_id] = counters.stats(actor_id, inbox, skipped)
        driver = self._driver
        return ExecutorStats(
            items,
            driver.wakeups,
            self.observation.dead_letters,
            driver.rescued,
            self.ports.read(),
        )

    def topology(self) -> Topology:
        """What runs here and how it is connected, at this moment, as plain data. As :meth:`stats`.

        Its channels are those that were opened through this executor, and others that its items
        use. An edge ``publishes`` is what can be seen of an item without running it, or what its
        ``publishes`` attribute says; see ``spec/topology.md``.

        Raises:
            WrongType: an item's ``publishes`` cannot be read; the message names it.
        """
        cells = [cell for cell in list(self._driver.cells.values()) if isinstance(cell, Cell)]
        opened = list(self.node.opened.values())
        records = records_of(cells, workers=self._workers)
        return describe(self.name, records, opened, domain=self.domain)

    # --- what refs and the scheduler actor need ---------------------------------------------------

    def check_answerable(self, ref: ActorRef[Any]) -> None:
        """Raise if an ask without a timeout would wait for ever."""
        if not self.running:
            raise ExecutorNotRunning(
                f"executor {self.name!r} is not running, so {ref} cannot answer: start it on "
                "another thread with Runner(executor), give a timeout, or ask with block=False"
            )

    def stop_at_rest(self, ref: ActorRef[Any]) -> bool:
        """Stop an actor here and now if no driver is running; ``False`` if one is, or it is dead."""

        def stop() -> bool:
            actor_id = self._roster.id_of(ref)
            if actor_id is None or actor_id not in self._scheduler:
                return False
            self._driver.report(Remove(actor_id))
            return True

        return ref.is_alive() and self._role.try_at_rest(stop)

    def watch(self, watcher: ActorRef[Any], target: ActorRef[Any]) -> None:
        """Tell ``watcher`` when ``target``, an actor of this executor, has ended."""
        self._watchers.add(watcher, target)

    def unwatch(self, watcher: ActorRef[Any], target: ActorRef[Any]) -> None:
        """Do not, after all."""
        self._watchers.remove(watcher, target)

    def lost(self, ref: ActorRef[Any], message: Any, reason: str) -> None:
        """A message to an actor of this executor will never be handled."""
        self.observation.dead_letter(ref.item_id, message, reason)

    # --- helpers ----------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise ExecutorClosed(f"executor {self.name!r} is closed; make a new one")
        if self._driver.aborted:
            raise ExecutorClosed(
                f"executor {self.name!r} was torn down by an interrupt; close it, make a new one"
            )

    def _gone(self, actor_id: str) -> None:
        """An actor has stopped: forget it."""
        cell = self._driver.cells.pop(actor_id, None)
        self._roster.drop(actor_id)
        if isinstance(cell, ItemCell):
            for item in (cell.item_actor.first, cell.item_actor.handler):
                self._roster.drop(actor_id, item)
        self._watchers.ended(actor_id)

    def _trip(self, actor_id: str | None, fault: Fault | None) -> None:
        """An item, or (``None``) the executor, is faulted, or (no ``fault``) not any more."""
        if actor_id is None:
            self._switch.fault = fault
        else:
            cell = self._driver.cells[actor_id]
            assert isinstance(cell, Cell)
            cell.fault = fault
            actor_id = cell.actor_id
        if fault is None:
            self.observation.cleared(actor_id)
        else:
            self.observation.faulted(actor_id, fault)
