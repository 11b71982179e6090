"""Installed distributions as they lie on disk: a folder on ``sys.path`` with their metadata."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


class Site:
    """A folder that is looked at before all others, where distributions are put."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.syspath_prepend(folder)

    def install(
        self, name: str, groups: dict[str, dict[str, str]], version: str = "1.0", **modules: str
    ) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = []
        for group, entries in groups.items():
            lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, source in modules.items():
            (self.folder / f"{module}.py").write_text(source)
        importlib.invalidate_caches()

    def install_taktora(self) -> None:
        """What an installed taktora of this source tree says of itself."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        self.install("taktora", project["entry-points"], project["version"])
