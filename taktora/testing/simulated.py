"""The executor without threads: the same topology under virtual time, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from taktora.actors.actor import ActorRef
from taktora.actors.blocking import actor_thread, is_actor_thread
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
    ItemFailed,
    NeverIdle,
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
from taktora.testing.invariants import Invariants
from taktora.testing.journal import Journal
from taktora.testing.promised import SimulatedPromise
from taktora.testing.schedules import parse_schedule
from taktora.testing.trace import Trace
from taktora.testing.virtual_role import VirtualRole
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["SimulatedExecutor"]

_MOST_STEPS: Final = 100_000
"""At one instant; a system that needs more of them is held to be going round in circles."""


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
        fabric: the memory that several simulated executors share; default: one of its own.
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
        fabric: Fabric | None = None,
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
        self._chooser = Fair(
            _chooser(seed, chooser, schedule), whole(fairness, "fairness", least=1)
        )
        self.fabric = Fabric() if fabric is None else fabric
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
        driver.late_answers = late_answers
        self._in_step = False
        self._was_started = False
        self._operating = False
        self._chosen = True
        self._journal = Journal(driver, self.name)
        self._invariants = Invariants(driver, scheduler, fairness)
        self.around_node = self._invariants.around
        self._afflictions = Afflictions(driver, self._invariants)
        driver.on_step = self._stepped
        driver.on_handled = self._handled
        driver.work = self._work
        self.fabric.choose = driver.choose

    # --- looking ----------------------------------------------------------------------------------

    @property
    def now_ns(self) -> Nanos:
        """Virtual time: nanoseconds since the beginning."""
        return self._driver.now

    @property
    def ready(self) -> tuple[str, ...]:
        """Ids of the items that could run now, oldest first."""
        self._ensure_begun()
        self._driver.settle()
        return tuple(
            str(one.cell.actor_id) for one in self._driver.candidates() if one.answer is None
        )

    @property
    def trace(self) -> Trace:
        """What happened so far."""
        return self._journal.trace

    @property
    def schedule(self) -> str:
        """The choices made so far, as a text that ``schedule=`` takes."""
        return self.trace.schedule

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
        with self._operation("begin"):
            self.check_runnable()
            self._begin()

    def advance(self, duration: Duration) -> None:
        """Let ``duration`` of virtual time pass; whatever becomes ready meanwhile runs first.

        Raises:
            ItemFailed: an item failed under ``Supervision.stop()``; the run is over.
            NeverIdle: at some instant there was no end of things to do.
            InvariantBroken: a law was broken.
        """
        nanos = to_nanos(duration, zero=True)
        with self._operation("advance", what=str(nanos)):
            self._ensure_begun()
            self._drive(until=self._driver.now + nanos)

    def run_until_idle(self, max_steps: int = _MOST_STEPS) -> int:
        """Let everything run that can at this instant; how many steps that took. No time passes.

        Raises:
            NeverIdle: still busy after ``max_steps``. Others as :meth:`advance`.
        """
        most = whole(max_steps, "max_steps", least=1)
        with self._operation("idle"):
            self._ensure_begun()
            return self._drive(until=self._driver.now, most=most)

    def step(self, item: str | ActorRef[Any] | None = None) -> str | None:
        """Let one go next, ``item`` or whoever is chosen; the id, ``None`` if nobody could.

        With a pool, an execution that takes time is two steps: it runs, and when that time has
        passed its worker says so (``"<id> done"``).

        Raises:
            NotReady: ``item`` cannot run now. UnknownItem: there is none with that id.
            ItemFailed, InvariantBroken: as :meth:`advance`.
        """
        wanted = None if item is None else self._id(item)
        with self._operation("step", who=wanted or ""):
            self._ensure_begun()
            self._driver.settle()
            entry = None if wanted is None else self._entry_of(wanted)
            self._chosen = entry is None
            try:
                gone = self._driver.step(entry)
            finally:
                self._chosen = True
            self._driver.settle()
            self._end_if_over()
            return None if gone is None else gone.label

    # --- runs, as an Executor's ---------------------------------------------------------------------

    def run(self) -> None:
        """Run until stopped.

        Raises:
            SimulationError: nothing will ever happen again, and nobody stopped it.
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
        if not self._in_step and not self._operating:
            self._journal.note("stop")
        self._switch.stopping = True

    def close(self) -> None:
        """Stop the run if there is one, stop every actor, release every port. Idempotent."""
        if self._closed:
            return
        if self._in_step:
            raise BlockingInActor(
                "an item cannot close the executor that runs it; use ctx.stop_executor()"
            )
        self._closed = True
        if self._scheduler.running:
            self._driver.end()
        self._clear_out()
        self._invariants.closed()

    # --- from outside -------------------------------------------------------------------------------

    def inject(self, fault: faults.Fault) -> None:
        """Let something go wrong: now, or when its item or channel is next concerned.

        Raises:
            UnknownItem: no item, or channel, of that name.
            WrongType: not one of ``taktora.testing.faults``.
        """
        if not isinstance(fault, faults.Fault):
            raise WrongType(f"inject takes one of taktora.testing.faults, not {fault!r}")
        self._afflictions.check(fault)
        with self._operation("inject", what=faults.to_text(fault)):
            self._afflictions.apply(fault)

    def takes(self, item: str | ActorRef[Any], duration: Duration) -> None:
        """Let every execution of ``item`` take ``duration`` of virtual time from now on (0: none).

        Raises:
            UnknownItem: there is none with that id.
        """
        nanos = to_nanos(duration, zero=True)
        self._afflictions.of(self._id(item)).takes = nanos

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
        if not self._in_step:
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
        if self.expecting and self.running:
            self.check_answerable(ref)
        return super().stop_at_rest(ref)

    def await_promise(self, promise: SimulatedPromise[Any], timeout: float | None) -> None:
        """Go on until ``promise`` is settled, for at most ``timeout`` seconds of virtual time."""
        if self._in_step or is_actor_thread():
            raise BlockingInActor("an item cannot wait for a future; use add_done_callback")
        until = None if timeout is None else self._driver.now + max(0, round(timeout * 1e9))
        self._go_on(lambda: promise.done, until)
        if not promise.done:
            if timeout is None:
                raise ExecutorNotRunning("no answer will come: the simulation has come to rest")
            raise AskTimeout(f"no answer within {timeout} seconds of virtual time")

    # --- helpers --------------------------------------------------------------------------------------

    @contextmanager
    def _operation(self, kind: str, who: str = "", what: str = "") -> Iterator[None]:
        """Something that is done from outside, written down once."""
        if self._in_step:
            raise ExecutorRunning("an item cannot drive the simulation that runs it")
        self._check_open()
        outermost = not self._operating
        if outermost:
            self._journal.note(kind, who, what)
        self._operating = True
        try:
            yield
        finally:
            self._operating = not outermost

    def _ensure_begun(self) -> None:
        if not self._was_started:
            self._check_open()
            self._begin()

    def _begin(self) -> None:
        self._was_started = True
        self.observation.up()
        self._driver.begin()
        self._driver.settle()

    def _drive(
        self,
        *,
        until: Nanos | None,
        predicate: Callable[[], object] | None = None,
        most: int = _MOST_STEPS,
    ) -> int:
        """Go on until ``until``, the predicate, or the end of the run; how many steps it took."""
        driver = self._driver
        steps = here = 0
        while True:
            driver.settle()
            if self._end_if_over() or (predicate is not None and predicate()):
                return steps
            gone = driver.step()
            if gone is not None:
                steps += 1
                here += 1
                if here > most:
                    raise NeverIdle(
                        f"after {most} steps at {driver.now / 1e9:.6f} s there is still something "
                        f"to do; the last was {gone.label!r}, ready are {', '.join(self.ready)}"
                    )
                continue
            event = driver.next_event()
            if event is None or (until is not None and event > until):
                if until is not None:
                    driver.pass_time(until)
                return steps
            driver.pass_time(event)
            here = 0

    def _go_on(self, predicate: Callable[[], bool], until: Nanos | None) -> None:
        if self._in_step:
            raise BlockingInActor("an item cannot wait for a future; use add_done_callback")
        self._ensure_begun()
        self._drive(until=until, predicate=predicate)

    def _run(
        self, *, until: Nanos | None = None, predicate: Callable[[], object] | None = None
    ) -> None:
        with self._operation("begin"):
            self.check_runnable()
            self._begin()
        with self._operation("advance", what=str(-1 if until is None else until)):
            self._drive(until=until, predicate=predicate)
            if not self.running:
                return
            if until is None and (predicate is None or not predicate()):
                raise SimulationError(
                    "nothing will ever happen again and nobody stopped the run: there is no timer "
                    "and nobody is ready"
                )
            self._switch.stopping = True
            self._drive(until=None)

    def _end_if_over(self) -> bool:
        """End the run if nothing is in flight any more; raise what ended it."""
        if not self._scheduler.running:
            return True
        if not self._driver.over:
            return False
        self._driver.end()
        self._switch.stopping = False
        failure, self._driver.failure = self._driver.failure, None
        error: BaseException | None = None
        if failure is not None:
            error = failure.error
            if isinstance(error, Exception):
                composition = getattr(failure.actor_id, "composition", None)
                error = ItemFailed(failure.actor_id, failure.error, composition)
        self._journal.note("ended", what="" if error is None else str(error))
        self.observation.down(error)
        if error is not None:
            raise error
        return True

    def _work(self, cell: Any) -> Any:
        self._in_step = True
        try:
            with actor_thread(self.name):
                return cell.run()
        finally:
            self._in_step = False
            self._invariants.worked(cell)

    def _stepped(self, entry: Entry, labels: Sequence[str], index: int) -> None:
        self._journal.stepped(entry, labels, index)
        self._invariants.stepped(entry, index, chosen=self._chosen)

    def _handled(self, stimulus: Stimulus, commands: tuple[Command, ...]) -> None:
        self._journal.handled(stimulus, commands)
        self._invariants.handled(stimulus, commands)

    def _connected(self, cell: Cell) -> None:
        self._invariants.connected(cell)
        cell.actor.actor_ref.new_promise = lambda: SimulatedPromise(self)

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
        return Following(parse_schedule(schedule) if isinstance(schedule, str) else schedule)
    if chooser is not None:
        return chooser
    return Fifo() if seed is None else RandomChooser(seed)
