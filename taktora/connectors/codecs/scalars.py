"""Single values: each is read from what it is written as, and from nothing that resembles it."""

from __future__ import annotations

import base64
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Any

from cattrs import Converter

from taktora.connectors.codecs.wire import Mismatch, Wire, expected

__all__ = ["strict_scalars"]


def strict_scalars(converter: Converter, wire: Wire) -> None:
    """Teach ``converter`` the single values of a format that is as ``wire`` says."""
    read_enum = converter.get_structure_hook(Enum)

    def of_subclass(value: Any, declared: Any) -> Any:
        """What is declared as a class that derives from ``int``, ``str``, ..."""
        return read_enum(value, declared) if issubclass(declared, Enum) else declared(value)

    def read_int(value: Any, declared: Any) -> Any:
        if value.__class__ is int:
            return value if declared is int else of_subclass(value, declared)
        raise expected(declared, value)

    def read_str(value: Any, declared: Any) -> Any:
        if value.__class__ is str:
            return value if declared is str else of_subclass(value, declared)
        raise expected(declared, value)

    def read_float(value: Any, declared: Any) -> Any:
        if value.__class__ is int and (exact := float(value)) == value:
            value = exact  # other senders write 1 for 1.0
        if value.__class__ is float:
            return value if declared is float else of_subclass(value, declared)
        raise expected(declared, value)

    def read_bytes(value: Any, declared: Any) -> Any:
        if wire.bytes_are_text and value.__class__ is str:
            value = base64.b85decode(value)
        elif wire.bytes_are_text or value.__class__ is not bytes:
            raise expected(declared, value)
        return value if declared is bytes else of_subclass(value, declared)

    converter.register_structure_hook(int, read_int)
    converter.register_structure_hook(str, read_str)
    converter.register_structure_hook(float, read_float)
    converter.register_structure_hook(bytes, read_bytes)
    converter.register_structure_hook(bytearray, read_bytes)
    converter.register_structure_hook(bool, _read_bool)
    converter.register_structure_hook(Path, _read_path)
    converter.register_structure_hook_func(lambda t: t is type(None), _read_none)
    converter.register_structure_hook_func(lambda t: t is object, lambda value, _: value)
    if wire.bytes_are_text:
        converter.register_unstructure_hook(bytes, _to_text)
        converter.register_unstructure_hook(bytearray, _to_text)
    else:
        converter.register_unstructure_hook(bytearray, bytes)
    converter.register_unstructure_hook(datetime, _write_time)
    converter.register_unstructure_hook(time, _write_time)
    converter.register_unstructure_hook(date, _write_date)
    for kind in (datetime, date, time):
        converter.register_structure_hook(kind, _read_time)


def _read_bool(value: Any, declared: Any) -> Any:
    if value is True or value is False:
        return value
    raise expected(declared, value)


def _read_none(value: Any, declared: Any) -> Any:
    if value is None:
        return None
    raise expected(declared, value)


def _read_path(value: Any, declared: Any) -> Any:
    if value.__class__ is str:
        return declared(value)
    raise expected(declared, value)


def _to_text(value: bytes) -> str:
    return base64.b85encode(value).decode("ascii")


def _write_time(value: Any) -> str:
    return str(value.isoformat())


def _write_date(value: Any) -> str:
    if isinstance(value, datetime):
        raise Mismatch("a datetime where a date belongs would lose its time")
    return str(value.isoformat())


def _read_time(value: Any, declared: Any) -> Any:
    if value.__class__ is str:
        return declared.fromisoformat(value)
    if value.__class__ is declared:  # formats that know times have made one of it
        return value
    raise expected(declared, value)
