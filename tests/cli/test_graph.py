"""``taktora graph``: what is drawn, and where it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taktora.cli.ending import CommandError
from taktora.cli.graph import SUFFIXES, format_of, write
from tests.cli.conftest import ROOT, Command
from tests.conftest import leftovers

LINE = """
    import ctypes
    from taktora import every, on

    def build(executor):
        ticks = executor.channel("ticks", ctypes.c_uint64)
        out, into = ticks.publisher(), ticks.subscriber()

        @every(0.01, id="ticker")
        def tick():
            raise SystemExit("it ran")

        @on(into, id="counter")
        def count(): ...

        executor.add(tick)
        executor.add(count)
"""


# --- drawing --------------------------------------------------------------------------------------


@pytest.mark.rule("CLI-40", "CLI-41", "CLI-02", "CLI-23")
def test_a_topology_is_drawn_to_standard_output_and_nothing_runs(taktora_command: Command) -> None:
    taktora_command.write(LINE)
    done = taktora_command("graph", "line:build")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("ticker", "counter", "ticks"):
        assert name in done.stdout
    assert "flowchart" in done.stdout  # Mermaid
    assert taktora_command("graph", "line:build").stdout == done.stdout


@pytest.mark.rule("CLI-41")
@pytest.mark.parametrize(
    ("arguments", "name", "mark"),
    [
        (("-o", "out.svg"), "out.svg", "<svg"),
        (("-o", "out.dot"), "out.dot", "digraph"),
        (("-o", "out.txt", "--format", "dot"), "out.txt", "digraph"),
        (("--format", "svg"), None, "<svg"),
        (("--format", "dot", "-o", "-"), None, "digraph"),
    ],
)
def test_the_format_is_the_one_asked_for_or_the_suffixs(
    arguments: tuple[str, ...], name: str | None, mark: str, taktora_command: Command
) -> None:
    taktora_command.write(LINE)
    done = taktora_command("graph", "line:build", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    text = (taktora_command.folder / name).read_text() if name else done.stdout
    assert mark in text
    assert "ticker" in text
    assert bool(name) is (done.stdout == "")


@pytest.mark.rule("CLI-40")
def test_it_does_not_meet_what_runs(taktora_command: Command) -> None:
    """The channel exists with other limits where the line runs; the drawing is not concerned."""
    import ctypes

    import taktora

    taktora_command.write(LINE)
    with taktora.Node(domain=taktora_command.domain) as node:
        other = node.channel("ticks", ctypes.c_double).publisher()
        assert taktora_command("graph", "line:build").returncode == 0
        met = taktora_command("graph", "line:build", "--domain", taktora_command.domain)
        assert met.returncode == 2
        assert "PayloadMismatch" in met.stderr
        other.close()


@pytest.mark.rule("CLI-12", "CLI-40", "CLI-42")
def test_what_cannot_be_built_is_exit_code_2_and_no_file(taktora_command: Command) -> None:
    taktora_command.write("def build(executor): executor.add(5)")
    done = taktora_command("graph", "line:build", "-o", "out.svg")
    assert done.returncode == 2
    assert done.stderr.startswith("taktora graph: line:build failed:\n\nTraceback")
    assert not (taktora_command.folder / "out.svg").exists()


@pytest.mark.rule("CLI-42")
def test_a_folder_that_is_not_there_is_exit_code_2(taktora_command: Command) -> None:
    taktora_command.write(LINE)
    done = taktora_command("graph", "line:build", "-o", "nowhere/out.svg")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot write nowhere/out.svg: No such file or directory" in done.stderr


@pytest.mark.rule("CLI-40")
def test_the_example_is_drawn(taktora_command: Command) -> None:
    done = taktora_command("graph", str(ROOT / "examples" / "line.py") + ":build")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("sensor", "filter", "watchdog", "line/raw", "line/smooth"):
        assert name in done.stdout


# --- formats --------------------------------------------------------------------------------------


@pytest.mark.rule("CLI-41")
def test_a_suffix_that_is_not_known_is_refused_before_anything_is_built(
    taktora_command: Command,
) -> None:
    taktora_command.write("print('built')\ndef build(executor): ...")
    done = taktora_command("graph", "line:build", "-o", "out.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    for suffix in SUFFIXES:
        assert suffix in done.stderr


@pytest.mark.rule("CLI-41")
@pytest.mark.parametrize(
    ("name", "form"),
    [("a.svg", "svg"), ("a.b.SVG", "svg"), ("a.mmd", "mmd"), ("a.gv", "dot"), ("a.dot", "dot")],
)
def test_a_known_suffix_names_its_format(name: str, form: str) -> None:
    assert format_of(Path(name)) == form


@pytest.mark.rule("CLI-41")
@pytest.mark.parametrize("name", ["a.png", "svg", ".svg", "a"])
def test_without_a_known_suffix_there_is_no_guess(name: str) -> None:
    with pytest.raises(CommandError, match="--format") as caught:
        format_of(Path(name))
    assert caught.value.code == 2


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.rule("CLI-42")
def test_a_file_that_cannot_be_replaced_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.svg"
    path.write_text("old")

    def fails(self: Path, text: str, **_: object) -> None:
        with self.open("w") as file:
            file.write(text[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fails)
    with pytest.raises(OSError, match="No space left"):
        write(path, "new content")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.rule("CLI-42")
def test_whoever_reads_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "out.svg"
    write(path, "old")
    with path.open() as reader:
        write(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.rule("CLI-42")
def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    target, link = tmp_path / "target.svg", tmp_path / "link.svg"
    link.symlink_to(target)
    write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe, "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.rule("CLI-23")
def test_nothing_of_a_drawing_is_left(taktora_command: Command) -> None:
    taktora_command.write("""
        import ctypes
        def build(executor):
            executor.channel("ticks", ctypes.c_uint64).publisher()
            raise ValueError
        """)
    with taktora_command.start("graph", "line:build") as process:
        process.communicate(timeout=30)
    assert process.returncode == 2
    assert leftovers(f"graph-{process.pid}") == []
