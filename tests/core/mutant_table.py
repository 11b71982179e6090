"""Writes ``spec/mutants.md``: ``python -m tests.core.mutant_table > spec/mutants.md``.

Listed is every planted bug with a docstring that is caught within the profile ``ci``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from taktora.testing import SchedulerMachine

from .breaches import CI, TABLE, Breach, breach
from .test_dispatching import DISPATCHERS
from .test_mutants import FUNCTIONS, MAILBOXES, SCHEDULERS

HEAD = f"""# Planted bugs

What the laws of `scheduler.md` and `mailbox.md` are worth: plausible bugs, each planted alone, and the
property of `taktora.testing.SchedulerMachine` that caught it first, within the {CI.max_examples} histories of
{CI.stateful_step_count} steps that the Hypothesis profile `ci` gives it. "Examples" is how many it began, those included that
Hypothesis gave up early and does not count. Written by `python -m tests.core.mutant_table`; `tests/core/test_mutants.py` and `test_dispatching.py` plant these
bugs, and {{others}} more, at every run of the suite.

| bug | what goes wrong | caught by | examples |
|---|---|---|---:|"""


def machines() -> Iterator[tuple[Callable[..., Any], type[SchedulerMachine]]]:
    """Every planted class with the machine that tries it."""
    for scheduler, _ in SCHEDULERS:
        yield scheduler, type("Machine", (SchedulerMachine,), {"scheduler_class": scheduler})
    for mailbox, _ in MAILBOXES:
        yield mailbox, type("Machine", (SchedulerMachine,), {"mailbox_class": mailbox})
    for policy, bound, _ in DISPATCHERS:
        fields = {"dispatcher": policy, "overtaking": bound}
        yield policy, type("Machine", (SchedulerMachine,), fields)


def law_of(rule_id: str) -> str:
    """A rule's first words."""
    for path in sorted(TABLE.parent.glob("*.md")):
        found = re.search(rf"^- \*\*{rule_id}\*\* ([^:.;(]+)", path.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    raise LookupError(rule_id)


def row(mutant: Callable[..., Any], found: Breach) -> str:
    told = " ".join(str(mutant.__doc__).split()).rstrip(".")
    law = law_of(found.rule_id)
    return f"| `{mutant.__name__}` | {told} | {found.rule_id} {law} | {found.examples} |"


def main() -> None:
    rows, others = [], len(FUNCTIONS)
    for mutant, machine in machines():
        try:
            found = breach(machine, CI) if mutant.__doc__ else None
        except BaseException as missed:  # pytest's own "did not raise" is no Exception
            if type(missed).__name__ != "Failed":
                raise
            found = None
        if found is None:
            others += 1
        else:
            rows.append(row(mutant, found))
    print("\n".join([HEAD.replace("{others}", str(others)), *rows]))


if __name__ == "__main__":
    main()
