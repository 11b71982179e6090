"""Calls observer and monitor in their documented order, and survives them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic_ns
from typing import Any, Protocol

from taktora.core.budgets import Fault
from taktora.errors import WrongType
from taktora.observe.executing import Executing, here
from taktora.observe.isolation import Isolation
from taktora.observe.observer import DeadLetter, ExecutionMonitor, Observer
from taktora.time import Nanos

__all__ = ["Observation"]

logger = logging.getLogger("taktora.fault")

_KEPT_LETTERS = 100


class Observed(Protocol):
    """What an observation needs to know of an item."""

    app_id: int | None
    app_instance_id: int | None


class Observation:
    """The observer and the monitor of one executor, safe to call from anywhere."""

    def __init__(
        self,
        observer: Observer | None,
        monitor: ExecutionMonitor | None,
        clock: Callable[[], Nanos] = monotonic_ns,
    ) -> None:
        if observer is not None and not isinstance(observer, Observer):
            raise WrongType(f"observer must be a taktora.Observer, not {observer!r}")
        if monitor is not None and not isinstance(monitor, ExecutionMonitor):
            raise WrongType(f"monitor must be a taktora.ExecutionMonitor, not {monitor!r}")
        self.on = observer is not None or monitor is not None
        self.dead_letters = 0
        self.recent: deque[DeadLetter] = deque(maxlen=_KEPT_LETTERS)
        self._observer = observer or Observer()
        self._monitor = monitor or ExecutionMonitor()
        self._isolation = Isolation()
        self._clock = clock

    def up(self) -> None:
        """A run begins."""
        self._call("on_executor_up")

    def down(self, error: BaseException | None) -> None:
        """A run ended: exactly one of ``on_executor_down`` and ``on_executor_error``."""
        if error is None:
            self._call("on_executor_down")
        else:
            self._call("on_executor_error", error)

    def event(self, item_id: str, event: Any) -> None:
        """An item sends a user event."""
        self._call("on_send_event", item_id, event)

    def faulted(self, item_id: str | None, fault: Fault) -> None:
        """An item, or all of them, do not run any more."""
        logger.warning(
            "%s: %s",
            "executor faulted" if item_id is None else "item faulted",
            fault,
            extra={
                "item_id": fault.item_id,
                "composition": getattr(fault.item_id, "composition", None),
                "reason": fault.reason,
                "took_ns": fault.took_ns,
                "budget_ns": fault.budget_ns,
                "at_ns": fault.at_ns,
            },
        )
        self._call("on_fault", item_id, fault)

    def cleared(self, item_id: str | None) -> None:
        """A fault is over."""
        self._call("on_fault_cleared", item_id)

    def departed(self, composition_id: str, run: int) -> None:
        """A run of a chain or graph begins."""
        self._call("on_composition_start", composition_id, run)

    def landed(self, composition_id: str, run: int, outcome: str, left_out: Iterable[str]) -> None:
        """A run of a chain or graph is over; ``left_out`` never started."""
        for item_id in left_out:
            self._call("on_cancelled", item_id)
        self._call("on_composition_end", composition_id, run, outcome)

    def dead_letter(self, item_id: str, message: Any, reason: str, answered: bool = False) -> None:
        """A message will never be handled."""
        letter = DeadLetter(item_id, message, reason, answered)
        self.dead_letters += 1
        self.recent.append(letter)
        self._call("on_dead_letter", letter)

    def around(
        self, item: Observed, item_id: str, work: Callable[[Any], object], ctx: Executing
    ) -> BaseException | None:
        """One execution, ``work(ctx)``, bracketed; the exception that it raised, if any."""
        here.execution = ctx
        app_id = item.app_id
        if app_id is not None:
            self._call("on_app_start", item_id, app_id, item.app_instance_id)
        monitor = self._monitor
        began = self._clock()
        try:
            monitor.pre_execute(item_id, began)
        except BaseException as raised:  # noqa: BLE001  # the monitor's, not the item's
            self._isolation.survive(raised, monitor, "pre_execute")
        error: BaseException | None = None
        try:
            work(ctx)
        except BaseException as raised:  # noqa: BLE001  # handed back to the caller
            error = raised
        took = self._clock() - began
        try:
            monitor.post_execute(item_id, began, took, error is None)
        except BaseException as raised:  # noqa: BLE001  # the monitor's, not the item's
            self._isolation.survive(raised, monitor, "post_execute")
        if error is not None:
            self._call("on_app_error", item_id, error)
        if app_id is not None:
            self._call("on_app_stop", item_id)
        here.execution = None
        return error

    def _call(self, name: str, *args: Any) -> None:
        self._isolation.call(self._observer, name, args)
