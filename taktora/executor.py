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

from taktora.actors.blocking import actor_thread, is_actor_thread
from taktora.actors.cell import RunSwitch
from taktora.adding import Defaults
from taktora.checks import instance, whole
from taktora.core.commands import Escalate
from taktora.core.mailbox import Overflow
from taktora.core.scheduler import Scheduler
from taktora.core.supervision import Supervision
from taktora.drivers.role import DriverRole
from taktora.drivers.signals import stop_on_signals
from taktora.drivers.switch_interval import switch_interval as borrowed_switch_interval
from taktora.drivers.thread_attributes import ThreadAttributes
from taktora.drivers.waitset import WaitSetDriver
from taktora.drivers.workers import WorkerPool
from taktora.errors import (
    BlockingInActor,
    ExecutorRunning,
    ItemFailed,
    WrongType,
)
from taktora.hosting import Hosting
from taktora.ipc.node import Node
from taktora.observe.observation import Observation
from taktora.observe.observer import ExecutionMonitor, Observer
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["Executor"]

logger = logging.getLogger("taktora")

_serial = itertools.count()
_open_executors: weakref.WeakSet[Executor] = weakref.WeakSet()
_DRIVER = ThreadAttributes(timer_slack=1e-6)


class Executor(Hosting):
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
        defaults = Defaults.checked(
            workers=worker_threads,
            supervision=supervision,
            capacity=mailbox_capacity,
            overflow=overflow,
            throughput=throughput,
            iteration_budget=iteration_budget,
        )
        self._attributes = thread_attributes
        if thread_attributes is not None:
            instance(thread_attributes, ThreadAttributes, "thread_attributes")
        self._switch_interval = None
        if switch_interval is not None:
            self._switch_interval = to_nanos(switch_interval, what="switch_interval") / 1e9
        poll = to_nanos(busy_poll, what="busy_poll", zero=True)
        self._handle_signals = instance(handle_signals, bool, "handle_signals")
        self._allow_blocking = instance(allow_blocking, bool, "allow_blocking")
        observation = Observation(observer, monitor)
        node = Node(
            name if name is not None else f"taktora-{os.getpid()}-{next(_serial)}", domain=domain
        )
        switch = RunSwitch()
        scheduler = Scheduler(defaults.iteration_budget)
        driver = WaitSetDriver(scheduler, switch, poll)
        role = DriverRole(driver)
        role.on_rest = self._nudge
        super().__init__(
            defaults=defaults,
            node=node,
            scheduler=scheduler,
            driver=driver,
            role=role,
            switch=switch,
            observation=observation,
        )
        self.node: Node = node
        self._driver: WaitSetDriver = driver
        self._role: DriverRole = role
        self._pid = os.getpid()
        _open_executors.add(self)

    @property
    def iceoryx_node(self) -> Any:
        """The raw iceoryx2 node, for what taktora does not offer."""
        return self.node.raw

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
        self._clear_out()
        _open_executors.discard(self)

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


@atexit.register
def _close_all() -> None:
    """Leave nothing in shared memory behind when the interpreter exits."""
    for executor in list(_open_executors):
        try:
            executor.close()
        except Exception:
            logger.exception("closing %r at exit failed", executor)
