"""What the README shows works as shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_the_readmes_snippets_run(
    number: int, domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKTORA_DOMAIN", domain)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SNIPPETS[number]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_there_are_snippets_to_run() -> None:
    assert len(SNIPPETS) >= 4


def test_the_readmes_commands_can_be_found_by_the_ci_script() -> None:
    for marker in ("run", "tests"):
        assert re.search(rf"<!-- {marker} -->\n```console\n.+\n```", README)


def test_every_file_that_the_readme_links_to_exists() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
