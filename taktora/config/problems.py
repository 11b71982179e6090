"""What is wrong, and where: paths, values and names as a reader of the file knows them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import frozen

__all__ = ["Path", "Problem", "close_to", "listed", "one_line", "path_text", "show"]

Path = tuple[str | int, ...]
"""Keys and positions from the top of the file."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_VALUE: Final = 40
_LONGEST_KEY: Final = 80


@frozen
class Problem:
    """One mistake."""

    path: Path
    """Where; empty: the file as a whole."""
    text: str
    """What is there, what is wanted, what to try; one line."""

    def __str__(self) -> str:
        where = path_text(self.path)
        return f"{where}: {self.text}" if where else self.text


def path_text(path: Path) -> str:
    """``connectors[1].channels[0].max_payload``; a key that is no plain word is quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _BARE.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{_quoted(step, _LONGEST_KEY)}]"
    return text


def show(value: Any) -> str:
    """``value`` as it stands in the file, on one line and cut when it is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value, _LONGEST_VALUE)
    if isinstance(value, Mapping):
        return "a table" if value else "an empty table"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    try:
        text = str(value)
    except ValueError:  # an integer of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def close_to(wrong: object, names: Iterable[str], *, most: int = 3) -> list[str]:
    """Those of ``names`` that were probably meant, the closest first."""
    if not isinstance(wrong, str):
        return []
    plain = {name: _plain(name) for name in names}
    close = difflib.get_close_matches(_plain(wrong[:100]), plain.values(), n=most)
    return [name for one in dict.fromkeys(close) for name in plain if plain[name] == one]


def listed(words: Iterable[str], last: str = "or") -> str:
    """``a, b or c``."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def one_line(text: str) -> str:
    """``text`` without line breaks, and with what cannot be printed escaped."""
    joined = " ".join(text.split())
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in joined)


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_")


def _quoted(text: str, longest: int) -> str:
    cut = text[:longest]
    return one_line_quoted(cut) + ("..." if len(text) > longest else "")


def one_line_quoted(text: str) -> str:
    """``text`` in double quotes, as both formats write it; the eye can tell every character."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in quoted)
