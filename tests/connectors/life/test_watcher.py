"""A plug-in and its gateway apart, both in one simulation: silence, return, restarts, nonsense."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taktora.connectors import (
    ChannelDescriptor,
    ConnectorDown,
    Direction,
    Down,
    HealthSubscription,
    LoopbackConnector,
    LoopbackWorld,
    RemoteConnector,
    Up,
)
from taktora.connectors.beacon import Beacon, open_status
from taktora.connectors.health import Connecting, words
from taktora.testing import SimulatedExecutor

A = ChannelDescriptor("a")


@pytest.fixture
def sim() -> Iterator[SimulatedExecutor]:
    with SimulatedExecutor() as one:
        one.start()
        yield one


@pytest.fixture
def remote(sim: SimulatedExecutor) -> Iterator[RemoteConnector]:
    """The plug-in's side, registered."""
    one = RemoteConnector("lab", node=sim, heartbeat=0.1, stale_after=0.5)
    one.register_with(sim)
    yield one
    one.close()


def serve(sim: SimulatedExecutor, world: LoopbackWorld | None = None) -> LoopbackConnector:
    """The gateway's side, which carries both ways of a channel."""
    gateway = LoopbackConnector("lab", world, node=sim, heartbeat=0.1)
    gateway.serve_with(sim)
    for direction in Direction:
        gateway.carry(A, direction)
    return gateway


def story(health: HealthSubscription) -> list[str]:
    return [words(one.to) for one in health]


SILENT = "down: its gateway gave no sign of life for 0.5 s"


@pytest.mark.rule("LIVE-23")
def test_values_go_both_ways_and_both_sides_count_them(
    sim: SimulatedExecutor, remote: RemoteConnector
) -> None:
    writer, reader = remote.create_writer(A, int), remote.create_reader(A, int)
    with pytest.raises(ConnectorDown):
        writer.send(0)
    gateway = serve(sim)
    sim.advance(0.3)
    assert isinstance(remote.health, Up)
    for number in range(3):
        writer.send(number)
    sim.advance(0.3)
    assert [one.value for one in reader] == [0, 1, 2]
    told = {name: port.messages for name, port in remote.gateway_stats().items()}
    assert told == {"out a": 3, "in a": 3}
    assert remote.lost == {}
    gateway.close()


@pytest.mark.rule("LIVE-24")
def test_a_gateway_that_never_was_there_is_down_after_so_much_silence(
    sim: SimulatedExecutor, remote: RemoteConnector
) -> None:
    health = remote.subscribe_health()
    assert remote.gateway_stats() == {}
    sim.advance(0.45)
    assert isinstance(remote.health, Connecting)
    sim.advance(0.06)
    assert story(health) == [SILENT]
    sim.advance(60)  # and is told once
    assert story(health) == []


@pytest.mark.rule("LIVE-24")
def test_silence_is_down_in_time_and_return_is_up_by_itself(
    sim: SimulatedExecutor, remote: RemoteConnector
) -> None:
    world = LoopbackWorld()
    writer = remote.create_writer(A, int)
    health = remote.subscribe_health()
    for turn in range(3):
        gateway = serve(sim, world)
        sim.advance(0.6)
        assert story(health)[-1] == "up"
        writer.send(turn)
        sim.advance(0.3)
        beacon = gateway._beacon
        assert beacon is not None
        beacon.close()  # it says no more, as one that was killed
        sim.advance(0.39)
        assert isinstance(remote.health, Up)
        sim.advance(0.12)
        assert story(health) == [SILENT]
        with pytest.raises(ConnectorDown, match="gave no sign of life"):
            writer.send(-1)
        gateway.close()
    assert [one.payload for one in world.arrived("a")] == [b"0", b"1", b"2"]


@pytest.mark.rule("LIVE-24")
def test_silence_after_bad_news_is_said_too(
    sim: SimulatedExecutor, remote: RemoteConnector
) -> None:
    beacon = Beacon(sim, "lab")
    beacon.shine(Down("the cable is out"))
    sim.advance(0.1)
    assert words(remote.health) == "down: the cable is out"
    health = remote.subscribe_health()
    beacon.close()
    sim.advance(1)
    assert story(health) == ["connecting", SILENT]


@pytest.mark.rule("LIVE-25")
def test_what_the_gateway_says_of_its_link_is_what_the_plug_in_sees(
    sim: SimulatedExecutor, remote: RemoteConnector
) -> None:
    world = LoopbackWorld()
    gateway = serve(sim, world)
    writer = remote.create_writer(A, int)
    sim.advance(0.3)
    health = remote.subscribe_health()
    world.degrade("tired")
    sim.advance(0.01)  # at once, not with the next heartbeat
    world.recover()
    sim.advance(0.01)
    world.cut("the cable is out")
    sim.advance(0.01)
    assert story(health) == ["degraded: tired", "up", "down: the cable is out"]
    with pytest.raises(ConnectorDown, match="the cable is out"):
        writer.send(1)
    world.mend()
    sim.advance(1)
    assert story(health)[-1] == "up"
    gateway.close()
    sim.advance(0.01)
    assert words(remote.health) == "down: its gateway was stopped"


@pytest.mark.rule("LIVE-26")
def test_a_restart_is_noticed_however_fast_it_was(
    sim: SimulatedExecutor, remote: RemoteConnector
) -> None:
    first = Beacon(sim, "lab")
    first.shine(Up())
    sim.advance(0.1)
    health = remote.subscribe_health()
    first.shine(Up())
    sim.advance(0.1)
    assert story(health) == []
    first.close()
    second = Beacon(sim, "lab")
    second.shine(Up())
    sim.advance(0.1)
    assert story(health) == ["down: its gateway was restarted", "connecting", "up"]
    second.shine(Up())
    sim.advance(0.1)
    assert story(health) == []
    second.close()


@pytest.mark.rule("LIVE-26")
def test_what_a_restart_lost_is_counted_by_channel(
    sim: SimulatedExecutor, remote: RemoteConnector, caplog: pytest.LogCaptureFixture
) -> None:
    world = LoopbackWorld()
    gateway = serve(sim, world)
    writer = remote.create_writer(A, int)
    sim.advance(0.3)
    writer.send(0)
    sim.advance(0.3)
    world.room = 1  # nothing more gets through
    for number in range(1, 4):
        writer.send(number)
    sim.advance(0.2)
    gateway.close()
    world.room = None
    gateway = serve(sim, world)
    sim.advance(0.3)
    writer.send(4)
    sim.advance(0.3)
    assert [one.payload for one in world.arrived("a")] == [b"0", b"4"]
    assert remote.lost == {"a": 3}
    assert "at most 3 so far" in caplog.text
    gateway.close()


@pytest.mark.rule("LIVE-27")
def test_a_status_that_cannot_be_read_is_down_with_the_reason_until_one_can(
    sim: SimulatedExecutor, remote: RemoteConnector
) -> None:
    publisher = open_status(sim, "lab").publisher()
    health = remote.subscribe_health()
    good = Beacon.__new__(Beacon)
    good.instance, good._beat, good._publisher = "one", 0, publisher
    good.shine(Up())
    sim.advance(0.1)
    for frame in (b"\xff nonsense", b"\xff nonsense", b'{"version":9}'):
        publisher.send_copy(frame)
        sim.advance(0.1)
    good.shine(Up())
    sim.advance(0.1)
    told = story(health)
    assert told[0] == "up"
    assert told[1].startswith("down: its gateway's status cannot be read: UnicodeDecodeError")
    assert told[2:] == [
        "connecting",
        "down: its gateway speaks version 9 of the status, not 1",
        "connecting",
        "up",
    ]
    publisher.close()


@pytest.mark.rule("LIVE-28")
def test_closing_the_plug_in_leaves_the_gateway_alone(sim: SimulatedExecutor) -> None:
    gateway = serve(sim)
    remotes = [RemoteConnector("lab", node=sim) for _ in range(2)]
    first, _ = remotes
    first.register_with(sim)
    writer = first.create_writer(A, int)
    sim.advance(0.3)
    writer.send(1)
    health = first.subscribe_health()
    first.close()
    assert story(health) == ["down: its gateway is not watched any more"]
    sim.advance(0.3)
    second = remotes[1]
    second.register_with(sim)
    sim.advance(0.2)
    assert isinstance(second.health, Up)
    assert isinstance(gateway.health, Up)
    assert len(gateway.world.arrived("a")) == 1
    second.close()
    gateway.close()
