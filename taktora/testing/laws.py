"""One line per law: it holds, or its number is in the error."""

from __future__ import annotations

from taktora.errors import LawBroken

__all__ = ["law"]


def law(rule_id: str, holds: object, detail: object = "") -> None:
    """Raise :class:`~taktora.errors.LawBroken` unless the rule holds."""
    if not holds:
        raise LawBroken(rule_id, detail)
