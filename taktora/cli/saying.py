"""Lines on standard output, whatever its encoding can show."""

from __future__ import annotations

import sys

__all__ = ["say"]


def say(text: str) -> None:
    """Print ``text``; characters that the terminal or file cannot take are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
