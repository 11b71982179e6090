"""``import taktora.testing`` needs no extra; what does says how to get it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import taktora.testing

ROOT = Path(__file__).parents[2]


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.strip()


def test_importing_it_does_not_import_hypothesis():
    assert run("import sys, taktora.testing; print('hypothesis' in sys.modules)") == "False"


def test_what_needs_hypothesis_says_how_to_get_it():
    said = run("""
import sys
sys.modules["hypothesis"] = None
import taktora.testing
from taktora.errors import MissingExtra
for name in taktora.testing._NEEDS_HYPOTHESIS:
    try:
        getattr(taktora.testing, name)
    except MissingExtra as error:
        print(error)
""")
    lines = said.splitlines()
    assert len(lines) == len(taktora.testing._NEEDS_HYPOTHESIS) > 0
    assert all("pip install 'taktora[testing]'" in line for line in lines)


def test_every_public_name_is_there():
    assert all(hasattr(taktora.testing, name) for name in taktora.testing.__all__)
    assert set(taktora.testing.__all__) <= set(dir(taktora.testing))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = taktora.testing.nonsense
