"""The characters that iceoryx2 admits in names of anything."""

from __future__ import annotations

__all__ = ["is_plain"]


def is_plain(text: str) -> bool:
    """Whether ``text`` is ASCII without NUL, also when it is empty."""
    return text.isascii() and "\0" not in text
