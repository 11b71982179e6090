"""From a file, or a tree, to an instance of a schema; or to the list of all that is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar

from taktora.config.converter import converter
from taktora.config.explaining import explained
from taktora.config.problems import Path, Problem, one_line
from taktora.config.reading import read, twice
from taktora.errors import InvalidConfig

__all__ = ["examine", "given", "load"]

T = TypeVar("T")


def load(
    path: str | os.PathLike[str],
    schema: type[T],
    *,
    what: str,
    check: Callable[[T], Iterable[Problem]] | None = None,
) -> T:
    """Read a ``.toml`` or ``.json`` file as an instance of ``schema``. Any thread; reads the file.

    Args:
        path: of the file.
        schema: an attrs class or a dataclass.
        what: such a file is called in errors, such as ``connectors file``.
        check: looks at the whole for mistakes that no single table shows. What it is given lacks
            whatever is wrong already: ask with :func:`given`.

    Raises:
        InvalidConfig: with every mistake in the file.
    """
    file = FilePath(path)
    tree = read(file, what)
    value, problems = examine(tree, schema)
    problems = [*twice(tree), *problems]
    if check is not None and value is not None:
        problems += check(value)
    if value is None or problems:
        problems.sort(key=lambda problem: _place(tree, problem.path))
        raise InvalidConfig(one_line(str(file)), map(str, problems))
    return value


def examine(tree: Any, schema: type[T], *, at: Path = ()) -> tuple[T | None, list[Problem]]:
    """``tree`` as an instance of ``schema``, and its mistakes, with ``at`` in front of their paths.

    Where there are mistakes, the instance has no attribute for what is wrong, and ``None`` in a
    tuple for an element that is nothing at all; it is ``None`` itself when there is nothing to see.
    """
    try:
        return converter().structure(tree, schema), []
    except Exception as error:  # noqa: BLE001  # whatever a schema's classes raise is a mistake
        return getattr(error, "partial", None), list(explained(error, at))


def _place(tree: Any, path: Path) -> list[int]:
    """Where in the file it is, so that mistakes are told from the top down."""
    place = []
    for step in path:
        steps = list(tree) if isinstance(tree, Mapping) else []
        if isinstance(step, int) and isinstance(tree, list) and step < len(tree):
            place.append(step)
            tree = tree[step]
        elif step in steps:
            place.append(steps.index(str(step)))
            tree = tree[step]
        else:  # what is missing comes last
            place.append(len(steps))
            break
    return place


def given(part: Any, name: str) -> Any:
    """The attribute of an instance out of a file with mistakes; ``None``: it is wrong itself."""
    return getattr(part, name, None)
