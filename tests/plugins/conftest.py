"""A place to install distributions to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.distributions import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)
