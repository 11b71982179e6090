"""What Hypothesis tries does not depend on what else was imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from .same_examples import COLLECTS, without_local_constants


def examples() -> list[object]:
    tried: list[object] = []

    @seed(1)
    @settings(max_examples=400, database=None)
    @given(st.lists(st.integers() | st.text() | st.floats(allow_nan=False) | st.binary()))
    def notes(values: list[object]) -> None:
        tried.append(values)

    notes()
    return tried


@pytest.fixture
def literals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module of somebody's own, full of literals; not imported yet."""
    name = "full_of_literals"
    values = [[number * 7919, number / 7, f"n{number}", b"%d" % number] for number in range(200)]
    Path(tmp_path, f"{name}.py").write_text(f"VALUES = {values!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


def test_an_import_changes_no_example(literals: str) -> None:
    before = examples()
    importlib.import_module(literals)
    assert examples() == before, (
        f"Hypothesis {hypothesis.__version__} takes literals from imported modules, and not by "
        f"{COLLECTS}: what the suite tries depends on what was collected. Mend tests/same_examples.py."
    )


@pytest.mark.parametrize("gone", ["the function", "its module"])
def test_a_hypothesis_that_collects_otherwise_is_left_alone(
    gone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hypothesis.internal.conjecture import providers

    if gone == "the function":
        monkeypatch.delattr(providers, COLLECTS, raising=False)
    else:
        monkeypatch.setitem(sys.modules, "hypothesis.internal.constants_ast", None)
    assert not without_local_constants()
