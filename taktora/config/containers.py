"""Lists, tables and unions: every element is looked at, whatever is wrong with the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, get_args, get_origin

from cattrs import Converter, IterableValidationError, IterableValidationNote

from taktora.config.kinds import is_class, is_duration, is_list, is_table, members
from taktora.config.problems import show
from taktora.config.scalars import refused
from taktora.errors import InvalidArgument, WrongType

__all__ = ["FlawedList", "list_hook", "table_hook", "union_hook"]

Hook = Callable[[Any, Any], Any]


class FlawedList(IterableValidationError):
    """What is wrong with the elements of a list, and those that are not."""

    partial: tuple[Any, ...] = ()
    """One for each element of the list; ``None`` for what could not be made at all."""


def list_hook(kind: Any, converter: Converter) -> Hook:
    """Reads lists, tuples and sets; text is no list of letters."""
    origin = get_origin(kind) or kind
    arguments = get_args(kind)
    fixed = origin is tuple and len(arguments) > 0 and arguments[-1] is not Ellipsis
    element = arguments[0] if arguments else Any
    make: Callable[[list[Any]], Any] = {list: list, set: set}.get(origin, tuple)
    if origin in (frozenset, AbstractSet):
        make = frozenset

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise refused(value, kind, _list_hint(value, element))
        if fixed and len(value) != len(arguments):
            raise InvalidArgument(f"has {len(value)} elements, and must have {len(arguments)}")
        kinds = arguments if fixed else (element,) * len(value)
        made, errors = [], []
        for index, (one, its) in enumerate(zip(value, kinds, strict=True)):
            try:
                made.append(converter.structure(one, its))
            except Exception as error:  # noqa: BLE001  # told with the others
                error.add_note(IterableValidationNote(f"element {index}", index, its))
                made.append(getattr(error, "partial", None))
                errors.append(error)
        if errors:
            flawed = FlawedList("list", errors, kind)
            flawed.partial = tuple(made)
            raise flawed
        return make(made)

    return structure


def table_hook(kind: Any, converter: Converter) -> Hook:
    """Reads tables whose keys are not known beforehand."""
    key_kind, value_kind = get_args(kind) or (Any, Any)

    def structure(value: Any, _: Any) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            raise refused(value, kind, table_hint(value))
        made, errors = {}, []
        for key, one in value.items():
            try:
                made[_key(key, key_kind, converter)] = converter.structure(one, value_kind)
            except Exception as error:  # noqa: BLE001  # told with the others
                error.add_note(IterableValidationNote(f"key {key}", key, value_kind))
                errors.append(error)
        if errors:
            raise IterableValidationError("table", errors, kind)
        return made

    return structure


def union_hook(kind: Any, converter: Converter) -> Hook:
    """Reads what may be of several types: as the one that fits, strictly."""
    parts = members(kind)

    def structure(value: Any, _: Any) -> Any:
        if value is None and type(None) in parts:
            return None
        fitting = [one for one in parts if _may_be(value, one)]
        if not fitting:
            raise refused(value, kind)
        first: Exception | None = None
        for one in sorted(fitting, key=_exact(value)):
            try:
                return converter.structure(value, one)
            except Exception as error:  # noqa: BLE001  # another may fit
                first = first or error
        if len(fitting) == 1 and first is not None:
            raise first
        if isinstance(value, Mapping | list):
            raise WrongType(f"is {show(value)} that fits none of the {len(fitting)} that it may be")
        raise refused(value, kind)

    return structure


def table_hint(value: Any) -> str:
    """What to try where a table is wanted."""
    is_list_of_tables = isinstance(value, list) and value and isinstance(value[0], Mapping)
    return "in TOML, head it with single brackets: [name]" if is_list_of_tables else ""


def _list_hint(value: Any, element: Any) -> str:
    if isinstance(value, Mapping):
        of_tables = is_class(element) or is_table(element)
        return "in TOML, head each with double brackets: [[name]]" if of_tables else ""
    scalar = isinstance(value, str | int | float) and not is_class(element)
    return f"write [{show(value)}]" if scalar else ""


def _key(key: Any, kind: Any, converter: Converter) -> Any:
    """Keys are text in both formats, also where they stand for whole numbers."""
    if kind is int and isinstance(key, str):
        if not key.isascii() or not key.isdecimal() or len(key) > 18:
            raise WrongType("this key must be a whole number")
        return int(key)
    return converter.structure(key, kind)


def _may_be(value: Any, kind: Any) -> bool:
    if kind is type(None):
        return False
    if isinstance(value, Mapping):
        return is_class(kind) or is_table(kind) or kind is Any
    if isinstance(value, list | tuple):
        return is_list(kind) or kind is Any
    return not (is_class(kind) or is_table(kind) or is_list(kind))


def _exact(value: Any) -> Callable[[Any], int]:
    """Sorts the value's own type to the front, and durations, which are text too, before text."""
    return lambda kind: (
        0 if is_duration(kind) and isinstance(value, str) else 1 + (kind is not type(value))
    )
