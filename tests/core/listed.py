"""What ``spec/mutants.md`` says of the planted bugs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).parents[2] / "spec" / "mutants.md"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| ([A-Z]+-\d+) .*\| (\d+) \|$", re.MULTILINE)


class Row(NamedTuple):
    """What caught a bug when the table was written."""

    rule_id: str
    examples: int
    """Histories that it took."""


def listed() -> dict[str, Row]:
    """The bugs in the table, by name."""
    return {name: Row(rule_id, int(n)) for name, rule_id, n in ROW.findall(TABLE.read_text())}
