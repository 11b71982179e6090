"""How wide text is, without a font at hand: never less than what common sans-serif fonts need.

The widths are those of DejaVu Sans Bold, the widest of the fonts that a browser falls back to, in
hundredths of the font size and rounded up.
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["cut", "visible", "width"]

_GROUPS: Final = {
    38: " '/IJ\\|ijl",
    42: ",.:;-·",
    51: "!()[]_`frt",
    60: '"*?csz',
    66: "Lvxy",
    72: "$0123456789EFTaehknou",
    74: "CPSYZbdgpqµ{}",
    78: "ABKRVX",
    86: "#+<=>DGHNOQU^~→",
    93: "&w",
    101: "%@M…",
    105: "m",
    112: "W",
}
_WIDTH: Final = {char: hundredths for hundredths, chars in _GROUPS.items() for char in chars}
_LOWER, _WIDE, _OTHER = 112, 130, 145


def width(text: str, size: float) -> float:
    """An upper bound of the width of ``text`` in a font of ``size``, in the same unit."""
    return sum(_WIDTH.get(char) or _unusual(char) for char in text) * size / 100


def _unusual(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return _WIDE
    return _LOWER if char.islower() else _OTHER


def cut(text: str, size: float, limit: float) -> str:
    """``text``, or if it is wider than ``limit``, its beginning and end around an ellipsis.

    Both ends are kept because names differ at either: ``axis-1/...`` and ``.../velocity``.
    """
    if width(text, size) <= limit:
        return text
    few, many = 0, len(text)  # how much is kept: ``few`` fits, ``many`` does not
    while many - few > 1:
        kept = (few + many) // 2
        few, many = (kept, many) if width(_kept(text, kept), size) <= limit else (few, kept)
    return _kept(text, few)


def _kept(text: str, count: int) -> str:
    return f"{text[: (count + 1) // 2]}…{text[len(text) - count // 2 :]}"


def visible(text: str) -> str:
    """``text`` on one line, with everything that cannot be printed as its Python escape."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
