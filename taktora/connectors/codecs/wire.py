"""What values look like in a format, and the error of one that looks otherwise."""

from __future__ import annotations

import dataclasses
import reprlib
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Union, get_args, get_origin

import attrs
from attrs import frozen

__all__ = [
    "Mismatch",
    "Reader",
    "Wire",
    "bare",
    "expected",
    "has_fields",
    "is_union",
    "show",
    "type_name",
]

Reader = Callable[[Any, Any], Any]
"""Makes a value of a type (second) from a plain value (first)."""


class Mismatch(ValueError):
    """A plain value is not what the type wants, or a value has no plain form."""


@frozen
class Wire:
    """How a format differs from the others."""

    name: str = ""
    """Of the format."""
    bytes_are_text: bool = False
    """It has no bytes: they are carried as text, in base85."""
    keys_are_text: bool = False
    """The keys of its objects are text."""
    lists: frozenset[type] = frozenset({list})
    """Classes of an array once it is decoded."""


def expected(declared: Any, value: Any) -> Mismatch:
    """``value`` is nothing that a ``declared`` is made of."""
    return Mismatch(f"expected {type_name(declared)}, not {value.__class__.__name__} {show(value)}")


def show(value: Any) -> str:
    """``value`` in a message: its beginning, if it is long."""
    return _short.repr(value)


def type_name(declared: Any) -> str:
    """How a reader knows a type: ``int``, ``list[int]``, ``Reading``."""
    if get_origin(declared) is not None:
        return str(declared).replace("typing.", "").replace("<locals>.", "")
    return str(getattr(declared, "__qualname__", declared)).rpartition("<locals>.")[2]


def bare(declared: Any) -> Any:
    """``declared`` without ``NewType``, ``Annotated``, ``Final`` and the name of an alias."""
    while True:
        if isinstance(declared, typing.NewType):
            declared = declared.__supertype__
        elif get_origin(declared) in (Annotated, typing.Final):
            declared = get_args(declared)[0]
        elif type(declared).__name__ == "TypeAliasType":
            declared = declared.__value__
        else:
            return declared


def is_union(declared: Any) -> bool:
    """``A | B``, in either spelling."""
    return get_origin(declared) in (Union, types.UnionType)


def has_fields(declared: Any) -> bool:
    """An attrs class or a dataclass, also one with type arguments."""
    origin = get_origin(declared) or declared
    return isinstance(origin, type) and (attrs.has(origin) or dataclasses.is_dataclass(origin))


_short = reprlib.Repr()
_short.maxother = _short.maxstring = 60
