"""Several observers, or monitors, in the place of one."""

from __future__ import annotations

from typing import Any

from taktora.errors import WrongType
from taktora.observe.isolation import Isolation
from taktora.observe.observer import ExecutionMonitor, Observer

__all__ = ["Monitors", "Observers"]


def _each(name: str, *, backwards: bool = False) -> Any:
    """A method that calls the method ``name`` of each member."""

    def call(self: Observers | Monitors, *args: Any) -> None:
        for member in reversed(self.members) if backwards else self.members:
            self.isolation.call(member, name, args)

    call.__name__ = name
    return call


class Observers(Observer):
    """Tells each of ``observers`` everything, in the order given.

    One that raises is reported once to the log and keeps none of the others from being called.

    Raises:
        WrongType: something else than an ``Observer``.
    """

    def __init__(self, *observers: Observer) -> None:
        for one in observers:
            if not isinstance(one, Observer):
                raise WrongType(f"Observers takes taktora.Observer objects, not {one!r}")
        self.members = observers
        self.isolation = Isolation()

    def __repr__(self) -> str:
        return f"Observers({', '.join(map(repr, self.members))})"

    on_executor_up = _each("on_executor_up")
    on_executor_down = _each("on_executor_down")
    on_executor_error = _each("on_executor_error")
    on_app_start = _each("on_app_start")
    on_app_stop = _each("on_app_stop")
    on_app_error = _each("on_app_error")
    on_send_event = _each("on_send_event")
    on_fault = _each("on_fault")
    on_fault_cleared = _each("on_fault_cleared")
    on_composition_start = _each("on_composition_start")
    on_composition_end = _each("on_composition_end")
    on_cancelled = _each("on_cancelled")
    on_dead_letter = _each("on_dead_letter")


class Monitors(ExecutionMonitor):
    """Brackets each execution with each of ``monitors``: the first one is the outermost.

    One that raises is reported once to the log and keeps none of the others from being called.

    Raises:
        WrongType: something else than an ``ExecutionMonitor``.
    """

    def __init__(self, *monitors: ExecutionMonitor) -> None:
        for one in monitors:
            if not isinstance(one, ExecutionMonitor):
                raise WrongType(f"Monitors takes taktora.ExecutionMonitor objects, not {one!r}")
        self.members = monitors
        self.isolation = Isolation()

    def __repr__(self) -> str:
        return f"Monitors({', '.join(map(repr, self.members))})"

    pre_execute = _each("pre_execute")
    # What one made current before the execution is put back in reverse, or it would stay.
    post_execute = _each("post_execute", backwards=True)
