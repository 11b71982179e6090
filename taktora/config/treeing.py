"""The way back: from an instance of a schema to the tree that is read as an equal one.

What is written goes by the schema, as reading does, so that a number of seconds is text with a unit
where the schema says that it is a duration. Whatever reading would not bring back as it was is
refused, with the place where it is.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import attrs

from taktora.config.kinds import is_class, is_duration, is_list, is_table, is_union, members
from taktora.config.loading import examine
from taktora.config.problems import Path, path_text
from taktora.errors import InvalidArgument, TaktoraError
from taktora.time import to_nanos

__all__ = ["as_tree"]

_SCALARS = (bool, int, float, str, type(None))


def as_tree(value: Any, schema: Any, *, at: Path = ()) -> Any:
    """``value`` as JSON can say it, such that :func:`examine` makes an equal one of it. Any thread.

    Durations are equal when they are equally long, and lists when their elements are, whatever
    their types.

    Args:
        value: an instance of ``schema`` itself, not of a subclass.
        schema: an attrs class or a dataclass.
        at: put in front of the paths in errors.

    Raises:
        InvalidArgument: there is something in it that would not come back; the text says where.
    """
    tree = _class(value, schema, at)
    came, problems = examine(json.loads(json.dumps(tree)), schema, at=at)
    if problems:
        raise InvalidArgument("; ".join(map(str, problems)))
    if (again := _class(came, schema, at)) != tree:
        where, what = next(_differences(tree, again, at))
        raise InvalidArgument(f"{path_text(where)}: does not come back as it was: {what}")
    return tree


def _class(value: Any, kind: Any, at: Path) -> dict[str, Any]:
    if type(value) is not kind:
        raise _refused(value, at, f"and no {kind.__name__}")
    hints = get_type_hints(kind)
    names = (
        [(one.alias, one.name) for one in attrs.fields(kind) if one.init]
        if attrs.has(kind)
        else [(one.name, one.name) for one in dataclasses.fields(kind) if one.init]
    )
    return {
        key: _any(getattr(value, name), hints.get(name, Any), (*at, key)) for key, name in names
    }


def _any(value: Any, kind: Any, at: Path) -> Any:
    if get_origin(kind) is Annotated:
        return _any(value, get_args(kind)[0], at)
    if hasattr(kind, "__supertype__"):
        return _any(value, kind.__supertype__, at)
    if is_duration(kind):
        return _duration(value, at)
    if is_union(kind):
        return _one_of(value, kind, at)
    if is_class(kind):
        return _class(value, kind, at)
    if is_list(kind) or (kind is Any and isinstance(value, list | tuple)):
        return _list(value, kind, at)
    if is_table(kind) or (kind is Any and isinstance(value, Mapping)):
        return _table(value, kind, at)
    if isinstance(kind, type) and issubclass(kind, enum.Enum | bytes | PurePath):
        return _text(value, kind, at)
    if type(value) in _SCALARS and not (isinstance(value, float) and not math.isfinite(value)):
        return value
    raise _refused(value, at, "which cannot be written down")


def _text(value: Any, kind: type, at: Path) -> str:
    """Of what stands in a file as text."""
    if not isinstance(value, kind):
        raise _refused(value, at, f"and no {kind.__name__}")
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else value.name
    return value.hex() if isinstance(value, bytes) else str(value)


def _duration(value: Any, at: Path) -> str:
    try:
        nanos = to_nanos(value, zero=True)
    except TaktoraError as error:
        raise InvalidArgument(f"{path_text(at)}: {error}") from error
    if nanos % 1000:
        raise _refused(value, at, "and no whole number of microseconds")
    return f"{nanos // 1000} us"


def _one_of(value: Any, kind: Any, at: Path) -> Any:
    if value is None:
        return None
    parts = [one for one in members(kind) if one is not type(None)]
    first: InvalidArgument | None = None
    for one in sorted(parts, key=lambda part: _origin(part) is not type(value)):
        try:
            return _any(value, one, at)
        except InvalidArgument as error:  # another may fit
            first = first or error
    raise first or _refused(value, at, "which cannot be written down")


def _list(value: Any, kind: Any, at: Path) -> list[Any]:
    if not isinstance(value, list | tuple | AbstractSet):
        raise _refused(value, at, "and no list")
    kinds = get_args(kind)
    fixed = _origin(kind) is tuple and kinds and kinds[-1] is not Ellipsis
    of = list(kinds) if fixed else [kinds[0] if kinds else Any] * len(value)
    if len(of) != len(value):
        raise _refused(value, at, f"and must have {len(of)} elements")
    made = [
        _any(one, its, (*at, index)) for index, (one, its) in enumerate(zip(value, of, strict=True))
    ]
    return sorted(made, key=json.dumps) if isinstance(value, AbstractSet) else made


def _table(value: Any, kind: Any, at: Path) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _refused(value, at, "and no table")
    key_kind, value_kind = get_args(kind) or (Any, Any)
    made = {}
    for key, one in value.items():
        name = str(key) if type(key) is int else _any(key, key_kind, at)
        if not isinstance(name, str):
            raise _refused(key, at, "and a key must be text or a whole number")
        made[name] = _any(one, value_kind, (*at, name))
    return made


def _origin(kind: Any) -> Any:
    return type(get_args(kind)[0]) if get_origin(kind) is Literal else get_origin(kind) or kind


def _refused(value: Any, at: Path, but: str) -> InvalidArgument:
    text = repr(value)
    return InvalidArgument(
        f"{path_text(at)}: is {text if len(text) <= 60 else text[:59] + '…'}, {but}"
    )


def _differences(one: Any, other: Any, at: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from _differences(one[key], other[key], (*at, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _differences(a, b, (*at, index))
    elif one != other:
        yield at, f"{one!r} becomes {other!r}"
