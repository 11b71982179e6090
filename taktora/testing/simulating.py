"""``with simulate(build) as sim:`` a topology in virtual time, and one line that brings a failure back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from taktora.errors import WrongType
from taktora.testing.schedules import describe
from taktora.testing.simulated import SimulatedExecutor

__all__ = ["Build", "how_it_went", "simulate"]

Build = Callable[[Any], object]
"""What puts channels and items into an executor: the very function that production calls."""

_SHOWN: Final = 12


@contextmanager
def simulate(build: Build, seed: int | None = 0, **options: Any) -> Iterator[SimulatedExecutor]:
    """A simulated executor that ``build`` has filled and whose run has begun.

    When the block ends well, :meth:`SimulatedExecutor.check` is called. An exception gets notes: the
    line that brings it back, where the schedule was not first in first out, and the latest events.

    Args:
        build: called with the executor, before the run begins.
        seed: as for :class:`SimulatedExecutor`.
        **options: as for :class:`SimulatedExecutor`.

    Raises:
        WrongType: ``build`` cannot be called.
        InvariantBroken: something that always holds did not.
    """
    if not callable(build):
        raise WrongType(f"simulate takes a function build(executor), not {build!r}")
    sim = SimulatedExecutor(seed, **options)
    try:
        build(sim)
        sim.start()
        yield sim
        sim.check()
    except Exception as error:
        for note in how_it_went(sim, build, seed, options):
            error.add_note(note)
        raise
    finally:
        sim.close()


def how_it_went(
    sim: SimulatedExecutor, build: Build, seed: int | None, options: dict[str, Any]
) -> list[str]:
    """What somebody who has to find the bug wants to know, the line that brings it back first."""
    name = getattr(build, "__qualname__", repr(build))
    given = [f"{key}={value!r}" for key, value in options.items() if key != "schedule"]
    if seed != 0 and "schedule" not in options:
        given.insert(0, f"seed={seed}")
    trace = sim.trace
    again = ", ".join([name, f"schedule={trace.schedule!r}", *given])
    made = [(event.among, event.choice) for event in trace.events if event.among]
    latest = [str(event) for event in trace.events[-_SHOWN:]]
    left_out = len(trace) - len(latest)
    return [
        f"to see it again: simulate({again})",
        f"schedule: {describe(made)}",
        "what happened" + (f" (the last {_SHOWN} of {len(trace)} events):" if left_out else ":"),
        *latest,
    ]
