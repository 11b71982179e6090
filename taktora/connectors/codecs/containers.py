"""Objects and arrays: text is no array, a list of pairs is no object, and keys stay what they are."""

from __future__ import annotations

import collections
import collections.abc
import threading
import typing
from collections.abc import Callable
from typing import Any, get_args, get_origin

from cattrs import Converter
from cattrs.cols import defaultdict_structure_factory, mapping_structure_factory

from taktora.connectors.codecs.unions import plain_classes
from taktora.connectors.codecs.wire import Mismatch, Reader, Wire, expected, has_fields, show

__all__ = ["strict_containers"]


def strict_containers(converter: Converter, wire: Wire) -> None:
    """Teach ``converter`` classes with fields, mappings, lists, tuples and sets."""

    def is_list(value: Any) -> bool:
        return value.__class__ in wire.lists

    converter.register_structure_hook_factory(
        _is_named_tuple, lambda t: _named_tuple_reader(t, converter)
    )
    converter.register_unstructure_hook_factory(
        _is_named_tuple, lambda t: converter.get_unstructure_hook(_as_tuple(t))
    )
    _guard(converter, _is_array, is_list)
    _guard(converter, lambda t: has_fields(t) or typing.is_typeddict(get_origin(t) or t), _is_dict)
    converter.register_structure_hook_factory(
        _is_mapping, lambda t: _mapping_reader(t, converter, wire)
    )
    if wire.keys_are_text:
        converter.register_unstructure_hook_factory(
            _is_mapping,
            lambda t: converter.gen_unstructure_mapping(
                t, key_handler=_key_writer(t, converter, wire)
            ),
        )


def _is_dict(value: Any) -> bool:
    return value.__class__ is dict


def _is_mapping(declared: Any) -> bool:
    origin = get_origin(declared) or declared
    return (
        isinstance(origin, type)
        and issubclass(origin, collections.abc.Mapping)
        and not typing.is_typeddict(origin)
    )


def _is_named_tuple(declared: Any) -> bool:
    return (
        isinstance(declared, type) and issubclass(declared, tuple) and hasattr(declared, "_fields")
    )


def _as_tuple(declared: Any) -> Any:
    """The tuple type that has the types of a named tuple's fields; an untyped one's are any."""
    hints = typing.get_type_hints(declared)
    return tuple[tuple(hints.get(name, Any) for name in declared._fields)]  # type: ignore[misc]


def _named_tuple_reader(declared: Any, converter: Converter) -> Reader:
    plain = _as_tuple(declared)
    hook = converter.get_structure_hook(plain)
    return lambda value, _: declared(*hook(value, plain))


def _is_array(declared: Any) -> bool:
    origin = get_origin(declared) or declared
    return (
        isinstance(origin, type)
        and issubclass(origin, collections.abc.Iterable)
        and not issubclass(origin, collections.abc.Mapping | str | bytes | bytearray)
        and not has_fields(declared)
        and not _is_named_tuple(declared)
    )


def _guard(
    converter: Converter, concerns: Callable[[Any], bool], fits: Callable[[Any], bool]
) -> None:
    """Ask ``fits`` about a plain value before the hook that ``converter`` has gets it."""
    inside = threading.local()  # types whose own hook is being looked up

    def is_outermost(declared: Any) -> bool:
        busy: list[Any] = getattr(inside, "busy", [])
        return concerns(declared) and not (busy and busy[-1] is declared)

    def make(declared: Any) -> Reader:
        busy = inside.__dict__.setdefault("busy", [])
        busy.append(declared)
        try:
            hook = converter.get_structure_hook(declared, cache_result=False)
        finally:
            busy.pop()

        def read(value: Any, declared: Any) -> Any:
            if fits(value):
                return hook(value, declared)
            raise expected(declared, value)

        return read

    converter.register_structure_hook_factory(is_outermost, make)


def _mapping_reader(declared: Any, converter: Converter, wire: Wire) -> Reader:
    hook = _mapping_hook(declared, converter)
    numeric = wire.keys_are_text and _has_integer_keys(declared, converter, wire)

    def read(value: Any, _: Any) -> Any:
        if value.__class__ is not dict:
            raise expected(declared, value)
        if numeric:
            value = {_to_int(key): one for key, one in value.items()}
        return hook(value, declared)

    return read


def _mapping_hook(declared: Any, converter: Converter) -> Reader:
    origin: Any = get_origin(declared) or declared
    if issubclass(origin, collections.Counter):
        return mapping_structure_factory(
            declared, converter, structure_to=collections.Counter, val_type=int
        )
    if issubclass(origin, collections.defaultdict) and get_args(declared):
        return defaultdict_structure_factory(declared, converter)
    if origin in (collections.abc.Mapping, collections.abc.MutableMapping):
        origin = dict
    return mapping_structure_factory(declared, converter, structure_to=origin)


def _has_integer_keys(declared: Any, converter: Converter, wire: Wire) -> bool:
    arguments = get_args(declared)
    if not arguments:
        return False
    return plain_classes(arguments[0], converter, wire) == frozenset({int})


def _to_int(key: str) -> int:
    number = int(key)
    if str(number) != key:
        raise Mismatch(f"the key {show(key)} is no plain integer")
    return number


def _key_writer(declared: Any, converter: Converter, wire: Wire) -> Callable[..., str]:
    """Writes keys as text; what would not be read as the same key is refused."""
    arguments = get_args(declared)
    numeric = _has_integer_keys(declared, converter, wire)
    write = converter.get_unstructure_hook(arguments[0]) if arguments else converter.unstructure

    def key_of(key: Any) -> str:
        plain = write(key)
        if isinstance(plain, str) and not numeric:
            return plain
        if numeric and isinstance(plain, int) and not isinstance(plain, bool):
            return str(int(plain))
        raise Mismatch(f"the key {show(key)} cannot be one in {wire.name}: keys are text there")

    return key_of
