"""A connector in a simulation needs no iceoryx2, and no codec that is not asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
for name in ("iceoryx2", "msgpack", "cbor2"):
    sys.modules[name] = None
from taktora.connectors import ChannelDescriptor
from taktora.connectors.loopback import LoopbackConnector
from taktora.testing import SimulatedExecutor
with SimulatedExecutor() as sim:
    lab = LoopbackConnector("lab", node=sim)
    writer = lab.create_writer(ChannelDescriptor("a"), int)
    reader = lab.create_reader(ChannelDescriptor("a"), int)
    lab.register_with(sim)
    sim.start()
    sim.advance(0.2)
    for number in range(3):
        writer.send(number)
    sim.run_until_idle()
    print([one.value for one in reader])
    lab.close()
"""


def test_a_loopback_runs_in_a_simulation_where_iceoryx2_cannot_be_imported() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert (done.stdout, done.stderr) == ("[0, 1, 2]\n", "")
