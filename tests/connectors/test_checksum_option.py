"""A connector says what the checksums of its frames guard."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from taktora import Runner
from taktora.connectors import ChannelDescriptor, ConnectorGateway, ConnectorHost, Up
from taktora.connectors.codecs.raw import RawCodec
from taktora.connectors.loopback import LoopbackConnector
from taktora.errors import InvalidArgument
from taktora.testing import SimulatedExecutor
from tests.runtimes import eventually


@pytest.mark.rule("PORT-15", "PORT-21")
@pytest.mark.parametrize(
    ("options", "size", "flags"),
    [
        ({"checksum": "frame"}, 65_537, 0),
        ({"checksum": "header"}, 1, 1),
        ({"checksum": "auto"}, 65_536, 0),
        ({"checksum": "auto"}, 65_537, 1),
        ({}, 65_536, 0),
        ({}, 65_537, 1),
    ],
)
def test_frames_both_ways_say_what_their_checksum_guards(
    options: dict[str, Any], size: int, flags: int
) -> None:
    descriptor: ChannelDescriptor[Any] = ChannelDescriptor("a", max_payload=100_000)
    with SimulatedExecutor() as sim:
        lab = LoopbackConnector("lab", codec=RawCodec(), node=sim, **options)
        writer = lab.create_writer(descriptor, bytes)
        lab.create_reader(descriptor, bytes)
        lab.register_with(sim)
        spies = [sim.channel(f"a.{way}", bytes).subscriber() for way in ("out", "in")]
        sim.start()
        sim.advance(0.2)
        writer.send(bytes(size))
        sim.run_until_idle()
        for spy in spies:
            sample = spy.take()
            assert sample is not None
            assert sample.payload[62] == flags
        lab.close()


def test_a_checksum_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="'auto', 'frame' or 'header', not 'none'"):
        LoopbackConnector("lab", checksum="none")


FILE = """
[[connectors]]
name = "lab"
type = "loopback"
codec = "raw"
heartbeat = "20 ms"
stale_after = "5 s"
channels = [{ name = "a", max_payload = 100_000 }]
"""


@pytest.mark.rule("CONF-36")
@pytest.mark.parametrize(
    ("said", "flags"),
    [("", (0, 1)), ('checksum = "frame"', (0, 0)), ('checksum = "header"', (1, 1))],
)
def test_a_file_says_it_for_both_sides(
    said: str, flags: tuple[int, int], domain: str, tmp_path: Path
) -> None:
    file = tmp_path / "lab.toml"
    file.write_text(FILE + said)
    with (
        ConnectorGateway.from_file(file, domain=domain) as gateway,
        ConnectorHost.from_file(file, domain=domain) as host,
        Runner(gateway.executor),
        Runner(host.executor),
    ):
        lab = host["lab"]
        writer = lab.create_writer("a", bytes)
        lab.create_reader("a", bytes)
        eventually(host.executor, lambda: lab.health == Up())
        spies = [host.executor.channel(f"a.{way}", bytes).subscriber() for way in ("out", "in")]
        for size, flag in zip((65_536, 65_537), flags, strict=True):
            writer.send(bytes(size))
            for spy in spies:
                samples: list[Any] = []
                eventually(host.executor, partial(next_of, spy, samples))
                assert samples[0].payload[62] == flag


def next_of(spy: Any, samples: list[Any]) -> bool:
    """Take one, if there is one."""
    sample = spy.take()
    samples.extend([] if sample is None else [sample])
    return bool(samples)
