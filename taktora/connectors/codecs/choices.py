"""Enums and literals: a plain value stands for a member if it is that member's own plain value."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from cattrs import Converter

from taktora.connectors.codecs.wire import Reader, expected

__all__ = ["choice_reader", "plain_choices", "strict_choices"]


def strict_choices(converter: Converter) -> None:
    """Teach ``converter`` enums and literals."""
    enums: dict[Any, Reader] = {}

    def read_enum(value: Any, declared: Any) -> Any:
        reader = enums.get(declared)
        if reader is None:
            reader = enums[declared] = choice_reader(declared, converter)
        return reader(value, declared)

    # by class, not by a predicate: some versions of cattrs ask no predicate about an enum
    converter.register_structure_hook(Enum, read_enum)
    converter.register_unstructure_hook(Enum, lambda one: converter.unstructure(one.value))
    converter.register_structure_hook_factory(_is_literal, lambda t: choice_reader(t, converter))


def plain_choices(declared: Any, converter: Converter) -> list[tuple[Any, Any]]:
    """Each member of an enum, or value of a literal, behind the plain value that stands for it."""
    members: Iterable[Any]
    members = declared.__members__.values() if _is_enum(declared) else get_args(declared)
    return [(_plain(one, converter), one) for one in members]


def choice_reader(declared: Any, converter: Converter) -> Reader:
    """Reads an enum or a literal. One class is never taken for another: ``True`` is not ``1``."""
    choices = plain_choices(declared, converter)
    table = {_exact(plain): one for plain, one in choices}
    classes = {plain.__class__ for plain, _ in choices}
    own_rule = _is_enum(declared) and _has_own_rule(declared)

    def read(value: Any, _: Any) -> Any:
        found = table.get(_exact(value), table)
        if found is not table:
            return found
        if own_rule and value.__class__ in classes:
            return declared(value)  # flags that are set together, or its own ``_missing_``
        raise expected(declared, value)

    return read


def _is_enum(declared: Any) -> bool:
    return isinstance(declared, type) and issubclass(declared, Enum)


def _is_literal(declared: Any) -> bool:
    origin: Any = get_origin(declared)
    return origin is Literal


def _has_own_rule(declared: type[Enum]) -> bool:
    return declared._missing_.__func__ is not Enum._missing_.__func__  # type: ignore[attr-defined]


def _plain(member: Any, converter: Converter) -> Any:
    return converter.unstructure(member.value if isinstance(member, Enum) else member)


def _exact(value: Any) -> Any:
    """A key that two values have in common only if they are of one class all the way down."""
    if isinstance(value, list | tuple):
        return tuple, tuple(map(_exact, value))
    if isinstance(value, dict):
        return dict, frozenset((_exact(key), _exact(one)) for key, one in value.items())
    return value.__class__, value
