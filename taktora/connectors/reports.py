"""What a gateway's process says to the connector that started it: one line each. Pure.

Lines go over its standard error, where everything else may land as well that anybody in that process
prints; what is none of ours is text.
"""

from __future__ import annotations

import json
from typing import Any, Final

from attrs import frozen

__all__ = ["LONGEST", "Failed", "Logged", "Printed", "Report", "decode", "encode"]

LONGEST: Final = 4000
"""Bytes of a line: what a pipe takes as a whole, or not at all."""
_CUT: Final = "…"


@frozen
class Failed:
    """It ends, and this is why."""

    reason: str


@frozen
class Logged:
    """A line of its log."""

    level: int
    logger: str
    text: str


@frozen
class Printed:
    """Something that somebody printed."""

    text: str


Report = Failed | Logged | Printed


def encode(report: Failed | Logged) -> bytes:
    """As a line of at most :data:`LONGEST` bytes; texts that are longer are cut."""
    match report:
        case Failed(reason):
            return _line("failed", [], reason)
        case Logged(level, logger, text):
            return _line("logged", [level, logger[:200]], text)


def decode(line: bytes) -> Report:
    """What a line says. Whatever it is, nothing is raised."""
    try:
        found: Any = json.loads(line)
        match found:
            case {"taktora gateway": ["failed", str(reason)]}:
                return Failed(reason)
            case {"taktora gateway": ["logged", int(level), str(logger), str(text)]}:
                return Logged(level, logger, text)
    except (ValueError, RecursionError):
        pass  # no line of ours
    return Printed(line.decode(errors="replace").rstrip())


def _line(kind: str, facts: list[Any], text: str) -> bytes:
    room = LONGEST
    while True:
        cut = text if len(text) <= room else text[: room - 1] + _CUT
        line = json.dumps({"taktora gateway": [kind, *facts, cut]}).encode() + b"\n"
        if len(line) <= LONGEST:
            return line
        room = min(room, len(cut)) - max(1, (len(line) - LONGEST) // 12)
