"""One run of a chain or graph: who may start now, and what is left when it is over.

Laws (numbered in ``spec/compositions.md``): a vertex starts once all its predecessors are done, at
most once per run; after a stop or an error nothing more starts; the run is over when nothing that
started is still running and nothing more will start.
"""

from __future__ import annotations

from typing import Any

from taktora.core.plan import Plan

__all__ = ["Flight"]


class Flight:
    """The state of one run. Pure; owned by whoever runs it (the scheduler)."""

    __slots__ = ("_missing", "_plan", "_untouched", "cancelled", "flying", "values")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._missing = [len(before) for before in plan.predecessors]
        self._untouched = set(range(len(plan.ids)))
        self.flying = 0
        """Vertices that started and are not done."""
        self.cancelled = False
        """Nothing more starts."""
        self.values: list[Any] = [None] * len(plan.ids)
        """What each vertex emitted."""

    @property
    def over(self) -> bool:
        """Nothing runs any more, and nothing more will start."""
        return self.flying == 0

    @property
    def left_out(self) -> tuple[int, ...]:
        """Vertices that never started, in the plan's order."""
        return tuple(number for number in self._plan.order if number in self._untouched)

    def begin(self) -> int:
        """Start the root, which it returns."""
        root = self._plan.root
        self._start(root)
        return root

    def done(self, number: int, *, stop: bool, value: Any = None) -> list[int]:
        """A vertex is done; who starts now, in the order of the edges. ``stop``: nobody, ever."""
        self.flying -= 1
        self.values[number] = value
        ready: list[int] = []
        if stop:
            self.cancelled = True
        if self.cancelled:
            return ready
        missing = self._missing
        for target in self._plan.successors[number]:
            missing[target] -= 1
            if missing[target] == 0:
                self._start(target)
                ready.append(target)
        return ready

    def withdraw(self, number: int) -> None:
        """A vertex that was to start cannot, after all: it never started, and the run is cut short."""
        self.flying -= 1
        self._untouched.add(number)
        self.cancelled = True

    def _start(self, number: int) -> None:
        self._untouched.discard(number)
        self.flying += 1
