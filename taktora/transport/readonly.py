"""Read-only twins of ctypes structures, unions and arrays.

A received structure is a private copy, so a write could do no harm; it would be lost without a
word, though, and a program that relies on it is wrong. So the twin refuses. It is a subclass:
``isinstance(payload, Imu)`` holds. For a writable copy: ``Imu.from_buffer_copy(payload)``.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, NoReturn

from taktora.errors import ReadOnlyPayload

__all__ = ["all_fields", "read_only"]

_AGGREGATES = (ctypes.Structure, ctypes.Union, ctypes.Array)


@cache
def read_only(writable: Any) -> Any:
    """The read-only subclass of ``writable``, a ctypes structure, union or array class."""
    if issubclass(writable, ctypes.Array):
        members = _array_members(writable)
    else:
        members = _field_members(writable)
    name = writable.__name__
    members |= {
        "__doc__": f"A received {name}: read-only.",
        "__module__": writable.__module__,
        "__qualname__": writable.__qualname__,
        "__setattr__": _refuse(f"a received {name} is read-only", writable),
        "__delattr__": _refuse(f"a received {name} is read-only", writable),
        "__reduce__": lambda self: (writable.from_buffer_copy, (bytes(self),)),
    }
    return type(writable)(name, (writable,), members)


def _refuse(message: str, writable: Any) -> Any:
    def refuse(_self: Any, *_: object) -> NoReturn:
        raise ReadOnlyPayload(
            f"{message}; for a private writable copy: {writable.__name__}.from_buffer_copy(payload)"
        )

    return refuse


def _field_members(writable: Any) -> dict[str, Any]:
    """Properties for those fields that would hand out something writable."""
    members: dict[str, Any] = {}
    for name, field_type in _reachable_fields(writable):
        if _is_aggregate(field_type):
            offset = getattr(writable, name).offset
            members[name] = _window(field_type, offset)
    return members


def all_fields(owner: Any) -> list[tuple[Any, ...]]:
    """The ``_fields_`` entries of a structure or union, inherited ones first."""
    return [field for cls in reversed(owner.__mro__) for field in cls.__dict__.get("_fields_", ())]


def _reachable_fields(owner: Any) -> list[tuple[str, Any]]:
    """Names and types of all fields, and of those inside anonymous members."""
    anonymous = {name for cls in owner.__mro__ for name in cls.__dict__.get("_anonymous_", ())}
    found: list[tuple[str, Any]] = []
    for name, field_type, *_ in all_fields(owner):
        found.append((name, field_type))
        if name in anonymous:
            found.extend(_reachable_fields(field_type))
    return found


def _is_aggregate(field_type: Any) -> bool:
    """Whether reading such a field gives an object that can be written through."""
    if issubclass(field_type, ctypes.Array):
        return field_type._type_ not in (ctypes.c_char, ctypes.c_wchar)  # those read as bytes, str
    return issubclass(field_type, _AGGREGATES)


def _window(field_type: Any, offset: int) -> property:
    twin = read_only(field_type)

    def read(self: Any) -> Any:
        return twin.from_buffer(self, offset)

    return property(read)


def _array_members(writable: Any) -> dict[str, Any]:
    element, length = writable._type_, writable._length_
    members: dict[str, Any] = {
        "__setitem__": _refuse(f"a received {writable.__name__} is read-only", writable),
        "__delitem__": _refuse(f"a received {writable.__name__} is read-only", writable),
    }
    if not _is_aggregate(element):
        return members
    twin, size = read_only(element), ctypes.sizeof(element)

    def get(self: Any, index: Any) -> Any:
        if isinstance(index, slice):
            return [twin.from_buffer(self, i * size) for i in range(*index.indices(length))]
        position = index.__index__()
        if position < 0:
            position += length
        if not 0 <= position < length:
            raise IndexError("invalid index")
        return twin.from_buffer(self, position * size)

    members["__getitem__"] = get
    return members
