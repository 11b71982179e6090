"""What can be observed about a run. Subclass what you need; every method is a no-op here."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from taktora.core.budgets import Fault
from taktora.time import Nanos

__all__ = ["DeadLetter", "ExecutionMonitor", "Observer"]


@frozen
class DeadLetter:
    """A message that nobody handled."""

    item_id: str
    """Whom it was for."""
    message: Any
    reason: str
    """``"actor stopped"``, ``"mailbox full, policy 'drop oldest'"``, ..."""
    answered: bool = field(default=False)
    """Whether the sender was told (an ask gets an error; a tell cannot)."""


class Observer:
    """Sees the life of an executor and its items.

    Item ids are strings that also know what the item is part of: ``item_id.composition`` and
    ``item_id.predecessors`` (:class:`~taktora.core.identity.ItemId`).

    Callbacks run on the thread where the thing happens (driver or worker): be quick and
    thread-safe. One that raises is reported once to the log and never breaks the run.
    """

    def on_executor_up(self) -> None:
        """A run begins."""

    def on_executor_down(self) -> None:
        """A run ended without an error."""

    def on_executor_error(self, error: BaseException) -> None:
        """A run ended with ``error``."""

    def on_app_start(self, item_id: str, app_id: int, app_instance_id: int | None) -> None:
        """An execution begins; only for items with an ``app_id``."""

    def on_app_stop(self, item_id: str) -> None:
        """An execution ended; only for items with an ``app_id``."""

    def on_app_error(self, item_id: str, error: BaseException) -> None:
        """An execution raised ``error``; for every item."""

    def on_send_event(self, item_id: str, event: Any) -> None:
        """An item called ``ctx.send_event(event)``."""

    def on_fault(self, item_id: str | None, fault: Fault) -> None:
        """An item broke its budget and does not run any more; ``None``: none of them does."""

    def on_fault_cleared(self, item_id: str | None) -> None:
        """The fault of an item, or (``None``) of the executor, is over."""

    def on_composition_start(self, composition_id: str, run: int) -> None:
        """A run of a chain or graph begins; ``run`` counts from 1."""

    def on_composition_end(self, composition_id: str, run: int, outcome: str) -> None:
        """It ended: ``"completed"``, ``"stopped"`` (by STOP_CHAIN, or cut short), ``"failed"``."""

    def on_cancelled(self, item_id: str) -> None:
        """A node of a chain or graph was not run, because its run stopped or failed before."""

    def on_dead_letter(self, letter: DeadLetter) -> None:
        """A message was dropped, or its actor stopped before handling it."""


class ExecutionMonitor:
    """Brackets every execution. Times are monotonic nanoseconds.

    :func:`taktora.observe.executing.executing` says what woke it. Threads and errors as for
    :class:`Observer`.
    """

    def pre_execute(self, item_id: str, at_ns: Nanos) -> None:
        """An execution begins at ``at_ns``."""

    def post_execute(self, item_id: str, at_ns: Nanos, took_ns: Nanos, ok: bool) -> None:
        """The execution that began at ``at_ns`` took ``took_ns``; ``ok``: it did not raise."""
