"""Unions: which alternative is meant is seen from the plain value alone, or the union is refused."""

from __future__ import annotations

import collections.abc
import functools
import operator
import typing
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from cattrs import Converter

from taktora.connectors.codecs.choices import plain_choices
from taktora.connectors.codecs.wire import (
    Mismatch,
    Reader,
    Wire,
    bare,
    expected,
    has_fields,
    is_union,
    type_name,
)

__all__ = ["plain_classes", "strict_unions"]


def strict_unions(converter: Converter, wire: Wire) -> None:
    """Teach ``converter`` unions, except of classes with fields only: cattrs tells those apart."""

    def write(declared: Any) -> Any:
        _alternatives(declared, converter, wire)
        return converter.unstructure

    converter.register_structure_hook_factory(_is_mixed, lambda t: _reader(t, converter, wire))
    converter.register_unstructure_hook_factory(_is_mixed, write)


def plain_classes(declared: Any, converter: Converter, wire: Wire) -> frozenset[type] | None:
    """Classes of the plain values that stand for a ``declared``; ``None``: any."""
    declared = bare(declared)
    if declared is None:
        return frozenset({type(None)})
    if is_union(declared):
        every = [plain_classes(one, converter, wire) for one in get_args(declared)]
        return None if None in every else frozenset().union(*(one for one in every if one))
    if get_origin(declared) is Literal or _is_a(declared, Enum):
        return frozenset(plain.__class__ for plain, _ in plain_choices(declared, converter))
    origin = get_origin(declared) or declared
    if has_fields(declared) or typing.is_typeddict(origin):
        return frozenset({dict})
    for kinds, classes in _classes(wire):
        if _is_a(origin, *kinds):
            return frozenset(classes)
    return None


def _classes(wire: Wire) -> list[tuple[tuple[type, ...], tuple[type, ...]]]:
    lists = tuple(wire.lists)
    return [
        ((type(None),), (type(None),)),
        ((bool,), (bool,)),
        ((int,), (int,)),
        ((float,), (float, int)),
        ((str,), (str,)),
        ((bytes, bytearray), (str,) if wire.bytes_are_text else (bytes,)),
        ((datetime,), (str, datetime)),
        ((date,), (str, date)),
        ((time,), (str,)),
        ((collections.abc.Mapping,), (dict,)),
        ((collections.abc.Collection,), lists),
    ]


def _is_a(declared: Any, *kinds: type) -> bool:
    return isinstance(declared, type) and issubclass(declared, kinds)


def _is_mixed(declared: Any) -> bool:
    if not is_union(declared):
        return False
    rest = [one for one in get_args(declared) if one is not type(None)]
    return len(rest) > 1 and not all(has_fields(one) for one in rest)


def _alternatives(declared: Any, converter: Converter, wire: Wire) -> dict[type, Any]:
    """The alternative that each class of plain values stands for.

    Raises:
        Mismatch: two alternatives look alike.
    """
    found: dict[type, list[Any]] = {}
    for one in get_args(declared):
        classes = plain_classes(one, converter, wire)
        if classes is None:
            raise Mismatch(f"{type_name(declared)}: {type_name(one)} can look like the others")
        for kind in classes:
            found.setdefault(kind, []).append(one)
    return {kind: _one_of(kind, every, declared, wire) for kind, every in found.items()}


def _one_of(kind: type, every: list[Any], declared: Any, wire: Wire) -> Any:
    if kind is int:  # a float may be written as an integer, but not beside one
        every = [one for one in every if bare(one) is not float] or every
    if len(every) == 1:
        return every[0]
    if all(has_fields(one) for one in every):
        return functools.reduce(operator.or_, every)
    names = " and ".join(map(type_name, every))
    raise Mismatch(f"{type_name(declared)}: {names} look alike in {wire.name}")


def _reader(declared: Any, converter: Converter, wire: Wire) -> Reader:
    alternatives = _alternatives(declared, converter, wire)
    readers: dict[type, tuple[Reader, Any]] = {
        kind: (converter.get_structure_hook(one), one) for kind, one in alternatives.items()
    }

    def read(value: Any, _: Any) -> Any:
        found = readers.get(value.__class__)
        if found is None:
            raise expected(declared, value)
        return found[0](value, found[1])

    return read
