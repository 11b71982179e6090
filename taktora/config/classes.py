"""Tables whose keys are the fields of a class: every field is judged, not only the first bad one.

``attrs`` stops at the first validator that raises. Here each field's validators run by themselves,
on an instance that has the good fields only; a validator that looks at another field is left out
while that one is wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_type_hints

import attrs
from attrs import frozen
from cattrs import AttributeValidationNote, ClassValidationError, Converter
from cattrs.errors import ForbiddenExtraKeysError

from taktora.config.containers import table_hint
from taktora.config.kinds import wanted
from taktora.config.problems import close_to
from taktora.config.scalars import refused
from taktora.errors import InvalidArgument

__all__ = ["FlawedClass", "class_hook", "keys_of"]

_MISSING: Any = object()


class FlawedClass(ClassValidationError):
    """What is wrong with a table, and an instance with the fields that are not."""

    partial: Any = None


@frozen
class _Key:
    key: str
    """In the file."""
    name: str
    """Of the attribute."""
    kind: Any
    default: Callable[[], Any] | None
    """``None``: it must be given."""
    convert: Callable[[Any], Any] | None
    """The class's own conversion, which its ``__init__`` repeats."""
    validator: Callable[[Any, Any, Any], Any] | None
    attribute: Any


def keys_of(kind: type) -> list[str]:
    """The keys that a table for ``kind`` may have."""
    return [one.key for one in _keys(kind)]


def class_hook(kind: type, converter: Converter) -> Callable[[Any, Any], Any]:
    """Reads tables into instances of ``kind``, an attrs class or a dataclass."""

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise refused(value, kind, table_hint(value))
        keys = {one.key: one for one in _keys(kind)}
        errors: list[Exception] = []
        good: dict[str, Any] = {}
        judged: dict[str, Any] = {}  # the same, converted
        unknown = [key for key in value if key not in keys]
        misspelt = {one for key in unknown for one in close_to(key, keys, most=1)}

        def add(error: Exception, key: str, its: Any) -> None:
            error.add_note(AttributeValidationNote(f"key {key}", key, its))
            errors.append(error)

        flawed_parts: dict[str, Any] = {}
        for key, one in keys.items():
            if key in value:
                try:
                    made = converter.structure(value[key], one.kind)
                    judged[one.name] = one.convert(made) if one.convert else made
                    good[one.name] = made
                except Exception as error:  # noqa: BLE001  # told with the others
                    add(error, key, one.kind)
                    flawed_parts[one.name] = getattr(error, "partial", None)
            elif one.default is None and key not in misspelt:
                missing = InvalidArgument(f"is missing, and must be {wanted(one.kind)}")
                add(missing, key, one.kind)
        for key in unknown:
            add(ForbiddenExtraKeysError("", kind, {key}), key, Any)
        # what is wrong or misspelt has no default either: nothing may be concluded from that
        known = [
            one
            for key, one in keys.items()
            if one.name in good or (key not in value and key not in misspelt)
        ]
        instance = _instance(kind, judged, known)
        for key, one in keys.items():
            said = _judge(instance, one, incomplete=bool(errors))
            if said is not None:
                add(said, key, one.kind)
                object.__delattr__(instance, one.name)
        if not errors:
            given = {one.key: good[one.name] for one in keys.values() if one.name in good}
            try:
                return kind(**given)
            except Exception as error:  # noqa: BLE001  # whatever the class says of the whole
                errors.append(error)
        for name, part in flawed_parts.items():
            if part is not None:
                object.__setattr__(instance, name, part)
        flawed = FlawedClass(kind.__name__, errors, kind)
        flawed.partial = instance
        raise flawed

    return structure


def _keys(kind: type) -> Iterator[_Key]:
    hints = get_type_hints(kind, include_extras=True)
    if attrs.has(kind):
        for one in attrs.fields(kind):
            if one.init:
                its = hints.get(one.name, Any)
                convert, validator = one.converter, one.validator
                if isinstance(convert, attrs.Converter):  # wants an instance: __init__ has one
                    convert = validator = None
                default = _attrs_default(one)
                yield _Key(one.alias, one.name, its, default, convert, validator, one)
        return
    for field in dataclasses.fields(kind):
        if field.init:
            default = None
            if field.default is not dataclasses.MISSING:
                default = _always(field.default)
            elif field.default_factory is not dataclasses.MISSING:
                default = field.default_factory
            yield _Key(
                field.name, field.name, hints.get(field.name, Any), default, None, None, field
            )


def _attrs_default(one: Any) -> Callable[[], Any] | None:
    default = one.default
    if default is attrs.NOTHING:
        return None
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return (lambda: _MISSING) if default.takes_self else default.factory
    return _always(default)


def _always(value: Any) -> Callable[[], Any]:
    return lambda: value


def _instance(kind: type, judged: Mapping[str, Any], keys: list[_Key]) -> Any:
    """One with the good fields and the defaults of what is not given; ``keys`` leaves out others."""
    instance: Any = object.__new__(kind)
    for one in keys:
        value = judged.get(one.name, _MISSING)
        if value is _MISSING and one.default is not None:
            value = one.default()
            if one.convert is not None and value is not _MISSING:
                value = one.convert(value)
        if value is not _MISSING:
            object.__setattr__(instance, one.name, value)
    return instance


def _judge(instance: Any, one: _Key, *, incomplete: bool) -> Exception | None:
    """What the field's validators say."""
    value = getattr(instance, one.name, _MISSING)
    if one.validator is None or value is _MISSING:
        return None
    try:
        one.validator(instance, one.attribute, value)
    except AttributeError as error:
        return None if incomplete else error  # it looks at a field that is not there
    except Exception as error:  # noqa: BLE001  # told with the others
        return error
    return None
