"""Strategies for what a channel carries, made from its payload type alone."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from hypothesis import strategies as st

from taktora.errors import UnsupportedPayload

__all__ = ["payloads"]

_SIMPLE: Final[Any] = ctypes.c_int.__mro__[1]  # ctypes._SimpleCData


def payloads(payload_type: Any, *, max_bytes: int = 64) -> st.SearchStrategy[Any]:
    """Values that a channel of ``payload_type`` takes: every bit pattern that has a meaning.

    ctypes scalars come as plain numbers, structures, unions and arrays as instances, ``bytes`` as up
    to ``max_bytes`` bytes, numpy dtypes as arrays. They shrink to zeros and to nothing.

    Raises:
        UnsupportedPayload: ``payload_type`` cannot be on a channel.
    """
    if payload_type is bytes:
        return st.binary(max_size=max_bytes)
    if isinstance(payload_type, type) and issubclass(payload_type, _SIMPLE):
        return _scalars(payload_type)
    if isinstance(payload_type, type) and issubclass(
        payload_type, ctypes.Structure | ctypes.Union | ctypes.Array
    ):
        return _filled(payload_type)
    return _arrays(payload_type)


def _scalars(kind: Any) -> st.SearchStrategy[Any]:
    plain = type(kind().value)
    if plain is bool:
        return st.booleans()
    if plain is float:
        width: Any = 32 if ctypes.sizeof(kind) == 4 else 64
        return st.floats(width=width)
    if plain is bytes:
        return st.binary(min_size=1, max_size=1)
    if plain is str:
        return st.characters(exclude_categories=["Cs"])
    if plain is not int:
        raise UnsupportedPayload(f"{kind.__name__} is an address, which no payload can be")
    bits = ctypes.sizeof(kind) * 8
    signed = kind(-1).value < 0
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return st.integers(low, high)


def _filled(kind: Any) -> st.SearchStrategy[Any]:
    """Instances of a structure, union or array, field by field."""
    if issubclass(kind, ctypes.Array):
        element, length = kind._type_, kind._length_
        if element is ctypes.c_char:
            return st.binary(max_size=length).map(lambda text: kind(*text))
        elements = payloads(element)
        return st.lists(elements, min_size=length, max_size=length).map(lambda made: kind(*made))
    names = [field[0] for field in _fields(kind)]
    values = [_field(*field) for field in _fields(kind)]
    if issubclass(kind, ctypes.Union):  # the fields lie on top of each other: one of them
        return st.one_of(
            [made.map(_setter(kind, name)) for name, made in zip(names, values, strict=True)]
        )
    return st.tuples(*values).map(lambda made: _build(kind, dict(zip(names, made, strict=True))))


def _fields(kind: Any) -> list[Any]:
    """All fields, those of base classes first."""
    return [field for base in reversed(kind.__mro__) for field in base.__dict__.get("_fields_", ())]


def _field(name: str, kind: Any, *bits: int) -> st.SearchStrategy[Any]:  # noqa: ARG001
    if not bits:
        return payloads(kind)
    if type(kind().value) is bool:
        return st.booleans()
    if kind(-1).value < 0:
        return st.integers(-(1 << (bits[0] - 1)), (1 << (bits[0] - 1)) - 1)
    return st.integers(0, (1 << bits[0]) - 1)


def _build(kind: Any, values: dict[str, Any]) -> Any:
    made = kind()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _setter(kind: Any, name: str) -> Any:
    return lambda value: _build(kind, {name: value})


def _arrays(payload_type: Any) -> st.SearchStrategy[Any]:
    """What a numpy dtype, plain, structured or with a shape, can hold."""
    from taktora.transport.kind import import_numpy

    numpy = import_numpy()
    try:
        dtype = numpy.dtype(payload_type)
    except TypeError as error:
        raise UnsupportedPayload(f"no channel can carry {payload_type!r}: {error}") from error
    size = dtype.itemsize
    return st.binary(min_size=size, max_size=size).map(
        lambda block: numpy.frombuffer(block, dtype.base).reshape(dtype.shape).copy()
    )
