"""A run at 1 kHz on five channels, recorded, replayed and recorded again, by the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.round_trip import round_trip


@pytest.mark.rule("REPLAY-47", "REPLAY-40")
def test_a_recorded_run_is_replayed_the_same(domain: str, tmp_path: Path) -> None:
    """Three seconds of it; ``python -m tests.replay.round_trip`` takes a minute."""
    print(round_trip(domain, tmp_path, 3))
