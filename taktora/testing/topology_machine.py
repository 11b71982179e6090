"""A Hypothesis machine around your topology: it does to it whatever may happen, in any order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import Pause, Remove, Resume
from taktora.errors import ItemFailed
from taktora.testing import faults
from taktora.testing.choosers import Chooser, Fifo, HypothesisChooser
from taktora.testing.faults import Fault, InjectedError
from taktora.testing.feeding import Feeding
from taktora.testing.schedules import describe
from taktora.testing.simulated import SimulatedExecutor

__all__ = ["TopologyMachine"]

_SHOWN: Final = 15

Order = str | Random | None


class _Choices(HypothesisChooser):
    """How Hypothesis prints it: in a note below are the choices that were made."""

    def __repr__(self) -> str:
        return "..."


class TopologyMachine(RuleBasedStateMachine):
    """Subclass it and say how your topology is built; everything else is there.

    ::

        class Line(TopologyMachine):
            def build(self, executor):
                build_line(executor)  # what production calls

            @invariant()
            def nothing_passes_a_closed_gate(self):
                assert ...


        TestLine = Line.TestCase
        TestLine.settings = TopologyMachine.ci

    The machine lets time pass, publishes on the channels that come from outside, tells messages, lets
    one item or all go, pauses and resumes, stops the run and begins another one, and injects the
    faults that you allow. Wherever production promises no order, Hypothesis chooses. After every rule
    the laws of ``spec/simulation.md`` are checked, and your own invariants. A failure is shrunk to few
    steps and to an order that is first in first out but where it matters.

    Add rules of your own with ``@rule`` and drive :attr:`sim` in them.
    """

    worker_threads: ClassVar[int] = 0
    """How many executions may be under way at the same virtual time."""
    options: ClassVar[Mapping[str, Any]] = {}
    """More options for :class:`SimulatedExecutor`."""
    scheduler_class: ClassVar[type[Scheduler]] = Scheduler
    """Another scheduler, to see that its bugs are found."""
    payloads: ClassVar[Mapping[str, st.SearchStrategy[Any]]] = {}
    """What to publish, by the name of the channel. For channels on which nothing in the topology
    publishes it is derived from the payload type; others are left alone unless they are named."""
    messages: ClassVar[Mapping[str, st.SearchStrategy[Any]]] = {}
    """What to tell, by the id of the item."""
    faults: ClassVar[Collection[type[Any]]] = ()
    """Which of ``taktora.testing.faults`` may happen. An injected error under ``Supervision.stop()``
    ends the run, as it should."""
    pauses: ClassVar[bool] = True
    """Whether items are paused and resumed, as an operator may do."""
    stops: ClassVar[bool] = True
    """Whether the run is stopped and begun again."""
    removes: ClassVar[bool] = False
    """Whether items are removed for good."""
    durations: ClassVar[Collection[float]] = ()
    """Seconds that may pass at a time, beside those that the topology's intervals and deadlines
    suggest."""

    ci: ClassVar[settings] = settings(
        max_examples=200,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        # without Phase.explain, which takes longer than to find the failure and to make it small
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    """For continuous integration: a few seconds, and the same examples in every run."""
    soak: ClassVar[settings] = settings(ci, max_examples=5000, derandomize=False)
    """For a night: other examples in every run."""

    orders: ClassVar[st.SearchStrategy[Any]] = st.randoms(use_true_random=False).map(_Choices)
    """What :meth:`begin` gets, for those who override it."""

    sim: SimulatedExecutor
    """The simulation under test; there from the first rule on."""

    def build(self, executor: Any) -> None:
        """Put channels and items into ``executor``. Called once per example; yours to write."""
        raise NotImplementedError(f"{type(self).__name__} needs a method build(self, executor)")

    # --- the beginning and the end ------------------------------------------------------------------

    @initialize(order=orders)
    def begin(self, order: Chooser | str | None = None) -> None:
        """Build the topology and begin a run. ``order`` may be a schedule (``tk1:...``)."""
        text = order if isinstance(order, str) else None
        chooser = None if text is not None else Fifo() if order is None else order
        options = {
            "worker_threads": self.worker_threads,
            "scheduler_class": self.scheduler_class,
            **self.options,
        }
        self.sim = SimulatedExecutor(None, chooser=chooser, schedule=text, **options)  # type: ignore[arg-type]
        self.build(self.sim)
        self._feeding = Feeding(self.sim, self.payloads)
        self._told = [(item, self.messages[item]) for item in self.messages]
        self._durations = _durations(self.sim, self.durations)
        nodes = self.sim.topology().nodes
        self._ids = tuple(node.id for node in nodes)
        self._items = tuple(node.id for node in nodes if node.kind == "item")
        self._paused: list[str] = []
        self._go(self.sim.start)

    def teardown(self) -> None:
        """Say how it went if it went wrong; close everything."""
        sim = getattr(self, "sim", None)
        if sim is None:
            return
        error = sys.exception()
        if isinstance(error, Exception):
            for note in self._how_it_went():
                error.add_note(note)
        sim.close()

    def _how_it_went(self) -> list[str]:
        trace = self.sim.trace
        made = [(event.among, event.choice) for event in trace.events if event.among]
        latest = [str(event) for event in trace.events[-_SHOWN:]]
        rest = f" (the last {_SHOWN} of {len(trace)} events)" if len(trace) > _SHOWN else ""
        return [
            f"to run these steps by hand, begin with: state.begin(order={trace.schedule!r})",
            f"schedule: {describe(made)}",
            f"what happened{rest}:",
            *latest,
        ]

    def _go(self, action: Callable[[], object]) -> None:
        """Do it; an error that was injected may end the run."""
        try:
            action()
        except ItemFailed as failed:
            if not isinstance(failed.__cause__, InjectedError):
                raise

    def check_invariants(self, *args: Any, **kwargs: Any) -> None:
        """The laws of ``spec/simulation.md``, then your own: as :meth:`RuleBasedStateMachine`'s.

        Not one more ``@invariant``: Hypothesis would print it after each of the steps to read.
        """
        if hasattr(self, "sim"):
            self.sim.check()
        super().check_invariants(*args, **kwargs)

    # --- what happens by itself -----------------------------------------------------------------------

    @rule(seconds=st.runner().flatmap(lambda self: st.sampled_from(self._durations)))
    def advance(self, seconds: float) -> None:
        """Time passes."""
        self._go(lambda: self.sim.advance(seconds))

    @rule()
    def run_until_idle(self) -> None:
        """Everybody who can goes."""
        self._go(self.sim.run_until_idle)

    @precondition(lambda self: self.sim.ready)
    @rule()
    def step(self) -> None:
        """One goes."""
        self._go(self.sim.step)

    # --- what comes from outside ------------------------------------------------------------------------

    @precondition(lambda self: self._feeding.channels)
    @rule(sample=st.runner().flatmap(lambda self: self._feeding.samples))
    def publish(self, sample: tuple[str, Any]) -> None:
        """Another process publishes: ``(channel, payload)``."""
        self._feeding.publish(*sample)

    @precondition(lambda self: self._told)
    @rule(
        message=st.runner().flatmap(
            lambda self: st.sampled_from(self._told).flatmap(
                lambda told: st.tuples(st.just(told[0]), told[1])
            )
        )
    )
    def tell(self, message: tuple[str, Any]) -> None:
        """Somebody tells an item: ``(id, message)``."""
        self._feeding.tell(*message)

    @precondition(lambda self: self.pauses and self._present(paused=False))
    @rule(item=st.runner().flatmap(lambda self: st.sampled_from(self._present(paused=False))))
    def pause(self, item: str) -> None:
        """An operator pauses an item, a chain or a graph."""
        self.sim.scheduler.tell(Pause(item))
        self._paused.append(item)

    @precondition(lambda self: self._present(paused=True))
    @rule(item=st.runner().flatmap(lambda self: st.sampled_from(self._present(paused=True))))
    def resume(self, item: str) -> None:
        """An operator lets it go on."""
        self.sim.scheduler.tell(Resume(item))
        self._paused.remove(item)

    @precondition(lambda self: self.removes and self._present())
    @rule(item=st.runner().flatmap(lambda self: st.sampled_from(self._present())))
    def remove(self, item: str) -> None:
        """An operator removes an item, and what cannot be without it."""
        self.sim.scheduler.tell(Remove(item))

    @precondition(lambda self: self.stops and self.sim.running)
    @rule()
    def stop(self) -> None:
        """The run is asked to end."""
        self._go(self.sim.stop)

    @precondition(lambda self: self.stops and not self.sim.running)
    @rule()
    def start(self) -> None:
        """Another run begins."""
        self._go(self.sim.start)

    @precondition(lambda self: self._misfortunes())
    @rule(
        fault=st.runner().flatmap(
            lambda self: st.sampled_from(self._misfortunes()).flatmap(lambda one: one)
        )
    )
    def inject(self, fault: Fault) -> None:
        """Something goes wrong."""
        self.sim.inject(fault)

    # --- helpers ----------------------------------------------------------------------------------------

    def _present(self, *, paused: bool | None = None) -> list[str]:
        return [
            item
            for item in self._ids
            if self.sim.ref(item) is not None and paused in (None, item in self._paused)
        ]

    def _misfortunes(self) -> list[st.SearchStrategy[Fault]]:
        """A strategy for each kind of fault that is allowed and can happen."""
        items = [item for item in self._items if self.sim.ref(item) is not None]
        channels = list(self.sim.waited_for)
        seconds = st.sampled_from(self._durations).filter(lambda one: one > 0)
        times = st.integers(1, 3)
        found: list[st.SearchStrategy[Fault]] = []
        for kind in self.faults:
            if kind in (faults.Raise, faults.Kill) and items:
                found.append(st.builds(kind, st.sampled_from(items)))
            elif kind is faults.Delay and items:
                found.append(st.builds(kind, st.sampled_from(items), seconds, times))
            elif kind in (faults.Drop, faults.Duplicate) and channels:
                found.append(st.builds(kind, st.sampled_from(channels), times))
            elif kind in (faults.Stall, faults.Jump):
                found.append(st.builds(kind, seconds))
        return found


def _durations(sim: SimulatedExecutor, given: Collection[float]) -> list[float]:
    """Times that matter: the topology's own, just short of them, and small ones; 0 first."""
    periods = {
        nanos
        for node in sim.topology().nodes
        for trigger in node.triggers
        for nanos in (trigger.period_ns, trigger.within_ns)
        if nanos
    }
    nanos = {*periods, *(one - 1 for one in periods), *(3 * one for one in periods), 1_000_000}
    return [0.0, *sorted({one / 1e9 for one in nanos if one > 0} | {*given} - {0.0})]
