"""How the machine finds a planted bug: by which rule, and after how many examples."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from taktora.testing import LawBroken, SchedulerMachine

SEARCH = settings(
    max_examples=1500,
    stateful_step_count=64,
    phases=[Phase.generate],
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
"""More patience than the machine's own test has, and what is found is not made smaller."""


class Breach(NamedTuple):
    """What a planted bug broke first."""

    rule_id: str
    examples: int
    """Histories that it took."""


def breach(machine: type[SchedulerMachine], search: settings = SEARCH) -> Breach:
    """Search until a rule is broken; a bug that is not found is a failed test."""
    begun = 0

    class Counted(machine):  # type: ignore[valid-type,misc]
        def __init__(self) -> None:
            nonlocal begun
            begun += 1
            super().__init__()

    with pytest.raises(LawBroken) as caught:
        run_state_machine_as_test(Counted, settings=search)
    return Breach(caught.value.rule_id, begun - 1)  # the failing one is run again, to be shown
