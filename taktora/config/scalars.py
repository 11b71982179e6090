"""Strict single values: what is in the file has the type that is wanted, or it is a mistake.

``"4"`` is no whole number, ``1`` is not true, and ``1.5`` is not cut to 1. Each refusal says what
is there, what is wanted, and what to write instead where that can be guessed.
"""

from __future__ import annotations

import math
from typing import Any

from taktora.config.kinds import choices, wanted
from taktora.config.problems import close_to, listed, show
from taktora.errors import InvalidArgument, WrongType

__all__ = ["boolean", "bytes_", "choice", "integer", "nothing", "number", "text"]


def refused(value: Any, kind: Any, hint: str = "") -> WrongType:
    """The error for a value of another type than ``kind``."""
    there = show(value)
    if isinstance(value, str) and kind is not str:
        there += " (text)"
    return WrongType(f"is {there}, and must be {wanted(kind)}{f'; {hint}' if hint else ''}")


def integer(value: Any, _: Any) -> int:
    """A whole number of 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        hint = ""
        if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
            hint = f"write {value.strip()[:20]}, without quotes"
        elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            hint = f"write {int(value)}"
        raise refused(value, int, hint)
    if not -(2**63) <= value < 2**64:
        raise InvalidArgument(f"is {show(value)}, and must fit in 64 bits")
    return value


def number(value: Any, _: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = ""
        if isinstance(value, str) and _is_number(value):
            hint = f"write {value.strip()[:20]}, without quotes"
        raise refused(value, float, hint)
    if not abs(value) < 1e308 or math.isnan(value):
        raise InvalidArgument(f"is {show(value)}, and must be finite")
    return float(value)


def text(value: Any, _: Any) -> str:
    """Text, and what can be written as UTF-8."""
    if not isinstance(value, str):
        scalar = isinstance(value, int | float)
        raise refused(value, str, f'write "{show(value)}"' if scalar else "")
    if any(0xD800 <= ord(one) < 0xE000 for one in value):
        raise InvalidArgument(f"is {show(value)}, which has half a character in it (a surrogate)")
    return value


def boolean(value: Any, _: Any) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        guess = {"true": "true", "yes": "true", "on": "true", "1": "true"} | {
            "false": "false", "no": "false", "off": "false", "0": "false"
        }  # fmt: skip
        meant = guess.get(show(value).strip('"').casefold())
        quotes = ", without quotes" if isinstance(value, str) else ""
        raise refused(value, bool, f"write {meant}{quotes}" if meant else "")
    return value


def bytes_(value: Any, _: Any) -> bytes:
    """Bytes as hexadecimal digits; spaces may stand between them."""
    if not isinstance(value, str):
        raise refused(value, bytes)
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise InvalidArgument(
            f'is {show(value)}, and must be pairs of hexadecimal digits, such as "0a ff"'
        ) from None


def nothing(value: Any, _: Any) -> None:
    """``null``."""
    if value is not None:
        raise refused(value, type(None))


def choice(value: Any, kind: Any) -> Any:
    """A member of an enumeration, by its value or by its name, or one of a ``Literal``."""
    known = choices(kind)
    if isinstance(kind, type):
        for one in kind:  # type: ignore[attr-defined]
            if type(one.value) is type(value) and one.value == value:
                return one
        if isinstance(value, str):
            for name, one in kind.__members__.items():  # type: ignore[attr-defined]
                if not isinstance(one.value, str) and name.casefold() == value.casefold():
                    return one
    else:
        for one in known:
            if type(one) is type(value) and one == value:
                return one
    close = [show(one) for one in close_to(value, [one for one in known if isinstance(one, str)])]
    hint = f"; did you mean {listed(close)}?" if close else ""
    raise InvalidArgument(f"is {show(value)}, and must be {wanted(kind)}{hint}")


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False
