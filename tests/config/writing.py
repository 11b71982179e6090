"""Trees as text of both formats, and what a loader says about a text."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from taktora.connectors.resolving import ResolvedFile, load_connectors
from taktora.errors import InvalidConfig
from tests.config.bench import Shelf


def as_toml(tree: Mapping[str, Any]) -> str:
    """Top-level keys, and everything else inline."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in tree.items())


def _key(key: str) -> str:
    return json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    return json.dumps(value)


FORMATS: dict[str, Callable[[Any], str]] = {".json": json.dumps, ".toml": as_toml}


def loaded(text: str | bytes, suffix: str) -> ResolvedFile | InvalidConfig:
    """What is in such a file, or the error; whatever else is raised is the test's failure."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"connectors{suffix}")
        path.write_bytes(data)
        try:
            return load_connectors(path, lookup=Shelf())
        except InvalidConfig as error:
            return error


def problems(text: str | bytes, suffix: str = ".toml") -> tuple[str, ...]:
    """Its mistakes."""
    found = loaded(text, suffix)
    return found.problems if isinstance(found, InvalidConfig) else ()
