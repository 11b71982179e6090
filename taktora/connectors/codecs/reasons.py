"""Why something could not be decoded, in a line: where it is in the value, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    StructureHandlerNotFoundError,
)

from taktora.connectors.codecs.wire import show, type_name

__all__ = ["reason_for", "shortened"]

_MOST = 3  # problems that are told one by one
_LONGEST = 200  # characters of a message that came from elsewhere


def shortened(what: object) -> str:
    """A message, or what an exception says, in one line of bounded length."""
    text = " ".join(str(what).split())
    if isinstance(what, Exception):
        text = text or type_name(type(what))
        if isinstance(what, MemoryError | RecursionError):
            text = f"{type_name(type(what))}: {text}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def reason_for(error: BaseException, type: Any) -> str:
    """The first problems of ``error``, each with its path, and how many more there are."""
    problems = [f"{type_name(type)}{path}: {what}" for path, what in _problems(error, "")]
    more = len(problems) - _MOST
    return "; ".join(problems[:_MOST]) + (f"; and {more} more" if more > 0 else "")


def _problems(error: BaseException, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(error, ClassValidationError):
        noted, others = error.group_exceptions()
        for one, field in noted:
            if isinstance(one, KeyError) and one.args == (field.name,):
                yield f"{path}.{field.name}", "is missing"
            else:
                yield from _problems(one, f"{path}.{field.name}")
    elif isinstance(error, IterableValidationError):
        noted_items, others = error.group_exceptions()
        for one, item in noted_items:
            yield from _problems(one, f"{path}[{show(item.index)}]")
    else:
        yield path, _said(error)
        return
    for one in others:
        yield from _problems(one, path)


def _said(error: BaseException) -> str:
    if isinstance(error, ForbiddenExtraKeysError):
        keys = ", ".join(sorted(map(repr, error.extra_fields)))
        return shortened(f"{type_name(error.cl)} has no field for {keys}")
    if isinstance(error, StructureHandlerNotFoundError):
        return f"{type_name(error.type_)} is no type that can be decoded"
    if isinstance(error, ValueError | TypeError) or not isinstance(error, Exception):
        return shortened(error)
    return shortened(f"{type_name(type(error))}: {error}")
