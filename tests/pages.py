"""Pages of documentation as what can be tried: snippets to run, files to write, output to compare.

A comment in the line before a fenced block says what the block is:

- ``<!-- file: name.py -->``: a file that what follows on the page can use (or run).
- ``<!-- from: path -->``: a part of that file of the project, word for word.
- ``<!-- raises -->``: a snippet that ends with an error.
- ``<!-- beside: command -->``: a snippet that runs while the command does, in another terminal.
- ``<!-- in segment: name.toml -->``: what runs where the simulated SubDevices of that file answer on
  interface ``ecat0``. Needs root.
- ``<!-- not run -->``: a command for the reader only.

Any other ``python`` block is run by itself. A ``text`` block after it is what it prints, one after a
``console`` block what the command prints; ``...`` in it stands for anything.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL
)


@frozen
class Block:
    """One fenced block of a page."""

    kind: str
    text: str
    mark: str
    line: int
    """Where it begins."""
    output: str | None
    """The ``text`` block that follows it, if there is one."""

    @property
    def file(self) -> str | None:
        """The name of the file that it is."""
        found = re.fullmatch(r"file: (\S+)", self.mark)
        return found[1] if found else None

    @property
    def source(self) -> str | None:
        """The file of the project that it quotes."""
        found = re.fullmatch(r"from: (\S+)", self.mark)
        return found[1] if found else None

    @property
    def beside(self) -> str | None:
        """The command that runs in another terminal meanwhile."""
        return self.mark.removeprefix("beside: ") if self.mark.startswith("beside: ") else None

    @property
    def segment(self) -> str | None:
        """The file of the EtherCAT segment that it runs on."""
        return (
            self.mark.removeprefix("in segment: ") if self.mark.startswith("in segment: ") else None
        )


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    found = list(BLOCK.finditer(page))
    result = []
    for at, one in enumerate(found):
        follower = found[at + 1] if at + 1 < len(found) else None
        between = page[one.end() : follower.start()].strip() if follower else "other words"
        output = None
        if follower and follower["kind"] == "text" and len(between.splitlines()) <= 1:
            output = follower["text"]
        line = page[: one.start("text")].count("\n")
        result.append(Block(one["kind"], one["text"], one["mark"] or "", line, output))
    return result


def environment(folder: Path, domain: str) -> dict[str, str]:
    """That of a reader who has the project's examples at hand."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "examples"), str(folder)])
    kept = {
        name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")
    }
    return kept | {"TAKTORA_DOMAIN": domain, "PYTHONPATH": path, "COLUMNS": "100"}


def run(command: list[str], folder: Path, domain: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a reader would."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(folder, domain),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def run_snippet(text: str, folder: Path, domain: str) -> subprocess.CompletedProcess[str]:
    """Run Python code; every warning is an error."""
    return run([sys.executable, "-W", "error", "-c", text], folder, domain)


def run_console(text: str, folder: Path, domain: str) -> subprocess.CompletedProcess[str]:
    """Run the one command of a console block."""
    return run(words_of(text), folder, domain)


def words_of(text: str) -> list[str]:
    """A command as it is run here: by this Python, and with the project's files."""
    words = shlex.split(text.strip().removeprefix("$ "))
    words = [str(ROOT / word) if (ROOT / word).is_file() else word for word in words]
    if words[0] == "python":
        words[:1] = [sys.executable, "-W", "error"]
    elif words[0] == "taktora":
        words[:1] = [sys.executable, "-W", "error", "-m", "taktora"]
    return words


@contextmanager
def beside(command: str | None, folder: Path, domain: str) -> Iterator[None]:
    """Run a command meanwhile, and end it; ``None``: nothing."""
    if command is None:
        yield
        return
    with subprocess.Popen(
        words_of(command),
        cwd=folder,
        env=environment(folder, domain),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()
    assert process.returncode == 0


def difference(wanted: str, got: str) -> str:
    """What a page says is printed and what is; empty if it is as the page says."""
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS
    if checker.check_output(wanted, got, flags):
        return ""
    return f"--- the page\n{wanted}--- printed\n{got}"
