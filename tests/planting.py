"""Whether a machine finds a planted bug: searched for with one seed after the other.

One search may miss a bug by bad luck, and which one does changes with every change of the machine or of
Hypothesis. A bug that no seed finds is a failed test. Many short searches find a bug in a quarter of the
time that few long ones need: within one, Hypothesis keeps to what it has tried.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

ROUNDS = 500
"""Seeds that are tried."""

SEARCH = settings(
    max_examples=8,
    stateful_step_count=50,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
"""With each of them. What is found is not made smaller."""


class Caught(NamedTuple):
    """What a planted bug broke."""

    error: BaseException
    examples: int
    """Histories that it took, with all seeds until then."""


def law_of(error: BaseException) -> str:
    """The number of the law that ``error`` says was broken; empty if it names none."""
    return getattr(error, "rule_id", "") or getattr(error, "law", "")


def caught(
    machine: type[RuleBasedStateMachine],
    kind: type[BaseException],
    laws: Collection[str] = (),
    *,
    search: settings = SEARCH,
    rounds: int = ROUNDS,
) -> Caught:
    """Search until a ``kind`` is raised, about one of ``laws`` if any are given."""
    begun, others = 0, []

    class Planted(machine):  # type: ignore[valid-type,misc]  # a seed stays with the class
        def __init__(self) -> None:
            nonlocal begun
            begun += 1
            super().__init__()

    for number in range(rounds):
        try:
            run_state_machine_as_test(seed(number)(Planted), settings=search)
        except kind as error:
            begun -= 1  # the one that failed is run again, to be shown
            if not laws or law_of(error) in laws:
                return Caught(error, begun)
            others.append(law_of(error))
    wanted = ", ".join(sorted(laws)) or kind.__name__
    pytest.fail(f"{machine.__name__}: no {wanted} in {begun} examples, but {others or 'nothing'}")
