"""A file becomes a tree of tables, lists and values, or it is said in which line it does not."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, Final

from taktora.config.problems import Path, Problem, close_to, listed, one_line
from taktora.errors import InvalidConfig

__all__ = ["parse", "read", "twice"]

_MOST: Final = 4 * 2**20
_BEFORE, _BEHIND = 30, 20  # characters of a line that are shown around a mistake
_SUFFIXES: Final = (".toml", ".json")
_TOML_PLACE: Final = re.compile(
    r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL
)
_TOML_HINTS: Final = {
    "Invalid value": "text must stand in double quotes",
    "Cannot overwrite a value": "this key is there twice",
    "Expected '=' after a key": "a heading stands in brackets, a value behind =",
    "Cannot declare": "several of a kind are headed with double brackets: [[name]]",
    "Cannot mutate immutable namespace": "several of a kind are headed with double brackets",
    "Unescaped '\\'": "write a backslash twice, or use single quotes",
}
_JSON_WORDS: Final = {
    "Expecting property name enclosed in double quotes": "a key in double quotes is expected; is "
    "there a comma too many, or a comment?",
    "Expecting value": "a value is expected",
    "Extra data": "the file goes on after its end",
}


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given more than once."""

    twice: tuple[str, ...] = ()


def read(path: FilePath, what: str) -> Any:
    """The tree that stands in the file; its suffix says in which format.

    Raises:
        InvalidConfig: it cannot be read; the one problem says why, and where.
    """
    source = one_line(str(path))
    suffix = path.suffix.lower()
    problem = f"the name of a {what} must end in {listed(_SUFFIXES)}, for its format"
    try:
        if path.is_dir():
            problem = f"is a folder, and no {what}"
        elif suffix in _SUFFIXES:
            with path.open("rb") as file:
                data = file.read(_MOST + 1)
            problem = f"is larger than 4 MiB, and so no {what}" if len(data) > _MOST else ""
    except (OSError, ValueError) as error:
        raise InvalidConfig(source, [_unreadable(path, error, what)]) from error
    if problem:
        raise InvalidConfig(source, [problem])
    return parse(_decoded(data, source), source, suffix)


def parse(text: str, source: str, suffix: str) -> Any:
    """The tree that ``text`` stands for.

    Raises:
        InvalidConfig: with line and column.
    """
    try:
        return tomllib.loads(text) if suffix == ".toml" else _json(text)
    except tomllib.TOMLDecodeError as error:
        problem = _toml_problem(str(error), text)
    except json.JSONDecodeError as error:
        words = next((_JSON_WORDS[one] for one in _JSON_WORDS if error.msg.startswith(one)), "")
        problem = _at(error.lineno, error.colno, words or error.msg, text)
    except RecursionError:
        problem = "tables and lists are nested too deep in it"
    except ValueError:  # Python reads no decimal integer of more than 4300 digits
        problem = "a number in it has too many digits, or is no date"
    raise InvalidConfig(source, [problem])


def twice(tree: Any) -> Iterator[Problem]:
    """Keys that a JSON object has more than once, of which only the last would count."""
    waiting: list[tuple[Path, Any]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Object):
            for key in value.twice:
                yield Problem((*path, key), "is there twice; remove one")
        if isinstance(value, dict):
            waiting += [((*path, key), one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), one) for index, one in enumerate(value)]


def _json(text: str) -> Any:
    def pairs(given: list[tuple[str, Any]]) -> _Object:
        made = _Object(given)
        if len(made) < len(given):
            keys = [key for key, _ in given]
            made.twice = tuple(key for key in made if keys.count(key) > 1)
        return made

    return json.loads(text, object_pairs_hook=pairs)


def _decoded(data: bytes, source: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidConfig(source, ["is UTF-16; save it as UTF-8"])
    try:
        return data.decode("utf-8-sig")  # editors on Windows put a mark in front
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        problem = f"line {line}, byte {column}: is not UTF-8; save it as UTF-8"
        raise InvalidConfig(source, [problem]) from error


def _toml_problem(message: str, text: str) -> str:
    found = _TOML_PLACE.match(message)
    words = found[1] if found else message
    hint = next((its for start, its in _TOML_HINTS.items() if words.startswith(start)), "")
    words = f"{words}; {hint}" if hint else words
    if found is None or found[2] is None:
        return one_line(f"at the end: {words}")
    return _at(int(found[2]), int(found[3]), words, text)


def _at(line: int, column: int, words: str, text: str) -> str:
    lines = text.split("\n")
    its = lines[line - 1] if line <= len(lines) else ""
    here = its[max(0, column - 1 - _BEFORE) : column - 1 + _BEHIND].strip()
    return one_line(f"line {line}, column {column}: {words}" + (f" (here: {here})" if here else ""))


def _unreadable(path: FilePath, error: OSError | ValueError, what: str) -> str:
    if isinstance(error, FileNotFoundError):
        try:
            there = [one for one in path.parent.iterdir() if one.suffix in _SUFFIXES]
        except OSError:
            return f"there is no such {what}, nor its folder"
        stems = close_to(path.stem, {one.stem for one in there})
        close = [one_line(one.name) for one in there if one.stem in stems]
        hint = f"; did you mean {listed(sorted(close))}?" if close else ""
        return f"there is no such {what}{hint}"
    if isinstance(error, PermissionError):
        return f"may not be read by this user; change its permissions (chmod a+r {path.name})"
    reason = error.strerror if isinstance(error, OSError) else error
    return one_line(f"cannot be read: {reason}")
