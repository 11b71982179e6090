"""Everything that an observer and a monitor are told, as records of :mod:`logging`."""

from __future__ import annotations

import logging
from typing import Any, Final

from taktora.core.budgets import Fault
from taktora.errors import InvalidArgument, ItemFailed, WrongType
from taktora.observe.observer import DeadLetter, ExecutionMonitor, Observer
from taktora.time import Nanos

__all__ = ["LoggingObserver"]

_FAULTS: Final = logging.getLogger("taktora.fault")


class LoggingObserver(Observer, ExecutionMonitor):
    """Logs runs, executions and what goes wrong: ``Executor(observer=it, monitor=it)``.

    Ordinary events are logged at ``level``; failures of items and runs at ERROR, the exception
    with them; dead letters at WARNING. The facts are attributes of the record too (``item_id``,
    ``composition``, ``took_ns``, ``at_ns``, ``ok``, ``outcome``, ...; times in monotonic ns), for
    formatters that write JSON. Faults are logged at WARNING by every executor, with or without
    this, on the logger ``"taktora.fault"``; that they are over is logged there at INFO.

    Keeps no state: any number of executors may share one.

    Raises:
        WrongType, InvalidArgument: no such logger or level.
    """

    def __init__(
        self, logger: str | logging.Logger = "taktora.trace", level: int | str = logging.DEBUG
    ) -> None:
        if isinstance(logger, str):
            logger = logging.getLogger(logger)
        if not isinstance(logger, logging.Logger):
            raise WrongType(f"logger must be a name or a logging.Logger, not {logger!r}")
        self._logger = logger
        self._level = _level(level)

    def __repr__(self) -> str:
        return f"LoggingObserver({self._logger.name!r}, {logging.getLevelName(self._level)})"

    # --- the run ----------------------------------------------------------------------------------

    def on_executor_up(self) -> None:
        """At ``level``."""
        self._note("executor is up")

    def on_executor_down(self) -> None:
        """At ``level``."""
        self._note("executor is down")

    def on_executor_error(self, error: BaseException) -> None:
        """At ERROR."""
        # What the item raised was logged when it did.
        trace = None if isinstance(error, ItemFailed) else error
        self._logger.error("executor is down: %r", error, exc_info=trace, extra={"error": error})

    # --- one execution ----------------------------------------------------------------------------

    def on_app_start(self, item_id: str, app_id: int, app_instance_id: int | None) -> None:
        """At ``level``."""
        if self._logger.isEnabledFor(self._level):
            extra = _of(item_id, app_id=app_id, app_instance_id=app_instance_id)
            self._note("%s starts as app %s", item_id, app_id, extra=extra)

    def on_app_stop(self, item_id: str) -> None:
        """At ``level``."""
        if self._logger.isEnabledFor(self._level):
            self._note("%s stops as app", item_id, extra=_of(item_id))

    def post_execute(self, item_id: str, at_ns: Nanos, took_ns: Nanos, ok: bool) -> None:
        """At ``level``: one record per execution."""
        if self._logger.isEnabledFor(self._level):
            self._note(
                "%s executed in %.3f ms" if ok else "%s failed after %.3f ms",
                item_id,
                took_ns / 1e6,
                extra=_of(item_id, at_ns=at_ns, took_ns=took_ns, ok=ok),
            )

    def on_app_error(self, item_id: str, error: BaseException) -> None:
        """At ERROR, with the traceback."""
        composition = getattr(item_id, "composition", None)
        self._logger.error(
            "item %r%s failed: %r",
            str(item_id),
            "" if composition is None else f" (part of {composition!r})",
            error,
            exc_info=error,
            extra=_of(item_id, error=error),
        )

    def on_send_event(self, item_id: str, event: Any) -> None:
        """At ``level``."""
        if self._logger.isEnabledFor(self._level):
            self._note("%s sends %r", item_id, event, extra=_of(item_id, event=event))

    # --- chains and graphs ------------------------------------------------------------------------

    def on_composition_start(self, composition_id: str, run: int) -> None:
        """At ``level``."""
        if self._logger.isEnabledFor(self._level):
            extra = {"composition": composition_id, "run": run}
            self._note("%s begins run %s", composition_id, run, extra=extra)

    def on_composition_end(self, composition_id: str, run: int, outcome: str) -> None:
        """At ``level``."""
        if self._logger.isEnabledFor(self._level):
            extra = {"composition": composition_id, "run": run, "outcome": outcome}
            self._note("%s ends run %s: %s", composition_id, run, outcome, extra=extra)

    def on_cancelled(self, item_id: str) -> None:
        """At ``level``."""
        if self._logger.isEnabledFor(self._level):
            self._note("%s is cancelled", item_id, extra=_of(item_id))

    # --- what goes wrong --------------------------------------------------------------------------

    def on_fault(self, item_id: str | None, fault: Fault) -> None:
        """Nothing: every executor logs its faults."""

    def on_fault_cleared(self, item_id: str | None) -> None:
        """At INFO, on ``"taktora.fault"``."""
        who = "the executor" if item_id is None else f"item {str(item_id)!r}"
        _FAULTS.info("the fault of %s is over", who, extra=_of(item_id))

    def on_dead_letter(self, letter: DeadLetter) -> None:
        """At WARNING."""
        self._logger.warning(
            "%r for %s is a dead letter: %s",
            letter.message,
            letter.item_id,
            letter.reason,
            extra=_of(letter.item_id, reason=letter.reason, answered=letter.answered),
        )

    def _note(self, text: str, *args: object, extra: dict[str, Any] | None = None) -> None:
        self._logger.log(self._level, text, *args, extra=extra)


def _of(item_id: str | None, **facts: Any) -> dict[str, Any]:
    """Attributes of a record about an item."""
    return {"item_id": item_id, "composition": getattr(item_id, "composition", None), **facts}


def _level(level: int | str) -> int:
    if isinstance(level, str):
        known = logging.getLevelNamesMapping()
        if level.upper() not in known:
            raise InvalidArgument(f"no such log level: {level!r}; one of {', '.join(known)}")
        return known[level.upper()]
    if isinstance(level, bool) or not isinstance(level, int):
        raise WrongType(f"level must be a name or a number of logging's, not {level!r}")
    return level
