"""One run of a search: built, driven by the scenario, checked, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, frozen

from taktora.errors import InvariantBroken, ItemFailed
from taktora.testing.choosers import Chooser
from taktora.testing.faults import InjectedError
from taktora.testing.mishaps import Mishap, Mishaps, with_faults
from taktora.testing.schedules import Choices
from taktora.testing.simulated import SimulatedExecutor
from taktora.testing.simulating import Build, how_it_went
from taktora.testing.trace import Trace

__all__ = ["Attempt", "Attempts", "Failure"]

Scenario = Callable[[SimulatedExecutor], object]
"""The body of a test: what is done to the simulation, and what must come of it."""


@frozen
class Failure:
    """In which way a run failed: two of the same way compare equal."""

    kind: type[BaseException]
    law: str
    """The law that was broken, if it was one."""
    where: tuple[str, int]
    """File and line that raised."""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """The way in which ``error`` came about."""
        if isinstance(error, InvariantBroken):  # wherever it was noticed
            return cls(type(error), error.law, ("", 0))
        if isinstance(error, ItemFailed) and error.__cause__ is not None:
            error = error.__cause__
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        where = ("", 0) if last is None else (last.tb_frame.f_code.co_filename, last.tb_lineno)
        return cls(type(error), "", where)


@define
class Attempt:
    """What came of one run."""

    choices: Choices
    struck: tuple[Mishap, ...]
    trace: Trace
    steps: int
    error: Exception | None
    ended_by_fault: bool
    """An injected error ended it, as ``Supervision.stop()`` wants: no failure of the topology."""
    notes: list[str]
    """For whoever has to find the bug; empty if there is none."""

    @property
    def failed(self) -> bool:
        """Whether it shows a bug."""
        return self.error is not None and not self.ended_by_fault

    @property
    def failure(self) -> Failure | None:
        """In which way it failed."""
        return Failure.of(self.error) if self.error is not None and self.failed else None


@frozen
class Attempts:
    """Runs a scenario, as often as wanted."""

    build: Build
    scenario: Scenario
    options: dict[str, Any]

    def run(self, chooser: Chooser, mishaps: Mishaps | None) -> Attempt:
        """Once, under these choices and with these faults."""
        sim = SimulatedExecutor(None, chooser=chooser, **self.options)
        error: Exception | None = None
        try:
            if mishaps is not None:
                sim.suffer(mishaps)
            self.build(sim)
            sim.start()
            self.scenario(sim)
            sim.check()
        except Exception as raised:  # noqa: BLE001  # whatever it is: that is what is looked for
            error = raised
        finally:
            sim.close()
        struck = () if mishaps is None else tuple(mishaps.struck)
        ended = isinstance(error, ItemFailed) and isinstance(error.__cause__, InjectedError)
        notes: list[str] = []
        if error is not None:
            build = with_faults(self.build, struck) if struck else self.build
            notes = how_it_went(sim, build, 0, self.options)
        trace = sim.trace
        steps = sum(event.kind in ("run", "done") for event in trace.events)
        return Attempt(trace.choices, struck, trace, steps, error, ended, notes)
