"""What ``module:function`` may be, and what it says when it is not."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taktora.cli.target import load_target
from taktora.errors import InvalidTarget, TaktoraError

Write = Callable[[str, str], Path]

FINE = """
def build(executor):
    return executor, "built"

def assemble(executor): ...
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write modules into an empty current directory; imports are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def refused(target: str) -> str:
    """The message with which ``target`` is refused."""
    with pytest.raises(InvalidTarget) as caught:
        load_target(target)
    assert isinstance(caught.value, TaktoraError)
    return str(caught.value)


@pytest.mark.rule("CLI-10")
@pytest.mark.parametrize(
    "target",
    ["my_line:build", "my_line.py:build", "./my_line.py:build", "in_here/deep.py:build",
     "in_here.deep:build", "my-line.py:build"],
)  # fmt: skip
def test_a_module_or_a_file_names_a_function(target: str, write: Write) -> None:
    for name in ("my_line.py", "my-line.py", "in_here/deep.py"):
        write(name, FINE)
    assert load_target(target)("it") == ("it", "built")  # type: ignore[arg-type]


@pytest.mark.rule("CLI-10")
def test_a_file_with_the_name_of_another_module_is_the_file(write: Write) -> None:
    import platform

    path = write("platform.py", FINE)
    assert load_target(f"{path}:build").__code__.co_filename == str(path)  # type: ignore[attr-defined]
    assert sys.modules["platform"] is platform


@pytest.mark.rule("CLI-10")
def test_a_file_can_import_what_lies_beside_it_and_in_the_current_directory(write: Write) -> None:
    write("sub/beside.py", "x = 1")
    write("in_current.py", "y = 2")
    write("sub/line.py", "import beside, in_current\ndef build(executor): return beside.x")
    assert load_target("sub/line.py:build")(None) == 1  # type: ignore[arg-type]


@pytest.mark.rule("CLI-10")
def test_a_dataclass_in_a_file_finds_its_module(write: Write) -> None:
    write("d.py", """
        from __future__ import annotations
        from dataclasses import dataclass
        @dataclass
        class D:
            x: int
        def build(executor): return D(3).x
        """)  # fmt: skip
    assert load_target("d.py:build")(None) == 3  # type: ignore[arg-type]


@pytest.mark.rule("CLI-11")
@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("", "module:function"),
        ("my_line", "as in examples.line:build"),
        ("my_line.py", "did you mean my_line.py:build?"),
        ("my_line.build", "did you mean my_line:build?"),
        ("my_line:", "is not module:function"),
        (":build", "is not module:function"),
    ],
)
def test_without_a_colon_it_says_what_to_type(target: str, hint: str, write: Write) -> None:
    write("my_line.py", FINE)
    assert hint in refused(target)


@pytest.mark.rule("CLI-11")
def test_a_module_that_is_not_there_is_named_with_close_ones(write: Write) -> None:
    write("my_line.py", FINE)
    write("in_here/deep.py", FINE)
    assert "no module 'my_lime'" in (text := refused("my_lime:build"))
    assert "did you mean my_line?" in text
    assert str(Path.cwd()) in text
    assert "did you mean in_here.deep?" in refused("in_here.deeb:build")
    assert "no module 'nowhere.at.all'" in refused("nowhere.at.all:build")
    assert "'my_line' is not a package" in refused("my_line.build:build")
    assert "cannot be the name of a module" in refused("my line:build")
    assert "cannot be the name of a module" in refused("..up:build")


@pytest.mark.rule("CLI-11")
def test_a_file_that_is_not_there_is_named_with_close_ones(write: Write) -> None:
    write("sub/my_line.py", FINE)
    write("other.txt", FINE)
    assert "sub/my_lime.py does not exist; did you mean sub/my_line.py?" in refused(
        "sub/my_lime.py:build"
    )
    assert "is a directory" in refused("sub/:build")
    assert "no Python file" in refused("./other.txt:build")


@pytest.mark.rule("CLI-11")
@pytest.mark.parametrize("target", ["my_line:build", "my_line.py:build"])
def test_an_import_that_fails_inside_the_module_is_named_with_its_line(
    target: str, write: Write
) -> None:
    path = write("my_line.py", "import sys\nimport numpyy.linalg\n")
    text = refused(target)
    assert "No module named 'numpyy'" in text
    assert f"({path}, line 2)" in text
    assert "no module" not in text


@pytest.mark.rule("CLI-11")
def test_an_import_that_fails_two_modules_down_is_named_with_its_line(write: Write) -> None:
    write("my_line.py", "import helper")
    path = write("helper.py", "\n\nimport numpyy")
    assert f"({path}, line 3)" in refused("my_line:build")


@pytest.mark.rule("CLI-11")
def test_a_function_that_is_not_there_is_named_with_close_ones(write: Write) -> None:
    write("my_line.py", FINE)
    assert "my_line has no function 'biuld'; did you mean build?" in refused("my_line:biuld")
    assert refused("my_line:zzz").endswith("has no function 'zzz'")


@pytest.mark.rule("CLI-11")
@pytest.mark.parametrize(
    ("definition", "hint"),
    [
        ("build = 5", "cannot be called: it is of type int"),
        ("def build(): ...", "build() must be callable with one argument, the executor"),
        ("def build(executor, rate): ...", "missing a required argument: 'rate'"),
        ("def build(*, executor): ...", "must be callable with one argument"),
        ("async def build(executor): ...", "is async"),
        ("async def build(executor): yield", "is async"),
        ("def build(executor): yield", "yields"),
    ],
)
def test_what_cannot_build_is_refused_before_it_is_called(
    definition: str, hint: str, write: Write
) -> None:
    write("my_line.py", definition)
    assert hint in refused("my_line:build")


@pytest.mark.rule("CLI-10")
@pytest.mark.parametrize(
    "definition",
    [
        "def build(executor, rate=5): ...",
        "def build(*anything): ...",
        "build = print",
        "class build:\n    def __init__(self, executor): ...",
    ],
)
def test_whatever_takes_an_executor_is_fine(definition: str, write: Write) -> None:
    write("my_line.py", definition)
    load_target("my_line:build")


@pytest.mark.rule("CLI-11")
def test_a_program_that_ends_itself_when_imported_is_told_how_not_to(write: Write) -> None:
    write("my_line.py", "raise SystemExit('no camera')")
    text = refused("my_line:build")
    assert "no camera" in text
    assert '__name__ == "__main__"' in text


@pytest.mark.rule("CLI-12")
@pytest.mark.parametrize("target", ["my_line:build", "my_line.py:build"])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("1 / 0", ZeroDivisionError),
        ("def build(executor:", SyntaxError),
        ("from os import nothing", ImportError),
        ("raise ModuleNotFoundError('by hand')", ModuleNotFoundError),
        ("raise KeyboardInterrupt", KeyboardInterrupt),
    ],
)
def test_what_the_module_raises_by_itself_comes_out_as_it_is(
    target: str, body: str, error: type[BaseException], write: Write
) -> None:
    write("my_line.py", body)
    with pytest.raises(error) as caught:
        load_target(target)
    assert type(caught.value) is error
    assert "my_line" not in sys.modules
