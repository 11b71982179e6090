"""The executor without threads: the same topology under virtual time, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from taktora.actors.actor import ActorRef
from taktora.actors.blocking import is_actor_thread
from taktora.actors.cell import Cell, RunSwitch
from taktora.adding import Defaults
from taktora.checks import whole
from taktora.core.commands import Command
from taktora.core.mailbox import Overflow
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import Stimulus
from taktora.core.supervision import Supervision
from taktora.drivers.virtual import Entry, VirtualDriver
from taktora.errors import (
    AskTimeout,
    BlockingInActor,
    ExecutorNotRunning,
    ExecutorRunning,
    InvalidArgument,
    NotReady,
    SimulationError,
    UnknownItem,
    WrongType,
)
from taktora.hosting import Hosting
from taktora.inmemory import Fabric, InMemoryNode
from taktora.observe.observation import Observation
from taktora.observe.observer import ExecutionMonitor, Observer
from taktora.testing import faults
from taktora.testing.afflicted import SimulatedItemActor
from taktora.testing.afflictions import Afflictions
from taktora.testing.choosers import Chooser, Fair, Fifo, Following, RandomChooser
from taktora.testing.clocks import VirtualClocks
from taktora.testing.invariants import Invariants
from taktora.testing.journal import Journal
from taktora.testing.mishaps import Mishaps
from taktora.testing.outside import record_messages
from taktora.testing.progress import MOST_STEPS, Progress
from taktora.testing.promised import SimulatedPromise
from taktora.testing.replaying import replay
from taktora.testing.schedules import parse_schedule
from taktora.testing.trace import Event, Trace
from taktora.testing.virtual_role import VirtualRole
from taktora.testing.world import World
from taktora.time import Duration, Nanos, to_nanos
from taktora.transport.outcome import NotifyOutcome

__all__ = ["SimulatedExecutor"]


class SimulatedExecutor(Hosting):
    """An ``Executor`` under virtual time, without threads and without iceoryx2. One thread.

    Everything that is added runs on the very scheduler of production. Nothing happens until
    :meth:`advance`, :meth:`run_until_idle`, :meth:`step` or a ``run*`` method is called; then items
    run one after the other, and wherever production promises no order, ``chooser`` decides. The
    same seed makes the same choices, in every process and on every machine.

    Args:
        seed: of a :class:`~taktora.testing.RandomChooser`; ``None``: first in, first out.
        chooser: who decides instead.
        schedule: choices to repeat, as found in :attr:`schedule`; then first in, first out.
        fairness: a candidate that was passed over this often goes next, whoever decides.
        late_answers: let others go between an execution on a worker and the moment the scheduler
            hears of its end. Nothing that items can see comes of it; for tests of taktora itself.
        virtual_clocks: while an item executes, ``time.sleep`` and the clocks of the ``time`` module are
            virtual, too (those that are called as ``time.sleep(...)``, not imported by name).
        worker_threads: how many executions may be under way at the same virtual time; 0: one.
        name, domain, observer, monitor, iteration_budget, supervision, mailbox_capacity, overflow,
            throughput: as for ``Executor``.
        scheduler_class: another scheduler, to see whether the invariants catch its bugs.
        allow_blocking, thread_attributes, switch_interval, busy_poll, handle_signals: accepted, as
            for ``Executor``, and without effect.

    Raises:
        WrongType, InvalidArgument: an option that cannot be.
    """

    def __init__(
        self,
        seed: int | None = 0,
        *,
        chooser: Chooser | None = None,
        schedule: str | Sequence[int] | None = None,
        fairness: int = 64,
        late_answers: bool = False,
        virtual_clocks: bool = False,
        worker_threads: int = 0,
        name: str = "simulated",
        domain: str | None = "simulation",
        observer: Observer | None = None,
        monitor: ExecutionMonitor | None = None,
        iteration_budget: Duration | None = None,
        supervision: Supervision | None = None,
        mailbox_capacity: int = 1024,
        overflow: Overflow = Overflow.REJECT,
        throughput: int = 32,
        scheduler_class: type[Scheduler] = Scheduler,
        allow_blocking: bool = False,  # noqa: ARG002  # the options of production
        thread_attributes: Any = None,  # noqa: ARG002
        switch_interval: float | None = None,  # noqa: ARG002
        busy_poll: Duration = 0,  # noqa: ARG002
        handle_signals: bool = False,  # noqa: ARG002
    ) -> None:
        defaults = Defaults.checked(
            workers=worker_threads,
            supervision=supervision,
            capacity=mailbox_capacity,
            overflow=overflow,
            throughput=throughput,
            iteration_budget=iteration_budget,
        )
        self._fairness = whole(fairness, "fairness", least=1)
        self._chooser = Fair(_chooser(seed, chooser, schedule), self._fairness)
        self.fabric = Fabric()
        """The memory that its channels and services live in."""
        node = InMemoryNode(name, domain=domain, fabric=self.fabric)
        switch = RunSwitch()
        scheduler = scheduler_class(defaults.iteration_budget)
        driver = VirtualDriver(
            scheduler, switch, workers=defaults.workers, choose=self._chooser.choose
        )
        super().__init__(
            defaults=defaults,
            node=node,
            scheduler=scheduler,
            driver=driver,
            role=VirtualRole(driver, lambda: scheduler.running),
            switch=switch,
            observation=Observation(observer, monitor, driver.clock),
        )
        self._driver: VirtualDriver = driver
        self._adding.item_actor = SimulatedItemActor
        self._adding.on_connect = self._connected
        self._adding.check_trigger = driver.check_trigger
        driver.late_answers = late_answers
        self._journal = Journal(driver, self.name)
        self._progress = Progress(
            driver=driver,
            scheduler=scheduler,
            switch=switch,
            journal=self._journal,
            observation=self.observation,
            name=self.name,
        )
        self._invariants = Invariants(driver, scheduler, fairness)
        self._progress.on_worked = self._invariants.worked
        self.around_node = self._invariants.around
        self._afflictions = Afflictions(driver, self._invariants, self._journal.note)
        self.before_execution = self._afflictions.before_execution
        if virtual_clocks:
            self._progress.around = VirtualClocks(driver.clock, driver.spend).shown
        self._world = World(self.fabric, node.domain, self._journal, self._progress)
        driver.on_step = self._stepped
        driver.on_handled = self._handled
        self.fabric.choose = self._choose_sender
        self.scheduler.new_promise = lambda: SimulatedPromise(self)
        record_messages(self.scheduler, "scheduler", self._journal, lambda: self._progress.outside)

    # --- looking ----------------------------------------------------------------------------------

    @property
    def now_ns(self) -> Nanos:
        """Virtual time: nanoseconds since the beginning; inside an execution, with what it spent."""
        return self._driver.clock()

    @property
    def ready(self) -> tuple[str, ...]:
        """Ids of the items that could run now, oldest first."""
        self._progress.ensure_begun()
        self._driver.settle()
        return tuple(str(one.cell.actor_id) for one in self._driver.candidates() if not one.ends)

    @property
    def trace(self) -> Trace:
        """What happened so far."""
        return self._journal.trace

    @property
    def schedule(self) -> str:
        """The choices made so far, as a text that ``schedule=`` takes."""
        return self.trace.schedule

    @property
    def waited_for(self) -> tuple[str, ...]:
        """Names of the channels and services that an item waits for."""
        return self._driver.watched_names()

    def executions(self, item: str | ActorRef[Any]) -> int:
        """How often an item has executed.

        Raises:
            UnknownItem: there is none with that id.
        """
        return self.stats()[self._id(item)].count

    def check(self) -> None:
        """Raise if something that always holds (``spec/simulation.md``) did not.

        Also checked after every step; call it at the end, when the system is to be at rest.

        Raises:
            InvariantBroken: the law, and who broke it.
        """
        self._invariants.check()

    # --- going on ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a run at the present instant: every ``on_start``. The first call of any method that
        goes on does it by itself.

        Raises:
            ExecutorRunning: a run is under way. ExecutorClosed: it is closed.
        """
        self.check_runnable()
        with self._progress.operation("begin"):
            self._progress.begin()

    def advance(self, duration: Duration) -> None:
        """Let ``duration`` of virtual time pass; whatever becomes ready meanwhile runs first.

        Raises:
            ItemFailed: an item failed under ``Supervision.stop()``; the run is over.
            NeverIdle: at some instant there was no end of things to do.
            InvariantBroken: a law was broken.
        """
        nanos = to_nanos(duration, zero=True)
        self._check_open()
        with self._progress.operation("advance", what=str(nanos)):
            self._progress.ensure_begun()
            self._progress.drive(until=self._driver.now + nanos, beyond=True)

    def run_until_idle(self, max_steps: int = MOST_STEPS) -> int:
        """Let everything run that can at this instant; how many steps that took. No time passes.

        Raises:
            NeverIdle: still busy after ``max_steps``. Others as :meth:`advance`.
        """
        most = whole(max_steps, "max_steps", least=1)
        self._check_open()
        with self._progress.operation("idle", what=str(most)):
            self._progress.ensure_begun()
            return self._progress.drive(until=self._driver.now, most=most, patient=True)

    def step(self, item: str | ActorRef[Any] | None = None) -> str | None:
        """Let one go next, ``item`` or whoever is chosen; the id, ``None`` if nobody could.

        With a pool, an execution that takes time is two steps: it runs, and when that time has
        passed its worker says so (``"<id> done"``).

        Raises:
            NotReady: ``item`` cannot run now. UnknownItem: there is none with that id.
            ItemFailed, InvariantBroken: as :meth:`advance`.
        """
        wanted = None if item is None else self._id(item)
        self._check_open()
        if self._progress.in_step:
            raise ExecutorRunning("an item cannot drive the simulation that runs it")
        self._progress.ensure_begun()
        self._driver.settle()
        entry = None if wanted is None else self._entry_of(wanted)
        with self._progress.operation("step", who=wanted or ""):
            gone = self._progress.step(entry)
            self._driver.settle()
            self._progress.end_if_over()
            return None if gone is None else gone.label

    # --- runs, as an Executor's ---------------------------------------------------------------------

    def run(self) -> None:
        """Run until stopped.

        Raises:
            SimulationError: nothing will ever happen again, and nobody stopped it. The run is over
                then, and another one may begin.
            Others: as :meth:`advance`.
        """
        self._run()

    def run_for(self, duration: Duration) -> None:
        """Run for ``duration`` of virtual time, then let running executions finish."""
        self._run(until=self._driver.now + to_nanos(duration))

    def run_n(self, iterations: int) -> None:
        """Run until ``iterations`` wake-ups that ran at least one item have completed."""
        wakeups = self._driver.wakeups + whole(iterations, "iterations", least=1)
        self._run(predicate=lambda: self._driver.wakeups >= wakeups)

    def run_until(self, predicate: Callable[[], object]) -> None:
        """Run until ``predicate()`` is true: asked after each step and before time passes."""
        if not callable(predicate):
            raise WrongType(f"predicate must be callable, not {predicate!r}")
        self._run(predicate=predicate)

    def stop(self) -> None:
        """End the run: nothing begins any more. It is over when what is under way has finished."""
        if not self._progress.outside:
            self._switch.stopping = True
            return
        with self._progress.operation("stop"):
            self._switch.stopping = True
            self._driver.settle()
            self._progress.end_if_over()

    def close(self) -> None:
        """Stop the run if there is one, stop every actor, release every port. Idempotent."""
        if self._closed:
            return
        if self._progress.in_step:
            raise BlockingInActor(
                "an item cannot close the executor that runs it; use ctx.stop_executor()"
            )
        self._closed = True
        self._driver.on_handled = lambda *_: None  # its end is no part of what happened
        if self._scheduler.running:
            self._driver.end()
        self._clear_out()
        self._invariants.closed()
        self._world.close()

    def go(self, steps: int, until_ns: Nanos) -> None:
        """Go on for so many steps, up to virtual time ``until_ns``; what a replay does where the
        test waited for something.
        """
        before = self._progress.steps
        with self._recorded_go():
            self._progress.ensure_begun()
            self._progress.drive(
                until=until_ns,
                predicate=lambda: (
                    self._progress.steps - before >= steps and self._driver.now >= until_ns
                ),
                beyond=True,
            )

    def replay(self, trace: Trace, on_event: Callable[[Event], object] | None = None) -> None:
        """Do again what ``trace`` says, in a simulation of the same topology that is as good as new.

        The choices of ``trace`` count from here on, whatever was given for ``seed`` or ``chooser``.
        ``on_event`` is called with every event as it happens: the place for a breakpoint.

        Raises:
            NondeterminismError: something came out differently; both versions are in the message.
            SimulationError: the test sent something that a trace cannot hold.
            InvalidArgument: something has happened in this simulation already.
            Others: what the test met, at the same place.
        """
        self._chooser = Fair(Following(trace.choices), self._fairness)
        self._driver.choose = self._chooser.choose
        replay(self, trace, on_event)

    # --- from outside -------------------------------------------------------------------------------

    @property
    def outside(self) -> InMemoryNode:
        """The node of another process, for ports of the test's own."""
        return self._world.node

    def publish(self, channel: str, value: Any) -> NotifyOutcome:
        """Send a copy of ``value`` on an open channel, as another process would.

        Raises:
            InvalidArgument: no such channel is open. Others as ``Publisher.send_copy``.
        """
        return self._world.publish(channel, value)  # type: ignore[no-any-return]

    def publish_bytes(self, channel: str, data: bytes) -> NotifyOutcome:
        """The same with the payload's memory; what a replay does.

        Raises:
            InvalidArgument: no such channel is open, or the payload has another length.
        """
        return self._world.publish_bytes(channel, data)  # type: ignore[no-any-return]

    def inject(self, fault: faults.Fault) -> None:
        """Let something go wrong: now, or when its item or channel is next concerned.

        Raises:
            UnknownItem: no item, or channel, of that name.
            WrongType: not one of ``taktora.testing.faults``.
        """
        if not isinstance(fault, faults.Fault):
            raise WrongType(f"inject takes one of taktora.testing.faults, not {fault!r}")
        self._afflictions.check(fault)
        with self._progress.operation("inject", what=faults.to_text(fault)):
            self._afflictions.apply(fault)

    def suffer(self, mishaps: Mishaps) -> None:
        """Let these things go wrong, each at its place; see :func:`~taktora.testing.with_faults`."""
        self._afflictions.mishaps = mishaps

    def takes(self, item: str | ActorRef[Any], duration: Duration) -> None:
        """Let every execution of ``item`` take ``duration`` of virtual time from now on (0: none).

        Raises:
            UnknownItem: there is none with that id.
        """
        nanos = to_nanos(duration, zero=True)
        affliction = self._afflictions.of(actor_id := self._id(item))
        with self._progress.operation("takes", who=actor_id, what=repr(nanos / 1e9)):
            affliction.takes = nanos

    def at(self, when_ns: Nanos, action: Callable[[], None]) -> None:
        """Have ``action()`` called at virtual time ``when_ns``, as if by another process.

        Raises:
            InvalidArgument: that time is past.
        """
        if when_ns < self._driver.now:
            raise InvalidArgument(
                f"when_ns={when_ns} is past: it is {self._driver.now} in the simulation"
            )
        self._driver.at(when_ns, action)

    # --- what refs and actors need --------------------------------------------------------------------

    def spend(self, duration: Nanos) -> None:
        """The execution under way takes ``duration`` (more). For code that models its own time."""
        if not self._progress.in_step:
            raise SimulationError("only an execution can spend virtual time; use advance()")
        self._driver.spend(duration)

    def check_answerable(self, ref: ActorRef[Any]) -> None:
        """Go on until everybody who asked has an answer; raise if that will not come."""
        if not self.expecting:
            return
        self._go_on(lambda: all(promise.done for promise in self.expecting), None)
        if not all(promise.done for promise in self.expecting):
            raise ExecutorNotRunning(f"{ref} will never answer: the simulation has come to rest")

    def stop_at_rest(self, ref: ActorRef[Any]) -> bool:
        """Stop an actor here and now if no run is under way; else go on until it has stopped."""
        outside = not self._progress.in_step  # an item that stops another waits for nobody
        if outside and self.expecting and self.running:
            self.check_answerable(ref)
        return super().stop_at_rest(ref)

    def await_promise(self, promise: SimulatedPromise[Any], timeout: float | None) -> None:
        """Go on until ``promise`` is settled, for at most ``timeout`` seconds of virtual time.

        They pass also while no run is under way, as they do for whoever asks a stopped executor.
        """
        if self._progress.in_step or is_actor_thread():
            raise BlockingInActor("an item cannot wait for a future; use add_done_callback")
        until = None if timeout is None else self._driver.now + max(0, round(timeout * 1e9))
        self._go_on(lambda: promise.done, until)
        if not promise.done:
            if timeout is None:
                raise ExecutorNotRunning("no answer will come: the simulation has come to rest")
            raise AskTimeout(f"no answer within {timeout} seconds of virtual time")

    # --- helpers --------------------------------------------------------------------------------------

    def _go_on(self, predicate: Callable[[], bool], until: Nanos | None) -> None:
        """Go on because somebody waits."""
        self._check_open()
        with self._recorded_go():
            self._progress.ensure_begun()
            self._progress.drive(until=until, predicate=predicate, beyond=until is not None)

    @contextmanager
    def _recorded_go(self) -> Iterator[None]:
        """An operation of which only its end says how far it went."""
        events, at, before = self.trace.events, len(self.trace), self._progress.steps
        outside = self._progress.outside
        with self._progress.operation("go"):
            try:
                yield
            finally:
                if outside:
                    went = f"{self._progress.steps - before} steps, to {self._driver.now}"
                    events[at] = events[at]._replace(what=went)

    def _run(
        self, *, until: Nanos | None = None, predicate: Callable[[], object] | None = None
    ) -> None:
        satisfied = False

        def ask() -> bool:
            nonlocal satisfied
            try:
                satisfied = predicate is not None and bool(predicate())
            except Exception as error:  # noqa: BLE001  # raised when all is at rest
                self._progress.broken, satisfied = error, True
            return satisfied

        self.start()
        with self._recorded_go():
            self._progress.drive(until=until, predicate=ask)
        if not self.running:
            return
        endless = until is None and not satisfied
        self.stop()
        with self._recorded_go():
            self._progress.drive(until=None)
        if endless:  # a run that this call began is over when it raises
            raise SimulationError(
                "nothing would ever have happened again and nobody stopped the run: no timer was "
                "armed and nobody was ready"
            )

    def _choose_sender(self, labels: Sequence[str]) -> int:
        """Whose payload is taken first, where iceoryx2 promises no order."""
        index = self._chooser.choose(labels)
        self._journal.chose("take", labels, index)
        return index

    def _stepped(self, entry: Entry, labels: Sequence[str], index: int) -> None:
        self._journal.stepped(entry, labels, index)
        self._invariants.stepped(entry, index)

    def _handled(self, stimulus: Stimulus, commands: tuple[Command, ...]) -> None:
        self._journal.handled(stimulus, commands)
        self._invariants.handled(stimulus, commands)

    def _connected(self, cell: Cell) -> None:
        self._invariants.connected(cell)
        ref = cell.actor.actor_ref
        ref.new_promise = lambda: SimulatedPromise(self)
        record_messages(ref, str(cell.actor_id), self._journal, lambda: self._progress.outside)

    def _id(self, item: str | ActorRef[Any]) -> str:
        actor_id = item.item_id if isinstance(item, ActorRef) else item
        if self._roster.get(actor_id) is None:
            known = ", ".join(repr(str(one)) for one in self._driver.cells) or "none at all"
            raise UnknownItem(f"no item with id {actor_id!r}; there are: {known}")
        return actor_id

    def _entry_of(self, actor_id: str) -> Entry:
        for entry in self._driver.candidates():
            if entry.cell.actor_id == actor_id:
                return entry
        ready = self.ready
        raise NotReady(
            f"item {actor_id!r} cannot run now; ready: {', '.join(map(repr, ready)) or 'nobody'}",
            ready,
        )


def _chooser(
    seed: int | None, chooser: Chooser | None, schedule: str | Sequence[int] | None
) -> Chooser:
    if schedule is not None:
        if chooser is not None:
            raise InvalidArgument("give a chooser or a schedule, not both")
        return Following(parse_schedule(schedule) if isinstance(schedule, str) else tuple(schedule))
    if chooser is not None:
        return chooser
    return Fifo() if seed is None else RandomChooser(seed)
