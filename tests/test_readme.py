"""What the README and the pages in ``docs/`` show works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taktora.connectors.health import diagram
from taktora.testing.ethercat import simulated_segment

from .pages import ROOT, Block, beside, blocks, difference, run_console, run_snippet

README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PAGES = {path.name: blocks(path.read_text()) for path in sorted((ROOT / "docs").glob("*.md"))}
TRIED = [
    pytest.param(
        name,
        at,
        id=f"{name}:{block.line}",
        marks=[] if block.segment is None else [pytest.mark.segment],
    )
    for name, page in PAGES.items()
    for at, block in enumerate(page)
    if block.kind in ("python", "console") and block.mark != "not run"
]


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_the_readmes_snippets_run(number: int, domain: str, tmp_path: Path) -> None:
    done = run_snippet(SNIPPETS[number], tmp_path, domain)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize(("page", "at"), TRIED)
def test_what_a_page_shows_works_as_shown(page: str, at: int, domain: str, tmp_path: Path) -> None:
    block = PAGES[page][at]
    if block.source is not None:
        assert block.text.strip("\n") in (ROOT / block.source).read_text()
        return
    for earlier in PAGES[page][: at + 1]:
        if earlier.file is not None:
            (tmp_path / earlier.file).write_text(earlier.text)
    if block.file is not None:
        compile(block.text, block.file, "exec")
        return
    if block.segment is None:
        printed = output_of(block, tmp_path, domain)
    else:
        with simulated_segment(tmp_path / block.segment):
            printed = output_of(block, tmp_path, domain)
    if block.output is not None:
        assert not (wrong := difference(block.output, printed)), wrong


def output_of(block: Block, folder: Path, domain: str) -> str:
    """Run it and check how it ended."""
    if block.kind == "console":
        done = run_console(block.text, folder, domain)
        return done.stdout + done.stderr
    with beside(block.beside, folder, domain):
        done = run_snippet(block.text, folder, domain)
    if block.mark == "raises":
        assert done.returncode == 1
        return done.stderr
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_health_diagram_is_drawn_from_the_table() -> None:
    drawn = [block.text for block in PAGES["connectors.md"] if block.kind == "mermaid"]
    assert drawn == [diagram()]


def test_there_are_snippets_to_run() -> None:
    assert len(SNIPPETS) >= 4
    assert len(TRIED) >= 8


def test_output_that_differs_is_seen() -> None:
    page = 'Words\n\n```python\nprint("a")\n```\n\n```text\nb\n```\n'
    block, output = blocks(page)
    assert (block.kind, block.output, block.line, output.text) == ("python", "b\n", 3, "b\n")
    assert difference("b\n", "a\n")
    assert not difference("a ... c\n", "a b c\n")


def test_the_readmes_commands_can_be_found_by_the_ci_script() -> None:
    for marker in ("run", "tests"):
        assert re.search(rf"<!-- {marker} -->\n```console\n.+\n```", README)


@pytest.mark.parametrize("name", ["README.md", *(f"docs/{name}" for name in PAGES)])
def test_every_file_that_a_page_links_to_exists(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text()):
        assert ((ROOT / name).parent / target).exists(), target
