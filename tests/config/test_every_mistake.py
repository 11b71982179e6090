"""Properties: every mistake is told, nothing else is, and nothing but InvalidConfig is raised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taktora.config.problems import path_text
from taktora.connectors.resolving import ResolvedFile
from taktora.errors import InvalidConfig
from tests.config.mistakes import Mistake, files, flawed
from tests.config.writing import FORMATS, as_toml, loaded, problems

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(
    ["connectors", "domain", "name", "type", "channels", "options", "routing", "heartbeat",
     "stale_after", "reconnect", "queue", "codec", "max_payload", "direction", "initial"]
)  # fmt: skip


def planted(tree: Any, mistakes: list[Mistake], suffix: str) -> tuple[list[str], list[str]]:
    """Paths that are told, and those that should be."""
    found = problems(FORMATS[suffix](tree), suffix)
    expected = sorted(path_text(one.reported) for one in mistakes)
    return sorted(one.partition(": ")[0] for one in found), expected


@pytest.mark.rule("CONF-02", "CONF-30", "CONF-31", "CONF-32", "CONF-33")
@given(flawed(), st.sampled_from([".json", ".toml"]))
def test_every_mistake_is_told_with_its_path_and_nothing_else_is(
    file: tuple[dict[str, Any], list[Mistake]], suffix: str
) -> None:
    tree, mistakes = file
    if suffix == ".toml" and any(one.value is None for one in mistakes):
        suffix = ".json"  # TOML has no null
    found, expected = planted(tree, mistakes, suffix)
    assert found == expected


@given(files(), st.sampled_from([".json", ".toml"]))
def test_a_file_without_mistakes_is_loaded(tree: dict[str, Any], suffix: str) -> None:
    found = loaded(FORMATS[suffix](tree), suffix)
    assert isinstance(found, ResolvedFile)
    assert [one.settings.name for one in found.connectors] == [
        one["name"] for one in tree["connectors"]
    ]


@given(flawed())
def test_mistakes_are_told_from_the_top_of_the_file_down(
    file: tuple[dict[str, Any], list[Mistake]],
) -> None:
    tree, _ = file
    numbers = [
        int(one.partition("[")[2].partition("]")[0])
        for one in problems(json.dumps(tree), ".json")
        if one.startswith("connectors[")
    ]
    assert numbers == sorted(numbers)


@pytest.mark.rule("CONF-03")
@given(TREES | st.dictionaries(KEYS, TREES))
@example({"connectors": [{"name": "\ud800", "type": "\x1b[2J", "options": {"\n": "\r"}}]})
@example({"connectors": {}})
@example([])
def test_an_arbitrary_tree_raises_nothing_but_invalid_config(tree: Any) -> None:
    one_line_each(loaded(json.dumps(tree), ".json"))


@pytest.mark.rule("CONF-03")
@given(files(), st.data())
def test_anything_in_any_place_of_a_file_raises_nothing_but_invalid_config(
    tree: dict[str, Any], data: st.DataObject
) -> None:
    place: Any = tree
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not steps:
            return
        step = data.draw(st.sampled_from(steps))
        if not isinstance(place[step], dict | list) or data.draw(st.booleans()):
            break
        place = place[step]
    place[step] = data.draw(TREES)
    one_line_each(loaded(json.dumps(tree), ".json"))


@pytest.mark.rule("CONF-03", "CONF-10")
@given(st.binary() | st.text().map(lambda text: text.encode()), st.sampled_from([".json", ".toml"]))
@example(b"[" * 100_000, ".json")
@example(b"x = " + b"[" * 100_000, ".toml")
@example(b"1" * 5000, ".json")
@example(b"x = " + b"1" * 5000, ".toml")
@example(b"connectors = 0x" + b"f" * 5000, ".toml")
@example(b"queue = 2026-99-99", ".toml")
@example(b'{"connectors": NaN, "domain": -Infinity}', ".json")
@example(b"connectors = nan\ndomain = 2026-01-01T00:00:00Z", ".toml")
def test_arbitrary_bytes_raise_nothing_but_invalid_config(data: bytes, suffix: str) -> None:
    one_line_each(loaded(data, suffix))


@given(
    st.dictionaries(st.text(), st.integers(-(2**63), 2**63) | st.booleans() | st.text(), max_size=5)
)
def test_the_toml_of_these_tests_is_toml(tree: dict[str, Any]) -> None:
    import tomllib

    plain = {
        key: value
        for key, value in tree.items()
        if not any("\ud800" <= c <= "\udfff" for c in f"{key}{value}") and f"{key}{value}".isascii()
    }
    assert tomllib.loads(as_toml(plain)) == plain


def one_line_each(found: ResolvedFile | InvalidConfig) -> None:
    if isinstance(found, InvalidConfig):
        assert found.problems
        assert all(one.isprintable() and one for one in found.problems)
