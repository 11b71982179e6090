"""What one would keep beside `racy_line.py`: the line holds without the race, and the race is found."""

from __future__ import annotations

import ctypes
import re
from typing import Any, ClassVar

import pytest
import racy_line
from hypothesis.stateful import invariant, run_state_machine_as_test

from taktora.testing import (
    Rates,
    SimulatedExecutor,
    TopologyMachine,
    explore,
    faults,
    parse_schedule,
    simulate,
)


def build_mended(executor: Any) -> None:
    racy_line.build(executor, racy_line.GateByNumber)


def pass_by(sim: SimulatedExecutor, ticks: int = 20) -> list[int]:
    """Let parts pass; which of them were ejected. No good one is."""
    into = sim.channel("line/ejected", ctypes.c_uint32).subscriber()
    ejected: list[int] = []
    for _ in range(ticks):
        sim.advance(0.01)
        ejected += [sample.payload.value for sample in into]
        check(ejected)
    return ejected


def check(ejected: list[int]) -> None:
    for part in ejected:
        assert not racy_line.is_good(part), f"part {part} is good, and was ejected"


class MendedLine(TopologyMachine):
    """Whatever happens to the line, no good part is ejected."""

    faults: ClassVar[tuple[type[Any], ...]] = (faults.Drop, faults.Duplicate)

    def build(self, executor: Any) -> None:
        build_mended(executor)
        self.ejected = executor.channel("line/ejected", ctypes.c_uint32).subscriber()

    @invariant()
    def good_parts_stay(self) -> None:
        check([sample.payload.value for sample in self.ejected])


TestMendedLine = MendedLine.TestCase
TestMendedLine.settings = TopologyMachine.ci


@pytest.mark.parametrize("build", [racy_line.build, build_mended])
def test_first_in_first_out_every_bad_part_is_ejected_and_no_good_one(build: Any) -> None:
    with simulate(build, seed=None) as sim:
        ejected = pass_by(sim)
    assert ejected == [part for part in range(1, 21) if not racy_line.is_good(part)]


def test_in_any_order_and_with_lost_wake_ups_the_mended_line_ejects_no_good_part() -> None:
    explore(build_mended, pass_by, runs=200)
    explore(build_mended, pass_by, runs=100, faults=Rates(drop=0.05, duplicate=0.05))


# --- the race -------------------------------------------------------------------------------------


class RacyLine(MendedLine):
    """The same claims about the line with the race."""

    faults = ()

    def build(self, executor: Any) -> None:
        racy_line.build(executor)
        self.ejected = executor.channel("line/ejected", ctypes.c_uint32).subscriber()


def deviations(error: BaseException) -> int:
    """At how many steps the run in a failure's notes was not first in, first out."""
    found = re.search(r"'(tk1:[^']*)'", "\n".join(error.__notes__))
    assert found
    return sum(choice != 0 for choice in parse_schedule(found[1]))


def test_explore_finds_the_race_and_makes_it_small() -> None:
    with pytest.raises(AssertionError, match="part 2 is good, and was ejected") as failure:
        explore(racy_line.build, pass_by)
    assert deviations(failure.value) == 2


def test_hypothesis_finds_the_race_and_makes_it_small() -> None:
    with pytest.raises(AssertionError, match="is good, and was ejected") as failure:
        run_state_machine_as_test(RacyLine, settings=TopologyMachine.ci)
    assert 1 <= deviations(failure.value) <= 4


def test_a_lost_wake_up_shows_the_race_in_the_usual_order() -> None:
    with simulate(racy_line.build, seed=None) as sim:
        into = sim.channel("line/ejected", ctypes.c_uint32).subscriber()
        sim.advance(0.02)
        sim.inject(faults.Drop("line/parts"))
        sim.advance(0.01)
        assert [sample.payload.value for sample in into] == [2]
