"""``explore`` finds a race, makes it small, and says how to see it again; without one it says so."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import invariant

import taktora
from taktora.errors import NondeterminismError
from taktora.testing import Rates, SimulatedExecutor, TopologyMachine, explore, faults, simulate
from taktora.testing.strategies import payloads

order: list[str] = []


def build(executor: Any) -> None:
    order.clear()
    for name in ("left", "right"):
        executor.add(
            taktora.item(
                lambda name=name: order.append(name), id=name, triggers=lambda on: on.interval(1)
            ),
            supervision=taktora.Supervision.resume(),
        )


def left_is_first(sim: SimulatedExecutor) -> None:
    sim.advance(3)
    assert order[0::2] == ["left"] * 3, "too soon"


def calm(sim: SimulatedExecutor) -> None:
    sim.advance(3)


@pytest.mark.rule("SIM-21", "SIM-22")
@pytest.mark.parametrize("strategy", ["portfolio", "random", "pct"])
def test_a_race_is_found_and_made_small(strategy: str) -> None:
    with pytest.raises(AssertionError, match="too soon") as raised:
        explore(build, left_is_first, 200, strategy)
    notes = raised.value.__notes__
    assert notes[0].startswith("to see it again: simulate(build, schedule='tk1:")
    assert "ran 'right' before 'left'" in notes[1]
    schedule = notes[0].split("'")[1]
    assert schedule.count("1") - 1 == 1  # one deviation
    with pytest.raises(AssertionError, match="too soon"), simulate(build, schedule=schedule) as sim:
        left_is_first(sim)


@pytest.mark.rule("SIM-20")
def test_a_search_that_finds_nothing_says_how_far_it_went() -> None:
    first, again = (explore(build, calm, 60) for _ in range(2))
    assert (first.runs, first.distinct) == (again.runs, again.distinct)
    assert first.runs == 60
    assert 4 < first.distinct <= 8  # three choices of two
    assert "60 runs" in repr(first)


@pytest.mark.rule("SIM-25")
def test_a_search_without_a_choice_ends_after_one_run() -> None:
    def alone(executor: Any) -> None:
        executor.add(taktora.item(lambda: None, triggers=lambda on: on.interval(1)), id="alone")

    assert explore(alone, calm, 500).runs == 1


@pytest.mark.rule("SIM-23")
def test_a_failure_that_does_not_come_back_is_an_error_of_its_own() -> None:
    runs = iter(range(10_000))

    def fickle(sim: SimulatedExecutor) -> None:
        sim.advance(1 + next(runs))
        assert next(runs) % 5, "by the clock"

    with pytest.raises(NondeterminismError):
        explore(build, fickle, 200)


@pytest.mark.rule("SIM-24")
def test_faults_by_chance_strike_and_are_the_same_again() -> None:
    def all_ran(sim: SimulatedExecutor) -> None:
        sim.advance(20)
        assert len(order) == 40, "one is missing"

    found = []
    for _ in range(2):
        with pytest.raises(AssertionError, match="one is missing") as raised:
            explore(build, all_ran, 200, faults=Rates(raise_=0.02))
        found.append(raised.value.__notes__[0])
    assert found[0] == found[1]
    assert found[0].count("raise@") == 1


class Small(ctypes.Structure):
    _fields_ = (("a", ctypes.c_int8), ("b", ctypes.c_double * 2), ("c", ctypes.c_bool))


@pytest.mark.rule("SIM-32")
@given(st.data())
def test_payloads_are_what_the_channel_takes(data: st.DataObject) -> None:
    with SimulatedExecutor() as sim:
        for kind in (Small, ctypes.c_uint16, ctypes.c_float, ctypes.c_bool, bytes):
            channel = sim.channel(f"c{kind.__name__}", kind)
            subscriber = channel.subscriber()
            assert channel.publisher().send_copy(data.draw(payloads(kind))).sent
            assert subscriber.take() is not None


class Race(TopologyMachine):
    """Fails when the right one ticks first."""

    faults = (faults.Delay,)

    def build(self, executor: Any) -> None:
        build(executor)

    @invariant()
    def the_left_one_is_first(self) -> None:
        assert order[:1] != ["right"], "right was first"


@pytest.mark.rule("SIM-30", "SIM-31")
def test_the_machine_finds_a_race_and_says_how_to_see_it_again() -> None:
    from hypothesis import Phase, settings
    from hypothesis.stateful import run_state_machine_as_test

    quick = settings(Race.ci, phases=[Phase.generate, Phase.shrink], database=None)
    with pytest.raises(AssertionError, match="right was first") as raised:
        run_state_machine_as_test(Race, settings=quick)
    told = "\n".join(getattr(raised.value, "__notes__", []))
    assert "state.begin(order=" in told
    assert "ran 'right' before 'left'" in told
