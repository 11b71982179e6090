"""``spec/mutants.md`` is true: what it lists is planted, and is caught by what it says."""

from __future__ import annotations

from .listed import TABLE, listed
from .mutant_table import words_of
from .test_dispatching import DISPATCHERS
from .test_mutants import MAILBOXES, SCHEDULERS

PLANTED = {
    **{mutant.__name__: (mutant, rules) for mutant, rules in (*SCHEDULERS, *MAILBOXES)},
    **{policy.__name__: (policy, rules) for policy, _, rules in DISPATCHERS},  # type: ignore[attr-defined]
}


def test_every_row_of_the_table_is_read():
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) == len(listed())


def test_at_least_ten_bugs_of_the_scheduler_are_listed():
    schedulers = {mutant.__name__ for mutant, _ in SCHEDULERS}
    assert len(listed().keys() & schedulers) >= 10
    assert len(listed().keys() & {policy.__name__ for policy, _, _ in DISPATCHERS}) >= 4  # type: ignore[attr-defined]


def test_every_listed_bug_is_planted_and_caught_by_what_the_table_says():
    for name, found in listed().items():
        assert name in PLANTED, f"{name} is not planted"
        assert found.rule_id in PLANTED[name][1], f"{name} is not caught by {found.rule_id}"


def test_the_table_says_what_the_code_and_the_laws_say():
    table = TABLE.read_text()
    for name, found in listed().items():
        told = " ".join(str(PLANTED[name][0].__doc__).split()).rstrip(".")
        assert f"| `{name}` | {told} | {found.rule_id} {words_of(found.rule_id)} |" in table
