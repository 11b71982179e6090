"""What cattrs and classes raise, as sentences with a path in front."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cattrs import BaseValidationError, ClassValidationError, StructureHandlerNotFoundError
from cattrs.errors import ForbiddenExtraKeysError

from taktora.config.classes import keys_of
from taktora.config.kinds import is_class
from taktora.config.problems import Path, Problem, close_to, listed, one_line, path_text
from taktora.errors import InvalidConfig, TaktoraError

__all__ = ["explained", "said"]

_Above = tuple[tuple[Path, Any], ...]
_MOST_KEYS = 12


def explained(error: BaseException, path: Path = (), above: _Above = ()) -> Iterator[Problem]:
    """Every mistake in ``error``, in the order of the schema; ``above``: tables around it."""
    if isinstance(error, ClassValidationError):
        above = (*above, (path, error.cl))
    if isinstance(error, BaseValidationError):
        noted, others = error.group_exceptions()  # type: ignore[attr-defined]
        for one, note in noted:
            step = note.name if isinstance(error, ClassValidationError) else note.index
            yield from explained(one, (*path, step), above)
        for one in others:
            yield from explained(one, path, above)
    elif isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from explained(one, path, above)
    elif isinstance(error, InvalidConfig):
        for text in error.problems:
            yield Problem(path, one_line(text))
    elif isinstance(error, ForbiddenExtraKeysError):
        yield Problem(path, _unknown(path, error.cl, above))
    else:
        yield Problem(path, said(error))


def said(error: BaseException) -> str:
    """One error in one line."""
    if isinstance(error, StructureHandlerNotFoundError):
        kind = getattr(error.type_, "__name__", error.type_)
        return one_line(f"cannot be read from a file: its class wants a {kind}")
    # attrs' own validators put the sentence first, and objects for programs behind it
    first = error.args[0] if error.args else ""
    text = first if len(error.args) > 1 and isinstance(first, str) else _text_of(error)
    if isinstance(error, TaktoraError | ValueError | TypeError) and text:
        return one_line(text)
    return one_line(f"is refused by its class: {type(error).__name__}: {text}".removesuffix(": "))


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # a class of the user's, whose message is broken too
        return ""


def _unknown(path: Path, kind: Any, above: _Above) -> str:
    key = str(path[-1])
    known = keys_of(kind)
    close = close_to(key, known)
    if close:
        return f"is not known here; did you mean {listed(close)}?"
    for its_path, its_kind in reversed(above[:-1]):
        if is_class(its_kind) and key in keys_of(its_kind):
            where = path_text(its_path) or "the top of the file"
            heading = ".".join(step for step in path[:-1] if isinstance(step, str))
            heading = f"[[{heading}]]" if isinstance(path[-2], int) else f"[{heading}]"
            return one_line(
                f"is not known here, but at {where}; in TOML, write it above the first {heading}"
            )
    if not known:
        return "is not known here; there is nothing to set"
    names = listed(known, "and") if len(known) <= _MOST_KEYS else ", ".join(known[:_MOST_KEYS])
    return f"is not known here; known: {names}{', ...' if len(known) > _MOST_KEYS else ''}"
