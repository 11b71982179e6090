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

from taktora.actors.actor import Actor, ActorRef, answer_full
from taktora.actors.blocking import actor_thread, is_actor_thread
from taktora.actors.cell import Cell, RunSwitch
from taktora.actors.declare import TriggerDeclarer
from taktora.actors.item import Item
from taktora.actors.items import ItemActor, ItemCell, ItemRef, has_reset
from taktora.actors.promise import Promise
from taktora.actors.roster import Roster
from taktora.actors.scheduler import SchedulerActor, SchedulerCell
from taktora.actors.wiring import wire
from taktora.checks import build, identifier, instance, whole
from taktora.closing import Closing
from taktora.core.mailbox import Overflow, Wake
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import ActorSpec, Added, Remove
from taktora.core.supervision import Directive, Supervision
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
    InvalidArgument,
    ItemFailed,
    WrongType,
)
from taktora.ipc.channel import Channel
from taktora.ipc.node import Node
from taktora.ipc.service import Service
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


class Executor(Closing):
    """Runs items as actors over one iceoryx2 node. See the README for a first one.

    Args:
        worker_threads: 0 runs every item on the driver thread (the one that calls ``run``);
            N >= 1 adds a pool of N threads.
        name: shown in messages, thread names and to iceoryx2.
        domain: isolates shared memory from other domains; default: environment variable
            ``TAKTORA_DOMAIN``, else iceoryx2's own default.
        observer, monitor: see ``taktora.observe``.
        thread_attributes: affinity, names, SCHED_FIFO, timer slack of the threads that run items.
        supervision: what to do when an item fails; ``add`` can override it per item.
        mailbox_capacity: messages that wait in front of one actor before ``overflow`` applies.
        overflow: what a full mailbox does with one more message.
        throughput: messages that an actor handles before others get their turn.
        switch_interval: seconds (the interpreter's thread switch interval while running; the
            setting is process-wide and put back at the end), or ``None`` to leave it alone.
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
        supervision: Supervision | None = None,
        mailbox_capacity: int = 1024,
        overflow: Overflow = Overflow.REJECT,
        throughput: int = 32,
        switch_interval: float | None = 0.0005,
        handle_signals: bool = True,
        allow_blocking: bool = False,
    ) -> None:
        self._workers = whole(worker_threads, "worker_threads", least=0)
        self._capacity = whole(mailbox_capacity, "mailbox_capacity", least=1)
        self._throughput = whole(throughput, "throughput", least=1)
        self._overflow = instance(overflow, Overflow, "overflow")
        self._supervision = Supervision.stop()
        if supervision is not None:
            self._supervision = instance(supervision, Supervision, "supervision")
        self._attributes = thread_attributes
        if thread_attributes is not None:
            instance(thread_attributes, ThreadAttributes, "thread_attributes")
        self._switch_interval = None
        if switch_interval is not None:
            self._switch_interval = to_nanos(switch_interval, what="switch_interval") / 1e9
        self._handle_signals = instance(handle_signals, bool, "handle_signals")
        self._allow_blocking = instance(allow_blocking, bool, "allow_blocking")
        self.observation = Observation(observer, monitor)
        self.node = Node(
            name if name is not None else f"taktora-{os.getpid()}-{next(_serial)}", domain=domain
        )
        """The node that this executor owns: its channels and services."""
        self._switch = RunSwitch()
        self._scheduler = Scheduler()
        self._driver = WaitSetDriver(self._scheduler, self._switch)
        self._driver.on_gone = self._gone
        self._role = DriverRole(self._driver)
        self._role.on_rest = self._nudge
        self._roster = Roster(self.name)
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

    # --- building -------------------------------------------------------------------------------

    def channel(self, name: str, payload_type: Any, **limits: Any) -> Channel:
        """Open or create a channel; see :meth:`taktora.Node.channel`."""
        self._check_open()
        return self.node.channel(name, payload_type, **limits)

    def service(self, name: str, request_type: Any, response_type: Any, **limits: Any) -> Service:
        """Open or create a service; see :meth:`taktora.Node.service`."""
        self._check_open()
        return self.node.service(name, request_type, response_type, **limits)

    def add(
        self,
        item: Item | Callable[[], Item],
        *,
        id: str | None = None,
        placement: str = "auto",
        supervision: Supervision | None = None,
        mailbox_capacity: int | None = None,
        overflow: Overflow | None = None,
    ) -> ItemRef:
        """Make ``item`` an actor and return its ref. Any thread, also while running.

        The id is the item's own ``item_id``, else ``id``, else one is assigned. ``item`` may be a
        factory (a class, or a function without parameters), which a restart calls again.
        ``placement``: ``"inline"`` runs it on the driver thread, ``"pool"`` on a worker,
        ``"auto"`` on a worker if there are any.

        Raises:
            WrongType, InvalidArgument: an argument that cannot be.
            InvalidTrigger, PortClosed: a declared trigger cannot work.
            DuplicateItem: the same object, or the id, was added before.
            ExecutorClosed: the executor is closed.
        """
        self._check_open()
        policy = self._supervision
        if supervision is not None:
            policy = instance(supervision, Supervision, "supervision")
        inline = self._inline(placement)
        capacity = self._capacity
        if mailbox_capacity is not None:
            capacity = whole(mailbox_capacity, "mailbox_capacity", least=1)
        if overflow is not None:
            instance(overflow, Overflow, "overflow")
        built, factory = build(item)
        if policy.directive is Directive.RESTART and factory is None and not has_reset(built):
            raise WrongType(
                f"{built!r} cannot be restarted: add it as a factory (its class, or a function "
                "that makes it), or give it a reset() method"
            )
        wanted = identifier(built.item_id if built.item_id is not None else id)
        declarer = TriggerDeclarer(f"item {wanted!r}" if wanted else repr(built))
        built.declare_triggers(declarer)
        item_id = self._roster.claim(wanted, "item", built)
        try:
            actor = ItemActor(
                built,
                item_id,
                self,
                capacity=capacity,
                overflow=overflow or self._overflow,
                factory=factory,
            )
        except BaseException:
            self._roster.drop(item_id, built)
            raise
        cell = ItemCell(actor, throughput=self._throughput, inline=inline)
        wire(cell, declarer.triggers, self._driver.rearm)
        self._launch(cell, ActorSpec(item_id, actor.actor_inbox, declarer.triggers, policy))
        return actor.actor_ref  # type: ignore[no-any-return]

    def spawn(
        self,
        actor_class: type[Actor],
        *args: Any,
        id: str | None = None,
        placement: str = "auto",
        **kwargs: Any,
    ) -> ActorRef[Any]:
        """Start a plain actor, written as for pykka, on this executor and return its ref.

        ``args`` and ``kwargs`` go to its constructor. As in pykka, an exception in a told message
        ends the actor (``on_failure``), and one in an ask goes back to the asker.

        Raises:
            WrongType: not a subclass of ``taktora.Actor``.
            DuplicateItem: the id is taken.
            ExecutorClosed: the executor is closed.
        """
        self._check_open()
        given: Any = actor_class
        if not (isinstance(given, type) and issubclass(given, Actor)):
            raise WrongType(f"spawn takes a subclass of taktora.Actor, not {actor_class!r}")
        inline = self._inline(placement)
        wanted = identifier(id)
        actor = actor_class(*args, **kwargs)
        if not hasattr(actor, "actor_inbox"):
            raise WrongType(f"{actor_class.__name__}.__init__ must call super().__init__()")
        actor.actor_inbox.capacity = self._capacity
        actor.actor_inbox.overflow = self._overflow
        actor_id = self._roster.claim(wanted, actor_class.__name__)
        cell = Cell(actor, actor_id, throughput=self._throughput, inline=inline)
        self._launch(cell, ActorSpec(actor_id, actor.actor_inbox, (), self._supervision))
        return actor.actor_ref  # type: ignore[no-any-return]

    def ref(self, item_id: str) -> ActorRef[Any] | None:
        """The ref of the item or actor with this id, ``None`` when there is none (any more)."""
        return self._roster.get(item_id)

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
            if actor_id is None or actor_id not in self._scheduler.actor_ids:
                return False
            self._driver.report(Remove(actor_id))
            return True

        return ref.is_alive() and self._role.try_at_rest(stop)

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
                failure = self._driver.failure
                if failure is not None:
                    if not isinstance(failure.error, Exception):
                        raise failure.error
                    raise ItemFailed(failure.actor_id, failure.error) from failure.error
            except BaseException as raised:
                error = raised
                raise
            finally:
                self._switch.stopping = False
                if began:
                    self.observation.down(error)

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

    def _inline(self, placement: str) -> bool:
        if placement not in ("inline", "pool", "auto"):
            raise InvalidArgument(
                f"placement must be 'inline', 'pool' or 'auto', not {placement!r}"
            )
        if placement == "pool" and self._workers == 0:
            raise InvalidArgument(
                "placement='pool' needs workers: Executor(worker_threads=1) or more"
            )
        return placement == "inline" or self._workers == 0

    def _launch(self, cell: Cell, spec: ActorSpec) -> None:
        """Hand a wired actor to the scheduler; only then is its mailbox open to it."""
        driver, told = self._driver, cell.told
        cell.switch = self._switch
        cell.on_dead_letter = self.observation.dead_letter
        inbox = cell.inbox
        inbox.on_dead_letter = self._dropper(cell.actor_id)
        inbox.bell = lambda: driver.post(told)
        cell.actor.actor_ref.home = self
        driver.cells[cell.actor_id] = cell
        self._roster.enter(cell.actor_id, cell.actor.actor_ref)
        added = Added(spec)
        cell.actor._announce = lambda: self._role.do(lambda: driver.report(added))  # noqa: SLF001
        cell.actor._start_actor_loop()  # noqa: SLF001

    def _dropper(self, actor_id: str) -> Callable[[Any, str], None]:
        def dropped(entry: Any, reason: str) -> None:
            if type(entry) is Wake:  # one tick of a burst too many: counted, not a letter
                return
            answered = answer_full(entry, actor_id, reason)
            self.observation.dead_letter(actor_id, entry[0], reason, answered)

        return dropped

    def _gone(self, actor_id: str) -> None:
        """An actor has stopped: forget it."""
        cell = self._driver.cells.pop(actor_id, None)
        first = cell.item_actor.first if isinstance(cell, ItemCell) else None
        self._roster.drop(actor_id, first)


@atexit.register
def _close_all() -> None:
    """Leave nothing in shared memory behind when the interpreter exits."""
    for executor in list(_open_executors):
        try:
            executor.close()
        except Exception:
            logger.exception("closing %r at exit failed", executor)
