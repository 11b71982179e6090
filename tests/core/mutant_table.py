"""Writes ``spec/mutants.md``: ``python -m tests.core.mutant_table > spec/mutants.md``.

Listed is every planted class with a docstring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from taktora.testing import LawBroken, SchedulerMachine
from tests.planting import ROUNDS, SEARCH, Caught, caught, law_of
from tests.same_examples import without_local_constants

from .listed import TABLE
from .test_dispatching import DISPATCHERS
from .test_mutants import FUNCTIONS, MAILBOXES, SCHEDULERS

HEAD = f"""# Planted bugs

What the laws of `scheduler.md` and `mailbox.md` are worth: plausible bugs, each planted alone, and the
property of `taktora.testing.SchedulerMachine` that caught it. A search is {SEARCH.max_examples} histories of
{SEARCH.stateful_step_count} steps; up to {ROUNDS} are made, one seed after the other. "Examples" is how many histories that took, those
included that Hypothesis gave up early and does not count. The machine's own test makes 400 under the
profile `ci`, in one search, which finds less than as many in short ones: what took more than a hundred here,
it may miss. Written by `python -m tests.core.mutant_table`; `tests/core/test_mutants.py` and `test_dispatching.py` plant these
bugs, and {{others}} more, at every run of the suite.

| bug | what goes wrong | caught by | examples |
|---|---|---|---:|"""


def machines() -> Iterator[tuple[Callable[..., Any], type[SchedulerMachine], set[str]]]:
    """Every planted class with the machine that tries it, and what may reveal it."""
    for scheduler, laws in SCHEDULERS:
        yield scheduler, type("Machine", (SchedulerMachine,), {"scheduler_class": scheduler}), laws
    for mailbox, laws in MAILBOXES:
        yield mailbox, type("Machine", (SchedulerMachine,), {"mailbox_class": mailbox}), laws
    for policy, bound, laws in DISPATCHERS:
        fields = {"dispatcher": policy, "overtaking": bound}
        yield policy, type("Machine", (SchedulerMachine,), fields), laws


def words_of(rule_id: str) -> str:
    """A rule's first words."""
    for path in sorted(TABLE.parent.glob("*.md")):
        found = re.search(rf"^- \*\*{rule_id}\*\* ([^:.;(]+)", path.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    raise LookupError(rule_id)


def row(mutant: Callable[..., Any], found: Caught) -> str:
    told = " ".join(str(mutant.__doc__).split()).rstrip(".")
    law = law_of(found.error)
    return f"| `{mutant.__name__}` | {told} | {law} {words_of(law)} | {found.examples} |"


def main() -> None:
    without_local_constants()
    every = list(machines())
    told = [(mutant, machine, laws) for mutant, machine, laws in every if mutant.__doc__]
    others = len(FUNCTIONS) + len(every) - len(told)
    rows = [row(mutant, caught(machine, LawBroken, laws)) for mutant, machine, laws in told]
    print("\n".join([HEAD.replace("{others}", str(others)), *rows]))


if __name__ == "__main__":
    main()
