"""What kind of type the field of a schema has, and what to call it before who writes the file."""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final, Literal, Union, get_args, get_origin

import attrs

from taktora.config.durations import EXAMPLE
from taktora.config.problems import listed, show
from taktora.time import Duration

__all__ = [
    "choices",
    "is_class",
    "is_duration",
    "is_list",
    "is_table",
    "is_union",
    "members",
    "wanted",
]

_LISTS: Final = (list, tuple, set, frozenset, Sequence, MutableSequence, AbstractSet)
_TABLES: Final = (dict, Mapping, MutableMapping)
_WORDS: Final[dict[Any, str]] = {
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    bool: "true or false",
    bytes: "hexadecimal digits in quotes",
    timedelta: EXAMPLE,
    type(None): "null",
    Any: "a value",
}


def is_class(kind: Any) -> bool:
    """An attrs class or a dataclass: a table whose keys are known."""
    return isinstance(kind, type) and (attrs.has(kind) or hasattr(kind, "__dataclass_fields__"))


def is_list(kind: Any) -> bool:
    """Anything that a list in the file becomes."""
    return (get_origin(kind) or kind) in _LISTS


def is_table(kind: Any) -> bool:
    """A table with whatever keys."""
    return (get_origin(kind) or kind) in _TABLES


def is_union(kind: Any) -> bool:
    """One of several types."""
    return get_origin(kind) in (Union, types.UnionType) and not is_duration(kind)


def is_duration(kind: Any) -> bool:
    """``taktora.time.Duration``, or ``timedelta``; either may be in a file as text or a number."""
    return kind is timedelta or kind == Duration


def members(kind: Any) -> tuple[Any, ...]:
    """The types of a union; a duration in it counts as one of them."""
    parts = get_args(kind)
    if set(get_args(Duration)) <= set(parts):
        rest = tuple(one for one in parts if one not in get_args(Duration))
        return (timedelta, *rest)
    return parts


def choices(kind: Any) -> list[Any]:
    """What an enumeration or a ``Literal`` may be in the file."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [one.value if isinstance(one.value, str) else one.name.lower() for one in kind]


def wanted(kind: Any) -> str:
    """What a value of ``kind`` is called, such as ``a whole number``."""
    if is_duration(kind):
        return EXAMPLE
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        return listed(show(one) for one in choices(kind))
    if is_union(kind):
        # nobody can write a null in TOML, so it is not offered
        named = [wanted(one) for one in members(kind) if one is not type(None)]
        return listed(dict.fromkeys(named)) if named else "null"
    if is_class(kind) or is_table(kind):
        return "a table"
    if is_list(kind):
        return "a list"
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return "a path in quotes"
    supertype = getattr(kind, "__supertype__", None)
    return (
        wanted(supertype) if supertype else _WORDS.get(kind, getattr(kind, "__name__", "a value"))
    )
