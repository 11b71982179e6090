"""A connector says what the checksums of its frames guard."""

from __future__ import annotations

import pytest

from taktora.connectors import ChannelDescriptor
from taktora.connectors.loopback import LoopbackConnector
from taktora.errors import InvalidArgument
from taktora.testing import SimulatedExecutor


@pytest.mark.rule("PORT-15")
@pytest.mark.parametrize(("checksum", "flags"), [("frame", 0), ("header", 1)])
def test_frames_both_ways_say_what_their_checksum_guards(checksum: str, flags: int) -> None:
    with SimulatedExecutor() as sim:
        lab = LoopbackConnector("lab", node=sim, checksum=checksum)
        writer = lab.create_writer(ChannelDescriptor("a"), int)
        lab.create_reader(ChannelDescriptor("a"), int)
        lab.register_with(sim)
        spies = [sim.channel(f"a.{way}", bytes).subscriber() for way in ("out", "in")]
        sim.start()
        sim.advance(0.2)
        writer.send(7)
        sim.run_until_idle()
        for spy in spies:
            sample = spy.take()
            assert sample is not None
            assert sample.payload[62] == flags
        lab.close()


def test_a_checksum_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="'frame' or 'header', not 'none'"):
        LoopbackConnector("lab", checksum="none")
