"""What one check of the doctor found: a fact, how serious it is, and what to do about it."""

from __future__ import annotations

import enum

from attrs import field, frozen

__all__ = ["Finding", "Level", "note", "ok", "problem", "usable"]


class Level(enum.StrEnum):
    """How serious a finding is."""

    OK = "ok"
    """As it should be."""
    NOTE = "note"
    """taktora works, but something about it could be better, or is not there."""
    PROBLEM = "problem"
    """taktora does not work here."""


@frozen
class Finding:
    """One line of the report."""

    topic: str
    level: Level
    text: str
    advice: str = field(default="")
    """What to do; never empty unless ``level`` is ``OK``."""

    @advice.validator
    def _check_advice(self, _: object, advice: str) -> None:
        if self.level is not Level.OK and not advice:
            raise ValueError(f"{self.topic}: a {self.level} must say what to do")


def ok(topic: str, text: str) -> Finding:
    """All is well."""
    return Finding(topic, Level.OK, text)


def note(topic: str, text: str, advice: str) -> Finding:
    """Good to know."""
    return Finding(topic, Level.NOTE, text, advice)


def problem(topic: str, text: str, advice: str) -> Finding:
    """In the way."""
    return Finding(topic, Level.PROBLEM, text, advice)


def usable(findings: list[Finding]) -> bool:
    """Whether nothing prevents the core from working."""
    return all(finding.level is not Level.PROBLEM for finding in findings)
