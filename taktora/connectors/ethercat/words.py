"""Numbers of bits and bytes, and numbers that came from anywhere, as a message has them."""

from __future__ import annotations

from taktora.config import show

__all__ = ["bits", "bytes_", "number"]


def bits(count: int) -> str:
    """``1 bit``, ``16 bits``."""
    return "1 bit" if count == 1 else f"{count} bits"


def bytes_(count: int) -> str:
    """``1 byte``, ``2 bytes``."""
    return "1 byte" if count == 1 else f"{count} bytes"


def number(value: object) -> str:
    """A number, cut when it is long: Python itself refuses to write thousands of digits."""
    return show(value)
