"""Findings as text for people, and as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import TextIO

from attrs import asdict

from taktora.cli.finding import Finding, Level, usable

__all__ = ["as_json", "as_text", "wants_colour"]

_WIDTH = 80
_COLOURS = {Level.OK: "32", Level.NOTE: "33", Level.PROBLEM: "1;31"}


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether ``stream`` is a terminal whose user has nothing against colour (no-color.org)."""
    return (
        stream.isatty()
        and not environment.get("NO_COLOR")
        and environment.get("TERM", "dumb") != "dumb"
    )


def as_text(findings: list[Finding], version: str, *, colour: bool = False) -> str:
    """One aligned line per finding, with its advice below it, and the verdict; 80 columns."""
    levels = max(len(level) for level in Level)
    topics = max((len(finding.topic) for finding in findings), default=0)
    margin = " " * (levels + topics + 4)
    lines = [f"taktora {version}", ""]
    for finding in findings:
        level = f"{finding.level:{levels}}"
        if colour:
            level = f"\x1b[{_COLOURS[finding.level]}m{level}\x1b[0m"
        first, *rest = _wrapped(finding.text, margin)
        lines.append(f"{level}  {finding.topic:{topics}}  {first.lstrip()}".rstrip())
        lines += rest
        if finding.advice:
            lines += _wrapped(finding.advice, margin, bullet="-> ")
    return "\n".join([*lines, "", _verdict(findings)])


def as_json(findings: list[Finding], version: str) -> str:
    """The same, for programs."""
    return json.dumps(
        {
            "taktora": version,
            "usable": usable(findings),
            "findings": [asdict(finding) for finding in findings],
        },
        indent=2,
    )


def _wrapped(text: str, margin: str, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=margin + bullet,
        subsequent_indent=margin + " " * len(bullet),
        break_on_hyphens=False,
        break_long_words=False,
    ) or [margin]


def _verdict(findings: list[Finding]) -> str:
    notes = sum(finding.level is Level.NOTE for finding in findings)
    problems = sum(finding.level is Level.PROBLEM for finding in findings)
    if problems:
        return (
            f"taktora does not work here: {_count(problems, 'problem')}, {_count(notes, 'note')}."
        )
    return f"taktora works here, with {_count(notes, 'note')}." if notes else "taktora works here."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
