"""The fields of a payload type: what lies where in its bytes, and how to read it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, Final

from taktora.replay.facts import Field

__all__ = ["fields_of"]

_SIMPLE: Final[Any] = ctypes.c_int.__mro__[1]
_MOST_ELEMENTS: Final = 64
"""An array of structures with more elements is told as plain bytes."""
_SIGNED: Final = {1: "b", 2: "h", 4: "i", 8: "q"}


def fields_of(payload_type: Any) -> tuple[Field, ...]:
    """Every field of a ctypes class or numpy dtype, with those of nested structures.

    ``bytes``, and a type that neither describes, have none.
    """
    if isinstance(payload_type, type) and issubclass(
        payload_type, (ctypes.Structure, ctypes.Union, ctypes.Array, _SIMPLE)
    ):
        return tuple(_ctypes(payload_type, "", 0, ()))
    if hasattr(payload_type, "itemsize") and hasattr(payload_type, "fields"):
        return tuple(_numpy(payload_type, "", 0, ()))
    return ()


def _ctypes(layout: Any, name: str, offset: int, shape: tuple[int, ...]) -> Iterator[Field]:
    if issubclass(layout, ctypes.Array):
        element, length = layout._type_, layout._length_
        if element is ctypes.c_char:
            yield Field(name, offset, f"{length}s", shape)
        elif issubclass(element, ctypes.Structure | ctypes.Union):
            yield from _elements(element, length, name, offset)
        else:
            yield from _ctypes(element, name, offset, (*shape, length))
    elif issubclass(layout, ctypes.Structure | ctypes.Union):
        if shape:  # an array of arrays of structures
            yield Field(name, offset, f"{ctypes.sizeof(layout)}s", shape)
            return
        for told in _own_fields(layout):
            where = getattr(layout, told[0])
            path = f"{name}.{told[0]}" if name else told[0]
            if len(told) > 2:
                bits = _bits(where, told[2])
                yield Field(path, offset + where.offset, _format(told[1]), (), bits)
            else:
                yield from _ctypes(told[1], path, offset + where.offset, ())
    else:
        yield Field(name, offset, _format(layout), shape)


def _elements(element: Any, length: int, name: str, offset: int) -> Iterator[Field]:
    size = ctypes.sizeof(element)
    if length > _MOST_ELEMENTS:
        yield Field(name, offset, f"{size}s", (length,))
        return
    for number in range(length):
        yield from _ctypes(element, f"{name}[{number}]", offset + number * size, ())


def _own_fields(layout: Any) -> list[Any]:
    """With those inherited, which come first."""
    classes = [one for one in reversed(layout.__mro__) if "_fields_" in vars(one)]
    return [told for one in classes for told in one._fields_]


def _bits(where: Any, width: int) -> tuple[int, int]:
    if hasattr(where, "bit_offset"):  # Python 3.14
        return where.bit_offset, width
    return where.size & 0xFFFF, width


def _format(simple: Any) -> str:
    size = ctypes.sizeof(simple)
    code: str = simple._type_
    order = ">" if size > 1 and getattr(simple, "__ctype_be__", None) is simple else "<"
    if code in "fd?c":
        return order + code
    if code in "bhilq":
        return order + _SIGNED[size]
    if code in "BHILQ":
        return order + _SIGNED[size].upper()
    return f"{size}s"


def _numpy(dtype: Any, name: str, offset: int, shape: tuple[int, ...]) -> Iterator[Field]:
    if dtype.subdtype is not None:
        yield from _numpy(dtype.base, name, offset, (*shape, *dtype.shape))
    elif dtype.fields is None or shape:
        yield Field(name, offset, _numpy_format(dtype), shape)
    else:
        for one in dtype.names:
            field, at, *_ = dtype.fields[one]
            yield from _numpy(field, f"{name}.{one}" if name else one, offset + at, ())


def _numpy_format(dtype: Any) -> str:
    order = ">" if dtype.byteorder == ">" else "<"
    size, kind = dtype.itemsize, dtype.kind
    if kind == "b":
        return "<?"
    if kind in "iu" and size in _SIGNED:
        return order + (_SIGNED[size] if kind == "i" else _SIGNED[size].upper())
    if kind == "f" and size in (2, 4, 8):
        return order + {2: "e", 4: "f", 8: "d"}[size]
    return f"{size}s"
