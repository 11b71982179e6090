"""Run your topology under virtual time, in any order, with faults, and get a failure back small.

What needs Hypothesis (the state machines, the strategies) is imported when it is first asked for:
``pip install 'taktora[testing]'``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from taktora.errors import InvariantBroken, LawBroken, MissingExtra
from taktora.inmemory import Fabric
from taktora.testing import faults
from taktora.testing.choosers import (
    Chooser,
    Fair,
    Fifo,
    Following,
    HypothesisChooser,
    Pct,
    RandomChooser,
)
from taktora.testing.connector_contract import Arrival
from taktora.testing.connector_outside import Outside
from taktora.testing.exploring import Exploration, explore
from taktora.testing.mishaps import Rates, with_faults
from taktora.testing.portfolio import portfolio
from taktora.testing.schedules import (
    Deviation,
    describe,
    deviations,
    format_schedule,
    parse_schedule,
)
from taktora.testing.shrinking import Shrunk, shrink
from taktora.testing.simulated import SimulatedExecutor
from taktora.testing.simulating import simulate
from taktora.testing.trace import Event, Trace

if TYPE_CHECKING:
    from taktora.testing import strategies
    from taktora.testing.connector_machine import ConnectorMachine
    from taktora.testing.connector_testing import connector_test
    from taktora.testing.loopback_outside import LoopbackOutside
    from taktora.testing.scheduler_machine import SchedulerMachine
    from taktora.testing.topology_machine import TopologyMachine

__all__ = [
    "Arrival",
    "Chooser",
    "ConnectorMachine",
    "Deviation",
    "Event",
    "Exploration",
    "Fabric",
    "Fair",
    "Fifo",
    "Following",
    "HypothesisChooser",
    "InvariantBroken",
    "LawBroken",
    "LoopbackOutside",
    "Outside",
    "Pct",
    "RandomChooser",
    "Rates",
    "SchedulerMachine",
    "Shrunk",
    "SimulatedExecutor",
    "TopologyMachine",
    "Trace",
    "connector_test",
    "describe",
    "deviations",
    "explore",
    "faults",
    "format_schedule",
    "parse_schedule",
    "portfolio",
    "shrink",
    "simulate",
    "strategies",
    "with_faults",
]

_NEEDS_HYPOTHESIS: Final[dict[str, str]] = {
    "ConnectorMachine": "connector_machine",
    "connector_test": "connector_testing",
    "LoopbackOutside": "loopback_outside",
    "SchedulerMachine": "scheduler_machine",
    "TopologyMachine": "topology_machine",
    "strategies": "",
}
"""Public names and the module of this package that defines each; ``""``: a module itself."""


def __getattr__(name: str) -> Any:
    module = _NEEDS_HYPOTHESIS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import hypothesis  # noqa: F401
    except ImportError as exc:
        raise MissingExtra(
            f"taktora.testing.{name} needs Hypothesis: pip install 'taktora[testing]'"
        ) from exc
    if not module:
        return import_module(f"{__name__}.{name}")
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_NEEDS_HYPOTHESIS})
