"""Entry points as they would be installed: those of this tree's pyproject.toml, and a test's own.

The metadata of taktora that is really installed may be older than the tree. A folder earlier on
the path that holds metadata of the same distribution hides it.
"""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

from tests.cli.conftest import ROOT

BENCH = '''
from attrs import field, frozen
from taktora.config import within

@frozen
class Options:
    address: str
    rate: float = field(default=1.0, validator=within(0.1, 10))

class Bench:
    Options = Options

class Loopback:
    """Until the tree has one."""
'''


def install(folder: Path) -> dict[str, str]:
    """Write the metadata; the environment for a command that shall see it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups: dict[str, dict[str, str]] = project["entry-points"]
    if importlib.util.find_spec("taktora.connectors.loopback") is None:
        groups["taktora.connectors"]["loopback"] = "bench_connectors:Loopback"
    _distribution(folder, "taktora", project["version"], groups)
    own = {"bench": "bench_connectors:Bench", "fieldbus": "stack_that_is_not_there:Fieldbus"}
    _distribution(folder, "bench-connectors", "3.1", {"taktora.connectors": own})
    (folder / "bench_connectors.py").write_text(BENCH)
    return {"PYTHONPATH": f"{folder}:{ROOT}"}


def _distribution(folder: Path, name: str, version: str, groups: dict[str, dict[str, str]]) -> None:
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
            for group, entries in groups.items()
        )
    )
