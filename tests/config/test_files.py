"""Files: what cannot be read is said in one line, with the place."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from taktora.config import load
from taktora.connectors.resolving import load_connectors
from taktora.connectors.settings import ConnectorsFile
from taktora.errors import InvalidConfig
from tests.config.bench import Shelf
from tests.config.writing import problems


@pytest.mark.rule("CONF-10")
@pytest.mark.parametrize(
    ("suffix", "text", "said"),
    [
        (
            ".toml",
            "a = 1\nname = lab\n",
            "line 2, column 8: Invalid value; text must stand in double quotes (here: name = lab)",
        ),
        (
            ".toml",
            "a = 1\na = 2\n",
            "line 2, column 6: Cannot overwrite a value; this key is there",
        ),
        (".toml", "[a]\n[a]\n", "line 2, column 3: Cannot declare ('a',) twice; several of a kind"),
        (".toml", 'a = "', "at the end: "),
        (".json", '{\n "a": 1,\n}', "column 1: "),
        (".json", '{"a": 1 "b": 2}', "line 1, column 9: Expecting ',' delimiter (here: "),
        (".json", "", "line 1, column 1: a value is expected"),
        (".json", "{} {}", "line 1, column 4: the file goes on after its end"),
        (".json", "1" * 5000, "a number in it has too many digits"),
        (".json", "[" * 100_000, "tables and lists are nested too deep in it"),
    ],
)
def test_a_syntax_error_has_a_line_and_a_column(suffix: str, text: str, said: str) -> None:
    (found,) = problems(text, suffix)
    assert said in found


@pytest.mark.rule("CONF-10")
def test_other_encodings_than_utf8_are_named() -> None:
    valid = '[[connectors]]\r\nname = "a"\r\ntype = "loopback"\r\n'
    assert problems(b"\xef\xbb\xbf" + valid.encode()) == ()  # as Windows' Notepad saves it
    assert problems(valid.encode("utf-16")) == ("is UTF-16; save it as UTF-8",)
    assert problems(b"a = 1\nb = '\xfc'\n") == ("line 2, byte 6: is not UTF-8; save it as UTF-8",)


@pytest.mark.rule("CONF-12")
def test_a_key_that_is_there_twice_is_a_mistake_in_json_too() -> None:
    text = '{"connectors": [{"name": "a", "type": "loopback", "name": "b", "queue": 0}]}'
    assert problems(text, ".json") == (
        "connectors[0].name: is there twice; remove one",
        "connectors[0].queue: is 0, and must be 1 to 65536",
    )


def told(path: Path | str) -> str:
    with pytest.raises(InvalidConfig) as caught:
        load(path, ConnectorsFile, what="connectors file")
    (problem,) = caught.value.problems
    assert str(caught.value).endswith(f":\n  {problem}")
    return problem


@pytest.mark.rule("CONF-11")
def test_a_file_that_cannot_be_is_told_with_what_to_try(tmp_path: Path) -> None:
    (tmp_path / "connectors.toml").touch()
    (tmp_path / "large.json").write_bytes(b" " * (4 * 2**20 + 1))
    missing = "there is no such connectors file"
    assert told(tmp_path / "conectors.toml") == f"{missing}; did you mean connectors.toml?"
    assert told(tmp_path / "quite_else.toml") == missing
    assert told(tmp_path / "nowhere" / "a.toml") == f"{missing}, nor its folder"
    assert told(tmp_path) == "is a folder, and no connectors file"
    assert told(tmp_path / "a.yaml") == (
        "the name of a connectors file must end in .toml or .json, for its format"
    )
    assert told(tmp_path / "large.json") == "is larger than 4 MiB, and so no connectors file"
    assert told("a\0.toml") == "cannot be read: embedded null byte"
    assert told(tmp_path / "connectors.toml" / "a.toml") == "cannot be read: Not a directory"
    assert told(tmp_path / ("x" * 300 + ".toml")) == "cannot be read: File name too long"


@pytest.mark.rule("CONF-11")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.touch(0o000)
    assert told(path).startswith("may not be read by this user")


@pytest.mark.rule("CONF-04")
def test_mistakes_have_the_order_of_the_file() -> None:
    text = """
        zoo = 1
        [[connectors]]
        type = "nothing"
        queue = 0
        name = ""
        [[connectors]]
        colour = 1
        [connectors.options]
        a = 1
    """
    paths = [one.partition(": ")[0] for one in problems(text)]
    assert paths == [
        "zoo",
        "connectors[0].type",
        "connectors[0].queue",
        "connectors[0].name",
        "connectors[1].colour",
        "connectors[1].name",
        "connectors[1].type",
    ]


def test_a_path_is_taken_as_text_too(tmp_path: Path) -> None:
    path = tmp_path / "A.JSON"
    path.write_text(
        json.dumps({"connectors": [{"name": "a", "type": "bench", "options": {"address": "x"}}]})
    )
    assert load_connectors(str(path), lookup=Shelf()).connectors[0].options.address == "x"
