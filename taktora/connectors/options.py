"""What a connector has that has no options of its own."""

from __future__ import annotations

from attrs import frozen

__all__ = ["NoOptions"]


@frozen
class NoOptions:
    """Nothing to set."""
