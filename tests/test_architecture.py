"""Imports go down only, and what is impure or optional stays in its room (ARCHITECTURE.md)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "taktora"

LAYERS = [
    {"errors", "time", "memory", "closing"},
    {"core", "transport"},
    {"ipc", "inmemory", "config", "plugins", "topology"},
    {"drivers", "observe", "picture", "segment"},
    {"actors", "replay"},
    {
        "adding",
        "building",
        "describing",
        "executor",
        "hosting",
        "runner",
        "checks",
        "log",
        "stoppable",
    },
    {"connectors"},
    {"cli", "testing"},
]
"""From the ground up. A room may import rooms of its own layer's floor or below: see ``may``."""

PURE = {
    "__future__", "abc", "attrs", "bisect", "collections", "dataclasses", "enum", "functools",
    "graphlib", "heapq", "itertools", "math", "operator", "types", "typing",
}  # fmt: skip
"""All that ``core`` may import from outside."""

WITHOUT_ICEORYX2 = (
    "transport", "inmemory", "core", "actors", "observe", "describing",
)  # fmt: skip
"""Rooms that a simulation stands on: nothing that they import, at any remove, is iceoryx2."""

FACTS_AND_PICTURES = {
    "topology": {"errors", "time", "core"},
    "picture": {"errors", "topology"},
}
"""Pure rooms that are drawn from facts alone: all of taktora that each may import."""

EXTRAS = {
    "numpy", "hypothesis", "pysoem", "zenoh", "opentelemetry", "rich", "pytest", "msgpack", "cbor2", "mcap",
    "zstandard", "isal",
}  # fmt: skip


class Import(NamedTuple):
    """One import statement of one module."""

    path: str
    line: int
    module: str
    name: str
    typing_only: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}:{self.name}"


def imports_of(source: str, path: str) -> Iterator[Import]:
    """Every import of a module, with relative ones resolved."""
    yield from _walk(ast.parse(source), path, typing_only=False)


def _walk(node: ast.AST, path: str, *, typing_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for child in node.body:
            yield from _walk(child, path, typing_only=True)
        for child in node.orelse:
            yield from _walk(child, path, typing_only=typing_only)
        return
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(path, node.lineno, alias.name, "", typing_only)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if node.level:
            package = Path(path).parts[: -node.level]
            module = ".".join((*package, *([module] if module else [])))
        for alias in node.names:
            yield Import(path, node.lineno, module, alias.name, typing_only)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, path, typing_only=typing_only)


def room(path_or_module: str) -> str:
    """``taktora/core/grid.py`` and ``taktora.core.grid`` are in ``core``."""
    parts = path_or_module.removesuffix(".py").replace("/", ".").split(".")
    return parts[1] if len(parts) > 1 else ""


def rooms_imported(one: Import) -> str | None:
    """The room of taktora that an import enters, ``None`` for other packages."""
    if one.top != "taktora":
        return None
    return room(one.module) or one.name


def floor(name: str) -> int:
    return next((number for number, rooms in enumerate(LAYERS) if name in rooms), -1)


def may(importer: str, imported: str) -> bool:
    """A room may import itself, its neighbours in the single-file layers, and all below."""
    if importer == imported:
        return True
    if floor(importer) == floor(imported):
        return importer in LAYERS[0] | LAYERS[5]
    return floor(imported) < floor(importer)


def direction_breaches(every: list[Import]) -> list[str]:
    return [
        str(one)
        for one in every
        if not one.typing_only
        and one.path not in ("taktora/__init__.py", "taktora/__main__.py")
        and (entered := rooms_imported(one)) is not None
        and not may(room(one.path), entered)
    ]


def purity_breaches(every: list[Import]) -> list[str]:
    return [
        str(one)
        for one in every
        if room(one.path) == "core" and one.top not in PURE | {"taktora"} and not one.typing_only
    ] + [
        str(one)
        for one in every
        if room(one.path) == "core"
        and one.module == "taktora.time"
        and one.name in ("SystemClock", "*")
    ]


def picture_breaches(every: list[Import]) -> list[str]:
    return [
        str(one)
        for one in every
        if (known := FACTS_AND_PICTURES.get(here := room(one.path))) is not None
        and not one.typing_only
        and (
            rooms_imported(one) not in known | {here}
            if one.top == "taktora"
            else one.top not in PURE | {"bisect", "html", "json", "unicodedata"}
        )
    ]


def dependency_breaches(every: list[Import]) -> list[str]:
    breaches = []
    for one in every:
        if one.top == "iceoryx2":
            fine = room(one.path) == "ipc" or one.path == "taktora/drivers/waitset.py"
        elif one.top == "pykka":
            private = "._" in one.module or one.name.startswith("_")
            if private:
                fine = one.path == "taktora/actors/actor.py"
            else:
                fine = room(one.path) == "actors" or (
                    one.path == "taktora/errors.py" and one.module == "pykka"
                )
        elif one.top == "pysoem":
            fine = one.path == "taktora/connectors/ethercat/soem.py"
        elif one.top == "zenoh":
            fine = one.path == "taktora/connectors/zenoh/real.py"
        else:
            fine = True
        if not fine:
            breaches.append(str(one))
    return breaches


def modules_entered(one: Import) -> Iterator[str]:
    """Every module that an import statement may load, packages on the way there included."""
    for name in (one.module, f"{one.module}.{one.name}") if one.name else (one.module,):
        parts = name.split(".")
        yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def closure(rooms: Iterable[str], every: Iterable[Import]) -> dict[str, Import | None]:
    """What is imported, at any remove, by what is in ``rooms``; each with an import that does.

    ``taktora/__init__.py`` is left out: it imports on demand.
    """
    by_module: dict[str, list[Import]] = {}
    for one in every:
        module = one.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        by_module.setdefault(module, []).append(one)
    found: dict[str, Import | None] = {
        module: None for module in by_module if room(module) in set(rooms)
    }
    waiting = list(found)
    while waiting:
        for one in by_module.get(waiting.pop(), ()):
            if one.typing_only:
                continue
            for module in modules_entered(one):
                if module != "taktora" and module not in found:
                    found[module] = one
                    waiting.append(module)
    return found


def reaching_iceoryx2(rooms: Iterable[str], every: Iterable[Import]) -> list[str]:
    return [str(one) for module, one in closure(rooms, every).items() if module == "iceoryx2"]


@pytest.fixture(scope="module")
def every() -> list[Import]:
    return [
        one
        for path in sorted(PACKAGE.rglob("*.py"))
        for one in imports_of(path.read_text(), path.relative_to(ROOT).as_posix())
    ]


def test_every_room_has_a_floor():
    rooms = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.is_dir() and any(path.glob("*.py"))) or path.suffix == ".py"
    } - {"__init__", "__main__"}
    assert {name for name in rooms if floor(name) < 0} == set()


def test_imports_go_down_only(every: list[Import]):
    assert direction_breaches(every) == []


def test_the_core_is_pure(every: list[Import]):
    assert purity_breaches(every) == []


def test_a_topology_is_facts_and_a_picture_is_drawn_from_a_topology_alone(every: list[Import]):
    assert {room(one.path) for one in every} >= set(FACTS_AND_PICTURES)
    assert picture_breaches(every) == []


def test_each_dependency_stays_in_its_room(every: list[Import]):
    assert dependency_breaches(every) == []


def test_a_simulation_reaches_iceoryx2_by_no_import(every: list[Import]):
    rooms = [name for name in WITHOUT_ICEORYX2 if any(room(one.path) == name for one in every)]
    assert len(closure(rooms, every)) > len(rooms)
    assert reaching_iceoryx2(rooms, every) == []


@pytest.mark.rule("INMEM-05")
def test_the_in_memory_transport_has_no_threads_no_clock_and_no_chance(every: list[Import]):
    found = closure(["inmemory", "transport"], every)
    assert "taktora.inmemory.fabric" in found
    assert not found.keys() & {"iceoryx2", "threading", "_thread", "time", "random", "secrets"}


def test_iceoryx2_is_seen_at_any_remove():
    code = {
        "taktora/actors/x.py": "def f():\n    from taktora.adding import y",
        "taktora/adding/__init__.py": "import taktora.drivers.waitset",
        "taktora/drivers/waitset.py": "import iceoryx2 as iox",
        "taktora/core/x.py": "if TYPE_CHECKING:\n    import iceoryx2",
    }
    planted = [one for path, source in code.items() for one in imports_of(source, path)]
    assert reaching_iceoryx2(["actors"], planted) != []
    assert reaching_iceoryx2(["core"], planted) == []


def test_errors_use_only_public_exceptions_of_pykka():
    tree = ast.parse((PACKAGE / "errors.py").read_text())
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pykka"
    }
    assert used <= {"ActorDeadError", "Timeout"}


def loaded_by(statement: str) -> set[str]:
    """Top-level packages in ``sys.modules`` of a fresh interpreter after ``statement``."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_importing_taktora_imports_no_optional_extra():
    """What iceoryx2 brings along by itself (flatbuffers tries numpy) is not our import."""
    assert "taktora" in (loaded := loaded_by("import taktora"))
    assert loaded & EXTRAS <= loaded_by("import iceoryx2, pykka, attrs, cattrs")


def test_no_module_imports_an_extra_when_it_is_loaded():
    """Extras are imported inside functions, or in the one module that is for them."""
    own = {"testing": "hypothesis", "soem": "pysoem", "real": "zenoh", "tracing": "opentelemetry"}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                tops = {one.top for one in _walk(node, str(path), typing_only=False)}
                mine = {own[name] for name in (path.stem, path.parent.name) if name in own}
                assert tops & EXTRAS <= mine, path


@pytest.mark.parametrize(
    ("path", "line", "judge"),
    [
        ("taktora/core/x.py", "import threading", purity_breaches),
        ("taktora/core/x.py", "from time import monotonic_ns", purity_breaches),
        ("taktora/core/x.py", "def f():\n    import random", purity_breaches),
        ("taktora/core/x.py", "from taktora.time import SystemClock", purity_breaches),
        ("taktora/core/x.py", "from taktora.actors.item import Item", direction_breaches),
        ("taktora/core/x.py", "from ..ipc import node", direction_breaches),
        ("taktora/core/x.py", "from .. import ipc", direction_breaches),
        ("taktora/observe/x.py", "import taktora.actors", direction_breaches),
        ("taktora/drivers/x.py", "from taktora.observe import counters", direction_breaches),
        ("taktora/ipc/x.py", "from taktora import executor", direction_breaches),
        ("taktora/transport/x.py", "from taktora.ipc import node", direction_breaches),
        ("taktora/transport/x.py", "import iceoryx2", dependency_breaches),
        ("taktora/inmemory/x.py", "from taktora.ipc import node", direction_breaches),
        ("taktora/inmemory/x.py", "import iceoryx2", dependency_breaches),
        ("taktora/actors/x.py", "from taktora.executor import Executor", direction_breaches),
        ("taktora/errors.py", "from taktora.core import grid", direction_breaches),
        ("taktora/x.py", "from taktora.core import grid", direction_breaches),
        ("taktora/drivers/x.py", "import iceoryx2", dependency_breaches),
        ("taktora/core/x.py", "import pykka", dependency_breaches),
        ("taktora/actors/x.py", "from pykka._envelope import Envelope", dependency_breaches),
        ("taktora/actors/x.py", "from pykka.messages import _ActorStop", dependency_breaches),
        ("taktora/connectors/x.py", "import zenoh", dependency_breaches),
        ("taktora/topology/x.py", "from taktora.ipc.node import Node", picture_breaches),
        ("taktora/picture/x.py", "from taktora.core.triggers import Kind", picture_breaches),
        ("taktora/picture/x.py", "import subprocess", picture_breaches),
        ("taktora/actors/x.py", "from taktora.describing import describe", direction_breaches),
    ],
)
def test_a_planted_breach_is_seen(path: str, line: str, judge):
    assert judge(list(imports_of(line, path))) != []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("taktora/actors/x.py", "from taktora.observe.counters import ItemCounters"),
        ("taktora/observe/x.py", "if TYPE_CHECKING:\n    from taktora.actors.item import Item"),
        ("taktora/runner.py", "from taktora.executor import Executor"),
        ("taktora/core/x.py", "from taktora.time import Nanos"),
        ("taktora/drivers/waitset.py", "import iceoryx2 as iox"),
        ("taktora/actors/actor.py", "from pykka._envelope import Envelope"),
        ("taktora/errors.py", "import pykka"),
    ],
)
def test_what_is_allowed_is_not_reported(path: str, line: str):
    every = list(imports_of(line, path))
    assert direction_breaches(every) + purity_breaches(every) + dependency_breaches(every) == []
