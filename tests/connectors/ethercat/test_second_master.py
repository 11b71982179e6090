"""A MainDevice that shares nothing with ours agrees with the simulator about what EtherCAT is."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from taktora.connectors.ethercat.bus import AlState
from taktora.testing.ethercat import simulated_segment

MASTER = Path(__file__).with_name("kickcat_master.py")

pytestmark = [
    pytest.mark.segment,
    pytest.mark.skipif(
        importlib.util.find_spec("kickcat") is None,
        reason="KickCAT is not installed: pip install kickcat, where it has a wheel",
    ),
]


@pytest.mark.rule("WIRE-10")
@pytest.mark.parametrize("count", [3, 20])
def test_kickcat_brings_it_to_op_exchanges_data_and_reads_an_object(count: int) -> None:
    with simulated_segment(count) as segment:
        done = subprocess.run(
            [sys.executable, str(MASTER), segment.nic], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout.splitlines()
        assert f"found {count}" in said
        assert f"mapped {' '.join(['4/4'] * count)}" in said
        assert "exchanged 200" in said
        vendor = segment.call(1, "objects.current", 0x1018, 1)
        assert f"vendor {vendor.hex()}" in said
        assert {one.state for one in segment.states()} == {AlState.OP}
        assert segment.statistics()["malformed"] == 0
