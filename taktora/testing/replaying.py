"""Doing again what a trace says, and noticing the first thing that comes out differently."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from taktora.errors import InvalidArgument, NondeterminismError, SimulationError
from taktora.testing import faults
from taktora.testing.outside import from_literal
from taktora.testing.trace import OPERATIONS, Event, Trace

if TYPE_CHECKING:
    from taktora.testing.simulated import SimulatedExecutor

__all__ = ["replay"]


def replay(
    sim: SimulatedExecutor, trace: Trace, on_event: Callable[[Event], object] | None = None
) -> None:
    """See :meth:`SimulatedExecutor.replay`."""
    if len(sim.trace):
        raise InvalidArgument("a replay needs a simulation in which nothing has happened yet")
    seen = 0

    def compare() -> None:
        nonlocal seen
        events = sim.trace.events
        while seen < len(events):
            _compare(seen, events[seen], trace.events)
            if on_event is not None:
                on_event(events[seen])
            seen += 1

    for event in trace.events:
        if event.kind == "arrive":
            sim.at(event.at, partial(_publish, sim, event))
    for event in trace.events:
        if event.kind in OPERATIONS:
            try:
                _DO[event.kind](sim, event)
            finally:
                compare()
    if seen < len(trace.events):
        _compare(seen, None, trace.events)


def _compare(place: int, now: Event | None, recorded: list[Event]) -> None:
    then = recorded[place] if place < len(recorded) else None
    if now == then:
        return
    raise NondeterminismError(
        f"event {place + 1} was\n    {then if then is not None else 'the end'}\nand is now\n    "
        f"{now if now is not None else 'the end'}\nThe topology is another one, or something in it "
        "depends on real time, threads, or the order of a set"
    )


def _step(sim: Any, event: Event) -> None:
    sim.step(event.who or None)


def _go(sim: Any, event: Event) -> None:
    steps, at = event.what.replace(",", "").split(" steps to ")
    sim.go(int(steps), int(at))


def _ref(sim: Any, who: str) -> Any:
    ref = sim.scheduler if who == "scheduler" else sim.ref(who)
    if ref is None:
        raise NondeterminismError(f"there is no item {who!r} now, to which a message was sent")
    return ref


def _publish(sim: Any, event: Event) -> None:
    sim.publish_bytes(event.who, bytes.fromhex(event.what))


def _cannot(sim: Any, event: Event) -> None:  # noqa: ARG001
    raise SimulationError(
        f"the test did something ({event.kind} on {event.who!r}) that a trace cannot do again: run "
        "the test again with schedule=trace.schedule instead"
    )


_DO: Final[dict[str, Callable[[Any, Event], object]]] = {
    "begin": lambda sim, _: sim.start(),
    "advance": lambda sim, event: sim.advance(timedelta(microseconds=int(event.what) / 1000)),
    "idle": lambda sim, event: sim.run_until_idle(int(event.what)),
    "step": _step,
    "go": _go,
    "stop": lambda sim, _: sim.stop(),
    "tell": lambda sim, event: _ref(sim, event.who).tell(from_literal(event.what)),
    "ask": lambda sim, event: _ref(sim, event.who).ask(from_literal(event.what), block=False),
    "end": lambda sim, event: _ref(sim, event.who).stop(block=False),
    "publish": _publish,
    "request": _cannot,
    "respond": _cannot,
    "inject": lambda sim, event: sim.inject(faults.from_text(event.what)),
    "takes": lambda sim, event: sim.takes(event.who, json.loads(event.what)),
}
assert set(_DO) == OPERATIONS
