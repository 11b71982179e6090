"""The executor: where node, scheduler, driver, pool and items come together.

It owns every lifetime, so nothing is global: close it, and its threads, ports and files are gone.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import os
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from time import monotonic_ns
from typing import Any

from taktora.actors.actor import ActorRef
from taktora.actors.blocking import actor_thread, is_actor_thread
from taktora.actors.cell import Cell, RunSwitch
from taktora.actors.items import ItemCell
from taktora.actors.promise import Promise
from taktora.actors.roster import Roster
from taktora.actors.scheduler import SchedulerActor, SchedulerCell
from taktora.actors.watchers import Watchers
from taktora.adding import Adding, Defaults
from taktora.building import Building
from taktora.checks import instance, whole
from taktora.core.budgets import Fault
from taktora.core.commands import Escalate
from taktora.core.mailbox import Overflow
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import ClearFault, Remove
from taktora.core.supervision import Supervision
from taktora.describing import describe, records_of
from taktora.drivers.role import DriverRole
from taktora.drivers.signals import stop_on_signals
from taktora.drivers.switch_interval import switch_interval as borrowed_switch_interval
from taktora.drivers.thread_attributes import ThreadAttributes
from taktora.drivers.waitset import WaitSetDriver
from taktora.drivers.workers import WorkerPool
from taktora.errors import (
    BlockingInActor,
    ExecutorClosed,
    ExecutorNotRunning,
    ExecutorRunning,
    ItemFailed,
    UnknownItem,
    WrongType,
)
from taktora.ipc.node import Node
from taktora.observe.counters import ExecutorStats, ItemStats
from taktora.observe.observation import Observation
from taktora.observe.observer import DeadLetter, ExecutionMonitor, Observer
from taktora.stoppable import Stoppable
from taktora.time import Duration, Nanos, to_nanos
from taktora.topology import Topology

__all__ = ["Executor"]

logger = logging.getLogger("taktora")

_serial = itertools.count()
_open_executors: weakref.WeakSet[Executor] = weakref.WeakSet()
_DRIVER = ThreadAttributes(timer_slack=1e-6)


class Executor(Building):
    """Runs items as actors over one iceoryx2 node. See the README for a first one.

    Args:
        worker_threads: 0 runs every item on the driver thread (the one that calls ``run``);
            N >= 1 adds a pool of N threads.
        name: shown in messages, thread names and to iceoryx2.
        domain: isolates shared memory from other domains; default: environment variable
            ``TAKTORA_DOMAIN``, else iceoryx2's own default.
        observer, monitor: see ``taktora.observe``.
        thread_attributes: affinity, names, SCHED_FIFO, timer slack of the threads that run items.
        iteration_budget: what any one execution may take; a longer one faults the executor: only
            fault handlers run until :meth:`clear_fault`. ``None``: as long as it likes.
        supervision: what to do when an item fails; ``add`` can override it per item.
        mailbox_capacity: messages that wait in front of one actor before ``overflow`` applies.
        overflow: what a full mailbox does with one more message.
        throughput: messages that an actor handles before others get their turn.
        switch_interval: seconds (the interpreter's thread switch interval while running; the
            setting is process-wide and put back at the end), or ``None`` to leave it alone.
        busy_poll: seconds that the driver looks for the next wake-up before it sleeps, if the last
            ones came that fast; 0 lets it sleep at once. Costs CPU time only while wake-ups come
            faster than this.
        handle_signals: SIGINT and SIGTERM end ``run*()`` cleanly (main thread only).
        allow_blocking: let items wait for futures on the threads that run actors. Can deadlock.

    Raises:
        WrongType, InvalidArgument: an option that cannot be; nothing was created.
    """

    def __init__(
        self,
        *,
        worker_threads: int = 0,
        name: str | None = None,
        domain: str | None = None,
        observer: Observer | None = None,
        monitor: ExecutionMonitor | None = None,
        thread_attributes: ThreadAttributes | None = None,
        iteration_budget: Duration | None = None,
        supervision: Supervision | None = None,
        mailbox_capacity: int = 1024,
        overflow: Overflow = Overflow.REJECT,
        throughput: int = 32,
        switch_interval: float | None = 0.0005,
        busy_poll: Duration = 0.0001,
        handle_signals: bool = True,
        allow_blocking: bool = False,
    ) -> None:
        defaults = Defaults(
            workers=whole(worker_threads, "worker_threads", least=0),
            supervision=Supervision.stop()
            if supervision is None
            else instance(supervision, Supervision, "supervision"),
            capacity=whole(mailbox_capacity, "mailbox_capacity", least=1),
            overflow=instance(overflow, Overflow, "overflow"),
            throughput=whole(throughput, "throughput", least=1),
            iteration_budget=0
            if iteration_budget is None
            else to_nanos(iteration_budget, what="iteration_budget"),
        )
        self._workers = defaults.workers
        self._attributes = thread_attributes
        if thread_attributes is not None:
            instance(thread_attributes, ThreadAttributes, "thread_attributes")
        self._switch_interval = None
        if switch_interval is not None:
            self._switch_interval = to_nanos(switch_interval, what="switch_interval") / 1e9
        poll = to_nanos(busy_poll, what="busy_poll", zero=True)
        self._handle_signals = instance(handle_signals, bool, "handle_signals")
        self._allow_blocking = instance(allow_blocking, bool, "allow_blocking")
        self.observation = Observation(observer, monitor)
        self.node = Node(
            name if name is not None else f"taktora-{os.getpid()}-{next(_serial)}", domain=domain
        )
        """The node that this executor owns: its channels and services."""
        self._switch = RunSwitch()
        self._scheduler = Scheduler(defaults.iteration_budget)
        self._driver = WaitSetDriver(self._scheduler, self._switch, poll)
        self._driver.on_gone = self._gone
        self._driver.on_trip = self._trip
        self._role = DriverRole(self._driver)
        self._role.on_rest = self._nudge
        self._roster = Roster(self.name)
        self._watchers = Watchers(self._roster)
        self._adding = Adding(
            self,
            defaults,
            self._roster,
            self._driver,
            self._switch,
            self.observation,
            self._role.do,
        )
        self.expecting: set[Promise[Any]] = set()
        self._closed = False
        self._pid = os.getpid()
        cell = SchedulerCell(
            SchedulerActor(self._scheduler, self._driver.report, self.name), self._role.do
        )
        cell.on_dead_letter = self.observation.dead_letter
        cell.ref.home = self
        self.scheduler: ActorRef[Any] = cell.ref
        """The scheduler actor: ``tell`` it ``Pause(id)``, ``Resume(id)``, ``Remove(id)``; ``ask``
        it ``Describe()``."""
        self._scheduler_cell = cell
        _open_executors.add(self)

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
        """Whether a ``run*`` call is under way."""
        return self._role.is_driven()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    @property
    def iceoryx_node(self) -> Any:
        """The raw iceoryx2 node, for what taktora does not offer."""
        return self.node.raw

    @property
    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last 100 messages that nobody handled, oldest first."""
        return tuple(self.observation.recent)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "running" if self.running else "idle"
        return (
            f"<Executor {self.name!r}, {len(self._roster)} items, {self._workers} workers, {state}>"
        )

    # --- running --------------------------------------------------------------------------------

    def run(self) -> None:
        """Run until stopped; the calling thread is the driver.

        Raises:
            ItemFailed: an item failed under ``Supervision.stop()``.
            ExecutorRunning: it runs already.
            ExecutorClosed: it is closed.
            ThreadAttributesError: the kernel refused an attribute; nothing ran.
        """
        self._run()

    def run_for(self, duration: Duration) -> None:
        """Run for ``duration`` of wall time, then let running executions finish. As :meth:`run`.

        The duration counts from this call, the time grid from the start of the run a little
        later: an interval's tick at exactly ``duration`` is not in it.
        """
        nanos = to_nanos(duration)
        self._run(until=monotonic_ns() + nanos)

    def run_n(self, iterations: int) -> None:
        """Run until ``iterations`` wake-ups that ran at least one item have completed."""
        self._run(max_wakeups=whole(iterations, "iterations", least=1))

    def run_until(self, predicate: Callable[[], object]) -> None:
        """Run until ``predicate()`` is true: asked after each wake-up and at least every 50 ms.

        It runs on the driver thread; if it raises, the run ends and the exception comes out here.
        """
        if not callable(predicate):
            raise WrongType(f"predicate must be callable, not {predicate!r}")
        self._run(predicate=predicate)

    def run_on_this_thread(self, up: Callable[[], None]) -> None:
        """As :meth:`run`, and call ``up()`` once messages are being handled (for ``Runner``)."""
        self._run(up=up)

    def stop(self) -> None:
        """End the run, or the next one if none is under way. Any thread; safe in signal handlers.

        Returns at once; ``run*`` returns when the running executions have finished. Idempotent.
        """
        self._switch.stopping = True
        self._driver.ring()

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

    def close(self) -> None:
        """Stop the run if there is one, stop every actor, release every port and file. Idempotent.

        Raises:
            BlockingInActor: called by an item; use ``ctx.stop_executor()`` and close afterwards.
        """
        if self._closed:
            return
        if self.running and is_actor_thread():
            raise BlockingInActor(
                "an item cannot close the executor that runs it; use ctx.stop_executor()"
            )
        self._closed = True
        if os.getpid() != self._pid:  # a forked child: everything belongs to the parent
            return
        if self.running:
            self.stop()
        with self._role.held():
            self._driver.pump()
            for actor_id in reversed(self._scheduler.actor_ids):
                if actor_id in self._scheduler:  # not gone with the chain or graph it was part of
                    self._driver.report(Remove(actor_id))
            self._role.over = True
            self._driver.close()
            self.node.close()
        _open_executors.discard(self)

    # --- looking --------------------------------------------------------------------------------

    def stats(self) -> ExecutorStats:
        """Counters per item. Any thread, at any time; never waits for the driver."""
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
        return ExecutorStats(items, driver.wakeups, self.observation.dead_letters, driver.rescued)

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

    def _run(
        self,
        *,
        max_wakeups: int | None = None,
        until: Nanos | None = None,
        predicate: Callable[[], object] | None = None,
        up: Callable[[], None] | None = None,
    ) -> None:
        self.check_runnable()
        if is_actor_thread():
            raise ExecutorRunning(
                "this thread already runs an executor; an item cannot run another one on it"
            )
        with self._role.driving():
            self._check_open()
            error: BaseException | None = None
            failure: Escalate | None = None
            began = False
            try:
                with ExitStack() as stack:
                    pool = self._prepare(stack)
                    began = True
                    self.observation.up()
                    if up is not None:
                        self._driver.posted.append(up)
                    try:
                        self._driver.drive(
                            pool=pool, max_wakeups=max_wakeups, until=until, predicate=predicate
                        )
                    except BaseException:
                        if pool is not None and self._driver.aborted:
                            pool.abandon()
                        raise
                failure, self._driver.failure = self._driver.failure, None
                if failure is not None:
                    if not isinstance(failure.error, Exception):
                        raise failure.error
                    composition = getattr(failure.actor_id, "composition", None)
                    raise ItemFailed(
                        failure.actor_id, failure.error, composition
                    ) from failure.error
            except BaseException as raised:
                error = raised
                raise
            finally:
                self._switch.stopping = False
                if began:
                    self.observation.down(error)
                # A frame that holds an exception whose traceback holds the frame keeps all that the
                # item had in hand, ports and their files too, until the garbage collector comes by.
                error = failure = None

    def _prepare(self, stack: ExitStack) -> WorkerPool | None:
        """Everything that a run borrows, undone by ``stack`` in reverse order."""
        attributes = self._attributes
        stack.enter_context(_DRIVER.applied())
        if attributes is not None and self._workers == 0:
            stack.enter_context(attributes.applied())
        stack.enter_context(borrowed_switch_interval(self._switch_interval))
        pool = None
        if self._workers:
            pool = WorkerPool(
                self._workers,
                self._driver.work,
                name=self.name,
                attributes=attributes,
                around=self._as_actor_thread,
            )
            pool.start()
            stack.callback(pool.stop)
        stack.enter_context(self._as_actor_thread())
        stack.enter_context(self._driver.signals.active())
        stack.enter_context(stop_on_signals(self.stop, install=self._handle_signals))
        return pool

    def _nudge(self) -> None:
        """The run has ended: whoever waits for an answer looks whether one can still come."""
        for promise in list(self.expecting):
            promise.nudge()

    def _as_actor_thread(self) -> Any:
        return actor_thread(self.name, may_block=self._allow_blocking)

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


@atexit.register
def _close_all() -> None:
    """Leave nothing in shared memory behind when the interpreter exits."""
    for executor in list(_open_executors):
        try:
            executor.close()
        except Exception:
            logger.exception("closing %r at exit failed", executor)
