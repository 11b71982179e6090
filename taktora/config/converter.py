"""The one converter: cattrs, with hooks that are strict and look at everything."""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path, PurePath
from typing import Any, Literal, get_origin

from cattrs import Converter

from taktora.config import scalars
from taktora.config.classes import class_hook
from taktora.config.containers import list_hook, table_hook, union_hook
from taktora.config.durations import as_duration
from taktora.config.kinds import is_class, is_duration, is_list, is_table, is_union

__all__ = ["converter"]


@cache
def converter() -> Converter:
    """The converter; made at the first use. Any thread."""
    made = Converter(detailed_validation=True, forbid_extra_keys=True)
    # What is registered last is asked first.
    made.register_structure_hook_factory(is_class, class_hook)
    made.register_structure_hook_factory(is_table, table_hook)
    made.register_structure_hook_factory(is_list, list_hook)
    made.register_structure_hook_factory(is_union, union_hook)
    made.register_structure_hook_func(_is_choice, scalars.choice)
    made.register_structure_hook_func(_is_path, _path)
    made.register_structure_hook_func(is_duration, lambda value, _: as_duration(value))
    for kind, hook in (
        (int, scalars.integer),
        (float, scalars.number),
        (str, scalars.text),
        (bool, scalars.boolean),
        (bytes, scalars.bytes_),
        (type(None), scalars.nothing),
        (enum.Enum, scalars.choice),
    ):
        made.register_structure_hook(kind, partial(_scalar, hook))
    return made


def _scalar(hook: Callable[[Any, Any], Any], value: Any, kind: Any) -> Any:
    """Subclasses come here too, of which an ``IntEnum`` is a choice."""
    return scalars.choice(value, kind) if _is_choice(kind) else hook(value, kind)


def _is_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, enum.Enum))


def _is_path(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, PurePath)


def _path(value: Any, kind: Any) -> Any:
    made = scalars.text(value, kind)
    return Path(made) if kind in (Path, PurePath) else kind(made)
