"""Ports in ``executor.stats()``: whose, under which name, for how long."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from taktora.connectors import ChannelDescriptor
from taktora.connectors.codecs.raw import RawCodec
from taktora.connectors.loopback import LoopbackConnector
from taktora.connectors.loopback_world import LoopbackWorld
from taktora.connectors.port_stats import PortStats as Same
from taktora.observe.port_sources import PortSources
from taktora.observe.port_stats import PortStats
from taktora.testing import SimulatedExecutor

SPEED = ChannelDescriptor("motor/speed", max_payload=32)


@pytest.fixture
def executor() -> Iterator[SimulatedExecutor]:
    with SimulatedExecutor() as made:
        made.start()
        yield made


def connector(
    executor: SimulatedExecutor, world: LoopbackWorld, **options: int
) -> LoopbackConnector:
    return LoopbackConnector("lab", world, codec=RawCodec(), node=executor, **options)


@pytest.mark.rule("PSTAT-01")
def test_every_port_of_a_registered_connector_is_there(executor: SimulatedExecutor) -> None:
    assert executor.stats().ports == {}
    lab = connector(executor, LoopbackWorld(echo=True))
    writer = lab.create_writer(SPEED, bytes)
    assert executor.stats().ports == {}
    lab.register_with(executor)
    reader = lab.create_reader(SPEED, bytes)
    executor.advance(0.1)
    writer.send(b"seven")
    executor.advance(0.1)
    assert [one.value for one in reader] == [b"seven"]
    ports = executor.stats().ports
    assert set(ports) == {
        "lab out motor/speed",
        "lab in motor/speed",
        "lab gateway out motor/speed",
        "lab gateway in motor/speed",
    }
    assert {(port.messages, port.bytes) for port in ports.values()} == {(1, 5)}
    assert ports["lab in motor/speed"] == reader.stats()
    assert "lab gateway in motor/speed" in str(executor.stats())


@pytest.mark.rule("PSTAT-02")
def test_a_second_port_of_a_channel_gets_a_number(executor: SimulatedExecutor) -> None:
    lab = connector(executor, LoopbackWorld())
    lab.register_with(executor)
    for _ in range(3):
        lab.create_reader(SPEED, bytes)
    mine = [name for name in executor.stats().ports if name.startswith("lab in")]
    assert mine == ["lab in motor/speed", "lab in motor/speed #2", "lab in motor/speed #3"]


@pytest.mark.rule("PSTAT-03")
def test_a_closed_connector_has_no_ports_there(
    executor: SimulatedExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    lab = connector(executor, LoopbackWorld())
    lab.register_with(executor)
    lab.create_writer(SPEED, bytes)
    lab.create_reader(SPEED, bytes)
    assert len(executor.stats().ports) == 4
    lab.close()
    executor.advance(0.1)
    assert executor.stats().ports == {}
    assert executor.stats().items == {}, "the pumps are stopped by the gateway, inside a step"
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.rule("PSTAT-04")
def test_a_source_that_raises_is_left_out_and_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sources, asked = PortSources(), []
    sources.register("good", lambda: asked.append("good") or PortStats(messages=3))
    bad = sources.register("bad", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert asked == []
    with caplog.at_level(logging.ERROR):
        assert [list(sources.read()), list(sources.read())] == [["good"], ["good"]]
    assert len(caplog.records) == 1
    assert "'bad'" in caplog.text
    sources.forget(bad)
    sources.forget(bad)
    assert len(sources) == 1
    assert Same is PortStats


@pytest.mark.rule("PSTAT-05")
def test_what_came_from_outside_and_was_not_passed_on_is_dropped(
    executor: SimulatedExecutor,
) -> None:
    world = LoopbackWorld()
    lab = connector(executor, world, queue=2)
    lab.register_with(executor)
    lab.create_reader(SPEED, bytes)
    executor.advance(0.1)
    for number in range(5):  # before the gateway's actor gets its turn
        world.send("motor/speed", bytes([number]))
    executor.advance(0.1)
    brought = executor.stats().ports["lab gateway in motor/speed"]
    assert (brought.messages, brought.drops) == (2, 3)
    world.send("motor/speed", bytes(33))  # larger than the channel takes
    executor.advance(0.1)
    assert lab.gateway_stats()["in motor/speed"].drops == 4


@pytest.mark.rule("PSTAT-33", "PSTAT-05")
def test_a_value_in_hand_is_not_carried(executor: SimulatedExecutor) -> None:
    lab = connector(executor, LoopbackWorld(room=2))
    lab.register_with(executor)
    writer = lab.create_writer(SPEED, bytes)
    executor.advance(0.1)
    for number in range(5):
        writer.send(bytes([number]))
    executor.advance(0.1)
    assert lab.gateway_stats()["out motor/speed"].messages == 2
    assert lab._gateway is not None
    told = lab._gateway.ports.status()["out motor/speed"]
    assert told.stats.messages == 2
    assert [how_far.next for how_far in told.writers.values()] == [2]
