"""The command in a process of its own, in a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


class Command:
    """Runs ``python -m taktora`` in ``folder``, with its shared memory in ``domain``."""

    def __init__(self, folder: Path, domain: str) -> None:
        self.folder = folder
        self.domain = domain

    def write(self, text: str, name: str = "line.py") -> Path:
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        environment = {
            **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "PYTHONUNBUFFERED")},
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TAKTORA_DOMAIN": self.domain,
            **options.pop("env", {}),
        }
        prefix = options.pop("prefix", [sys.executable, "-m", "taktora"])
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(
            [*prefix, *arguments], cwd=self.folder, env=environment, text=True, **options
        )

    def __call__(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **options) as process:
            try:
                out, err = process.communicate(timeout=60)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture
def taktora_command(tmp_path: Path, domain: str) -> Command:
    return Command(tmp_path, domain)
