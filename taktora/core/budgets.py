"""Budgets and faults: what becomes of an item that takes too long.

====================  ===================  ==========================
state                 an execution overran  ``ClearFault``
====================  ===================  ==========================
running               faulted, reported     running
faulted               faulted               running, reported
====================  ===================  ==========================

While faulted, its triggers run the fault handler instead of the item, or nothing. The handler may
overrun too: that is counted, and changes nothing. An executor has a budget and a fault of its own,
under which this holds for all its items; each item's own fault stays what it was.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from taktora.time import Nanos

__all__ = ["Budget", "Fault"]


@frozen
class Fault:
    """Why an item, or all of them, are not run any more."""

    item_id: str
    """Whose execution it was."""
    reason: Literal["budget", "iteration_budget"]
    took_ns: Nanos
    budget_ns: Nanos
    at_ns: Nanos
    """When it was noticed; monotonic ns."""

    def __str__(self) -> str:
        took, allowed = self.took_ns / 1e6, self.budget_ns / 1e6
        return f"item {self.item_id!r} took {took:.3f} ms, its {self.reason} is {allowed:.3f} ms"


class Budget:
    """One budget and the fault that a breach of it became. Owned by the scheduler."""

    __slots__ = ("_allowed", "_reason", "fault")

    def __init__(self, allowed: Nanos, reason: Literal["budget", "iteration_budget"]) -> None:
        self._allowed = allowed
        self._reason: Literal["budget", "iteration_budget"] = reason
        self.fault: Fault | None = None

    def note(self, item_id: str, took: Nanos, now: Nanos) -> Fault | None:
        """Take in an execution that took ``took``; the fault, if this is what made it one."""
        if not self._allowed or took <= self._allowed or self.fault is not None:
            return None
        self.fault = Fault(item_id, self._reason, took, self._allowed, now)
        return self.fault

    def clear(self) -> bool:
        """End the fault; ``False`` if there was none."""
        was, self.fault = self.fault, None
        return was is not None
