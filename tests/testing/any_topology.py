"""The shipped machine on topologies that nobody would think of, with everything allowed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from taktora.errors import NeverIdle
from taktora.testing import TopologyMachine, faults
from taktora.testing.strategies import topologies


class AnyTopology(TopologyMachine):
    """Another topology in each example."""

    faults = (
        faults.Raise,
        faults.Kill,
        faults.Delay,
        faults.Drop,
        faults.Duplicate,
        faults.Stall,
        faults.Jump,
    )
    removes = True

    @initialize(
        order=TopologyMachine.orders,
        topology=topologies(),
        worker_threads=st.integers(0, 2),
        late_answers=st.booleans(),
    )
    def begin(self, order: Any, topology: Any, **options: Any) -> None:
        self.build = topology
        self.options = options
        self.messages = {one: st.integers(0, 9) for one in topology.ids}
        super().begin(order)

    def _go(self, action: Callable[[], object]) -> None:
        with suppress(NeverIdle):  # it takes longer than its intervals
            super()._go(action)
