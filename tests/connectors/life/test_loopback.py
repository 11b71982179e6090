"""The loopback connector and its world: delay, outages, echo, room, backlog, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

from taktora.connectors import (
    BackPressure,
    ChannelDescriptor,
    ConnectorDown,
    Degraded,
    Down,
    ExponentialBackoff,
    HealthSubscription,
    LoopbackConnector,
    LoopbackOptions,
    LoopbackWorld,
    Up,
)
from taktora.connectors.health import words
from taktora.connectors.loopback import Outage
from taktora.errors import InvalidArgument, WrongType
from taktora.testing import SimulatedExecutor

A = ChannelDescriptor("a")


@pytest.fixture
def sim() -> Iterator[SimulatedExecutor]:
    with SimulatedExecutor() as one:
        yield one


Make = Callable[..., LoopbackConnector]


@pytest.fixture
def make(sim: SimulatedExecutor) -> Iterator[Make]:
    """Connectors that are registered and, unless their line is cut, up; closed at the end."""
    made: list[LoopbackConnector] = []

    def one(world: LoopbackWorld | None = None, **common: Any) -> LoopbackConnector:
        policy = ExponentialBackoff(0.02, 0.02, jitter=0)
        lab = LoopbackConnector("lab", world, node=sim, reconnect=policy, **common)
        made.append(lab)
        lab.register_with(sim)
        if not sim.running:
            sim.start()
        sim.run_until_idle()
        return lab

    yield one
    for lab in made:
        lab.close()


def cuts(health: HealthSubscription) -> list[float]:
    """At which second of virtual time it went down that was up."""
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    return [(one.at - begin).total_seconds() for one in health if one.from_ == Up()]


@pytest.mark.rule("LIVE-12")
def test_what_goes_out_comes_back_with_its_correlation_id_if_the_world_echoes(
    sim: SimulatedExecutor, make: Make
) -> None:
    for echo, expected in ((True, [(1, b"x" + bytes(31)), (2, None)]), (False, [])):
        lab = make(LoopbackWorld(echo=echo))
        writer, reader = lab.create_writer(A, int), lab.create_reader(A, int)
        writer.send(1, correlation_id=b"x")
        writer.send(2)
        sim.run_until_idle()
        assert [(one.value, one.correlation_id) for one in reader] == expected
        assert [(one.payload, one.sequence) for one in lab.world.arrived("a")] == [
            (b"1", 0),
            (b"2", 1),
        ]
        lab.close()


@pytest.mark.rule("LIVE-12")
def test_echo_and_room_are_options_of_the_world_of_its_own(make: Make) -> None:
    world = make(options=LoopbackOptions(echo=False, room=3)).world
    assert (world.echo, world.room) == (False, 3)


@pytest.mark.rule("LIVE-13")
@pytest.mark.parametrize("delay", [0.004, 0.1, 2.0])
def test_a_value_takes_the_delay_to_the_world(
    sim: SimulatedExecutor, make: Make, delay: float
) -> None:
    options = LoopbackOptions(delay=delay)
    lab = make(options=options)
    writer = lab.create_writer(A, int)
    sim.advance(0.05)
    begin = sim.now_ns
    for number in range(3):
        writer.send(number)
    sim.advance(delay - options.poll_period / 1e9)
    assert lab.world.arrived("a") == []
    sim.advance(2 * options.poll_period / 1e9)
    assert [one.payload for one in lab.world.arrived("a")] == [b"0", b"1", b"2"]
    assert (sim.now_ns - begin) / 1e9 == pytest.approx(delay, abs=options.poll_period / 1e9)


@pytest.mark.rule("LIVE-13")
def test_what_is_under_way_arrives_although_its_connector_is_closed(
    sim: SimulatedExecutor, make: Make
) -> None:
    lab = make(options=LoopbackOptions(delay=1))
    lab.create_writer(A, int).send(1)
    sim.run_until_idle()
    assert lab.world.arrived("a") == []
    lab.close()
    assert [one.payload for one in lab.world.arrived("a")] == [b"1"]


@pytest.mark.rule("LIVE-14")
def test_outages_come_when_they_were_asked_for_and_it_comes_back_by_itself(
    sim: SimulatedExecutor, make: Make
) -> None:
    lab = make(
        options=LoopbackOptions(outages=(Outage(after=2, lasts=0.5), Outage(after=1, lasts=0.3)))
    )
    health = lab.subscribe_health(1000)
    writer = lab.create_writer(A, int)
    for second, state in ((0.9, Up), (1.05, Down), (1.25, Down), (1.4, Up), (1.95, Up)):
        sim.advance(second - sim.now_ns / 1e9)
        assert isinstance(lab.health, state), second
    sim.advance(2.1 - sim.now_ns / 1e9)
    with pytest.raises(ConnectorDown, match="an outage that was asked for"):
        writer.send(1)
    sim.advance(1)
    assert isinstance(lab.health, Up)
    writer.send(2)
    sim.run_until_idle()
    assert [one.payload for one in lab.world.arrived("a")] == [b"2"]
    assert cuts(health) == [pytest.approx(1, abs=0.011), pytest.approx(2, abs=0.011)]


@pytest.mark.rule("LIVE-14")
@pytest.mark.parametrize(
    ("outages", "down"),
    [
        (((0.1, 0.3), (0.2, 0.1)), (0.1, 0.4)),  # one within the other
        (((0.1, 0.2), (0.2, 0.2)), (0.1, 0.4)),  # one into the other
    ],
)
def test_outages_that_overlap_are_one(
    sim: SimulatedExecutor,
    make: Make,
    outages: tuple[tuple[float, float], ...],
    down: tuple[float, float],
) -> None:
    lab = make(options=LoopbackOptions(outages=tuple(Outage(*one) for one in outages)))
    up: list[float] = []
    begin = sim.now_ns
    for _ in range(60):
        sim.advance(0.01)
        if isinstance(lab.health, Up):
            up.append((sim.now_ns - begin) / 1e9)
    assert [at for at in up if down[0] + 0.015 < at < down[1] - 0.015] == []
    assert up[-1] == pytest.approx(0.6)


@pytest.mark.rule("LIVE-15")
def test_a_world_without_room_is_back_pressure_and_nothing_is_lost(
    sim: SimulatedExecutor, make: Make
) -> None:
    lab = make(LoopbackWorld(room=2), queue=4)
    writer, other = lab.create_writer(A, int), lab.create_writer(ChannelDescriptor("b"), int)
    accepted = 0
    with pytest.raises(BackPressure):
        for number in range(100):
            writer.send(number)
            accepted += 1
            sim.run_until_idle()
    assert 2 + 4 <= accepted <= 2 + 4 + 1  # in the world, in the channel, in the pump's hand
    assert len(lab.world.arrived("a")) == 2
    other.send(7)  # another channel has room of its own
    sim.run_until_idle()
    assert len(lab.world.arrived("b")) == 1
    for _ in range(accepted):
        lab.world.clear()
        sim.run_until_idle()
    assert [int(one.payload) for one in lab.world.arrived("a")] == list(range(accepted))
    assert isinstance(lab.health, Up)


@pytest.mark.rule("LIVE-16")
def test_what_is_sent_while_nobody_is_connected_waits_for_whoever_connects(
    sim: SimulatedExecutor, make: Make
) -> None:
    world = LoopbackWorld()
    for number in range(1500):
        assert world.send("a", b"%d" % number)
    lab = LoopbackConnector("lab", world, node=sim, queue=2000)
    reader = lab.create_reader(A, int)
    lab.register_with(sim)
    sim.start()
    sim.run_until_idle()
    assert [one.value for one in reader] == list(range(1500 - 1024, 1500))
    lab.close()


@pytest.mark.rule("LIVE-16")
def test_what_is_sent_over_a_cut_line_is_lost_and_it_is_said(
    sim: SimulatedExecutor, make: Make
) -> None:
    world = LoopbackWorld()
    world.send("a", b"1")
    world.cut("gone")
    assert not world.send("a", b"2")
    assert "cut" in repr(world)
    lab = make(world)
    reader = lab.create_reader(A, int)
    assert words(lab.health) == "down: ConnectionError: gone"
    world.mend()
    assert world.send("a", b"3")
    sim.advance(0.1)
    assert [one.value for one in reader] == [3]


@pytest.mark.rule("LIVE-16")
def test_one_connector_at_a_time_is_connected_to_a_world(
    sim: SimulatedExecutor, make: Make
) -> None:
    first = make()
    second = LoopbackConnector(
        "second", first.world, node=sim, reconnect=ExponentialBackoff(0.02, 0.02)
    )
    second.register_with(sim)
    sim.run_until_idle()
    assert isinstance(second.health, Down)
    assert "another connector is connected" in second.health.reason
    assert isinstance(first.health, Up)
    first.close()
    sim.advance(0.1)
    assert isinstance(second.health, Up)
    second.close()


@pytest.mark.rule("LIVE-16")
def test_the_world_may_say_that_it_is_not_well(sim: SimulatedExecutor, make: Make) -> None:
    lab = make()
    writer = lab.create_writer(A, int)
    lab.world.degrade("tired")
    sim.run_until_idle()
    assert lab.health == Degraded("tired")
    writer.send(1)
    sim.advance(1)
    assert lab.health == Degraded("tired")  # not healed by a heartbeat
    lab.world.recover()
    sim.run_until_idle()
    assert isinstance(lab.health, Up)
    assert len(lab.world.arrived("a")) == 1


@pytest.mark.rule("LIVE-16")
def test_what_comes_damaged_degrades_until_the_next_heartbeat_and_is_counted(
    sim: SimulatedExecutor, make: Make
) -> None:
    lab = make(heartbeat=0.1)
    reader = lab.create_reader(A, int)
    lab.world.send("a", b"1")
    lab.world.send("a", b"2", damaged=True)
    lab.world.send("a", b"3")
    sim.run_until_idle()
    assert [one.value for one in reader] == [1, 3]
    assert (reader.stats().crc_errors, reader.stats().gaps) == (1, 0)
    assert isinstance(lab.health, Degraded)
    sim.advance(0.11)
    assert isinstance(lab.health, Up)


@pytest.mark.rule("LIVE-17")
@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"echo": 1}, WrongType, "echo must be true or false, not 1"),
        ({"room": 0}, InvalidArgument, "room must be 1 or more, not 0"),
        ({"room": True}, WrongType, "room must be an integer or None, not True"),
        ({"room": "3"}, WrongType, "room must be an integer or None, not '3'"),
        ({"delay": -1}, InvalidArgument, "delay"),
        ({"delay": "1"}, WrongType, "delay"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(
    options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        LoopbackOptions(**options)


@pytest.mark.rule("LIVE-17")
def test_outages_that_cannot_be_are_refused_by_name() -> None:
    fine = Outage(after=0, lasts=1)
    for change, says in (({"after": -1}, "after"), ({"lasts": 0}, "lasts")):
        with pytest.raises(InvalidArgument, match=says):
            evolve(fine, **change)
