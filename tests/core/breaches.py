"""How the machine finds a planted bug: by which rule, and after how many examples."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

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


CI = settings(SEARCH, max_examples=400, stateful_step_count=50)
"""As many histories, as long, as ``test_scheduler_machine`` has under the profile ``ci``."""

TABLE = Path(__file__).parents[2] / "spec" / "mutants.md"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| ([A-Z]+-\d+) .*\| (\d+) \|$", re.MULTILINE)


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


def listed() -> dict[str, Breach]:
    """The bugs in ``spec/mutants.md``, and what caught each when that was written."""
    return {name: Breach(rule_id, int(n)) for name, rule_id, n in ROW.findall(TABLE.read_text())}


def patience(mutant: Callable[..., Any]) -> settings:
    """What is listed must be caught within the profile ``ci``."""
    return CI if mutant.__name__ in listed() else SEARCH
