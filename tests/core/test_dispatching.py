"""Policies for who runs next: those that keep the laws pass, each broken one is caught.

The machine takes the policy as a parameter; ``test_scheduler_machine`` runs it with production's.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from taktora.core.dispatching import Dispatcher, Fifo
from taktora.testing import LawBroken, SchedulerMachine
from tests.planting import caught


class Ageing:
    """Alphabetical, but whoever was overtaken ``patience`` times goes first."""

    patience = 2

    def __init__(self) -> None:
        self.line: list[str] = []
        self.overtaken: dict[str, int] = {}

    def ready(self, actor_id: str) -> None:
        self.line.append(actor_id)
        self.overtaken[actor_id] = 0

    def next(self) -> str | None:
        if not self.line:
            return None
        due = (one for one in self.line if self.overtaken[one] >= self.patience)
        chosen = next(due, min(self.line))
        at = self.line.index(chosen)
        for one in self.line[:at]:
            self.overtaken[one] += 1
        return self.line.pop(at)

    def forget(self, actor_id: str) -> None:
        if actor_id in self.line:
            self.line.remove(actor_id)


# --- planted bugs ---------------------------------------------------------------------------------


class LastReadyFirst(Fifo):
    """The line of ready actors is a stack."""

    __slots__ = ()

    def next(self) -> str | None:
        return self._line.pop() if self._line else None


class LosesOneOfThree(Fifo):
    """Whoever becomes ready while two others wait is forgotten."""

    __slots__ = ()

    def ready(self, actor_id: str) -> None:
        if len(self._line) < 2:
            super().ready(actor_id)


class DispatchesTwice(Fifo):
    """An actor that was alone in the line stays in it when it is dispatched."""

    __slots__ = ()

    def next(self) -> str | None:
        return self._line[0] if len(self._line) == 1 else super().next()


class KeepsWhoIsForgotten(Fifo):
    """A run that is torn down leaves its ready actors to the next one."""

    __slots__ = ()

    def forget(self, actor_id: str) -> None:
        pass


class ForgetsEverybody(Fifo):
    """Who goes takes everyone along who is ready."""

    __slots__ = ()

    def forget(self, actor_id: str) -> None:
        self._line.clear()


class Starves(Ageing):
    """Priorities without ageing: who has a low one may wait for ever."""

    patience = 1_000_000


class PatientByOneTooMany(Ageing):
    """An actor is overtaken once more than the policy says."""

    patience = 3


DISPATCHERS: list[tuple[Callable[[], Dispatcher], int, set[str]]] = [
    (LastReadyFirst, 0, {"SCHED-82"}),
    (LosesOneOfThree, 0, {"SCHED-81", "SCHED-82"}),
    (DispatchesTwice, 0, {"SCHED-80"}),
    (KeepsWhoIsForgotten, 0, {"SCHED-80", "SCHED-83"}),
    (ForgetsEverybody, 0, {"SCHED-81", "SCHED-82"}),
    (Starves, 2, {"SCHED-82"}),
    (PatientByOneTooMany, 2, {"SCHED-82"}),
]
"""The policy, how often it says that somebody may be overtaken, and what may reveal the bug."""


@pytest.mark.rule("SCHED-80", "SCHED-81", "SCHED-82", "SCHED-83")
@pytest.mark.parametrize(
    ("mutant", "bound", "caught_by"), DISPATCHERS, ids=lambda v: getattr(v, "__name__", "")
)
def test_the_machine_catches_a_broken_dispatcher(
    mutant: Callable[[], Dispatcher], bound: int, caught_by: set[str]
) -> None:
    class Machine(SchedulerMachine):
        dispatcher = mutant
        overtaking = bound

    caught(Machine, LawBroken, caught_by)


# --- what keeps the laws --------------------------------------------------------------------------


@pytest.mark.rule("SCHED-82")
def test_a_policy_that_overtakes_as_often_as_it_says_passes() -> None:
    class Machine(SchedulerMachine):
        dispatcher = Ageing
        overtaking = Ageing.patience

    run_state_machine_as_test(Machine, settings=settings(max_examples=100))


def test_a_policy_may_be_made_by_a_function() -> None:
    class Machine(SchedulerMachine):
        dispatcher = staticmethod(lambda: Fifo())
        overtaking = 0

    run_state_machine_as_test(Machine, settings=settings(max_examples=10))


@given(st.lists(st.sampled_from(["ready", "next", "forget"])), st.data())
def test_fifo_is_a_plain_list(steps: list[str], data: st.DataObject) -> None:
    fifo, line = Fifo(), []
    for step in steps:
        name = data.draw(st.sampled_from("abcd"))
        if step == "ready" and name not in line:
            fifo.ready(name)
            line.append(name)
        elif step == "forget":
            fifo.forget(name)
            line = [one for one in line if one != name]
        else:
            assert fifo.next() == (line.pop(0) if line else None)
