"""The loopback connector's delay and outages, and its world; in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taktora.connectors import ChannelDescriptor, ExponentialBackoff
from taktora.connectors.codecs import RawCodec
from taktora.connectors.loopback import LoopbackConnector, LoopbackOptions, Outage
from taktora.connectors.loopback_world import LoopbackWorld
from taktora.errors import InvalidArgument, WrongType
from taktora.testing import SimulatedExecutor

C = ChannelDescriptor("c", max_payload=64)
Made = tuple[LoopbackConnector, SimulatedExecutor]


@pytest.fixture
def loopback() -> Iterator[Callable[..., Made]]:
    executor = SimulatedExecutor(None)
    made = []

    def make(name: str = "lab", world: LoopbackWorld | None = None, **options: Any) -> Made:
        connector = LoopbackConnector(
            name,
            world,
            options=LoopbackOptions(**options),
            node=executor,
            codec=RawCodec(),
            reconnect=ExponentialBackoff(0.1, 0.1, jitter=0),
        )
        made.append(connector)
        connector.register_with(executor)
        executor.run_until_idle()
        return connector, executor

    yield make
    for connector in made:
        connector.close()
    executor.close()


def payloads(world: LoopbackWorld) -> list[bytes]:
    return [one.payload for one in world.arrived("c")]


def state(connector: LoopbackConnector) -> str:
    return type(connector.health).__name__


@pytest.mark.rule("GATE-50")
def test_what_goes_out_comes_back(loopback):
    connector, executor = loopback()
    reader = connector.create_reader(C, bytes)
    connector.create_writer(C, bytes).send(b"x", correlation_id=b"7")
    executor.run_until_idle()
    received = reader.try_recv()
    assert (received.value, received.correlation_id) == (b"x", b"7".ljust(32, b"\0"))


@pytest.mark.rule("GATE-50")
def test_with_a_delay_values_take_that_long_and_stay_in_order(loopback):
    connector, executor = loopback(delay=0.1)
    writer = connector.create_writer(C, bytes)
    for number in range(3):
        writer.send(b"%d" % number)
        executor.advance(0.02)
    executor.advance(0.02)  # 80 ms since the first, give or take 10
    assert payloads(connector.world) == []
    executor.advance(0.03)
    assert payloads(connector.world)[0] == b"0"
    executor.advance(0.1)
    assert payloads(connector.world) == [b"0", b"1", b"2"]


@pytest.mark.rule("GATE-50")
def test_what_is_under_way_when_the_line_is_cut_arrives_and_its_echo_too(loopback):
    connector, executor = loopback(delay=1)
    reader = connector.create_reader(C, bytes)
    connector.create_writer(C, bytes).send(b"x")
    executor.run_until_idle()
    connector._gateway.inbound.present().down("a fault of the link, not of the line")
    executor.run_until_idle()
    assert payloads(connector.world) == [b"x"]
    executor.advance(0.5)
    assert (state(connector), reader.try_recv().value) == ("Up", b"x")


@pytest.mark.rule("GATE-51")
def test_outages_come_when_they_were_asked_for_and_end(loopback):
    connector, executor = loopback(outages=(Outage(5, 1), Outage(1, 2), Outage(2.5, 1)))
    seen = []
    for _ in range(14):
        executor.advance(0.5)
        seen.append(state(connector) == "Up")
    up = [True, False, False, False, False, False, False, True, True, False, False]
    assert seen[:11] == up  # at 0.5 s, 1 s, ..., 5.5 s
    assert seen[-1]


@pytest.mark.rule("GATE-52")
def test_two_connectors_do_not_share_a_world_and_the_second_has_it_when_the_first_is_gone(loopback):
    first, executor = loopback()
    second, _ = loopback("second", first.world)
    executor.advance(1)
    assert (state(first), state(second)) == ("Up", "Down")
    assert "another connector is connected to this world" in second.health.reason
    first.close()
    executor.advance(1)
    assert state(second) == "Up"


@pytest.mark.rule("GATE-52")
def test_whoever_leaves_late_does_not_cut_off_whoever_came_meanwhile():
    from taktora.connectors.inbound import Inbound

    world = LoopbackWorld()
    inbound = Inbound(4, lambda: None)
    old = inbound.new_session()
    world.connect(old)
    new = inbound.new_session()
    world.connect(new)
    world.disconnect(old)
    assert world.admit("c")
    world.send("c", b"x")
    assert [one.payload for one in inbound.take(9)] == [b"x"]


@pytest.mark.rule("GATE-52")
def test_a_world_keeps_the_latest_of_what_comes(monkeypatch):
    monkeypatch.setattr("taktora.connectors.loopback_world._KEPT", 3)
    from taktora.connectors.loopback_world import Parcel

    world = LoopbackWorld()
    for number in range(5):
        world.put("c", Parcel(b"%d" % number, number, None))
    assert payloads(world) == [b"2", b"3", b"4"]


@pytest.mark.rule("GATE-52")
def test_what_the_world_sends_while_nobody_is_connected_waits_unless_the_line_is_cut(loopback):
    world = LoopbackWorld()
    assert world.send("c", b"early")
    connector, executor = loopback("lab", world)
    reader = connector.create_reader(C, bytes)
    world.cut("cut")
    assert not world.send("c", b"lost")
    executor.run_until_idle()
    assert connector.health.reason == "cut"
    world.mend()
    world.send("c", b"waits")
    executor.advance(0.5)
    assert [one.value for one in reader] == [b"waits"]


@pytest.mark.rule("GATE-53")
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"room": 0}, InvalidArgument),
        ({"room": "3"}, WrongType),
        ({"room": True}, WrongType),
        ({"echo": 1}, WrongType),
        ({"delay": -1}, InvalidArgument),
        ({"delay": "x"}, WrongType),
    ],
)
def test_options_that_cannot_be_are_refused(options, error):
    with pytest.raises(error):
        LoopbackOptions(**options)


@pytest.mark.rule("GATE-53")
@pytest.mark.parametrize(("after", "lasts"), [(-1, 1), (0, 0)])
def test_an_outage_begins_and_lasts(after, lasts):
    with pytest.raises(InvalidArgument):
        Outage(after, lasts)


@pytest.mark.rule("GATE-53")
@pytest.mark.parametrize(
    ("options", "period"),
    [
        ({}, 0),
        ({"outages": (Outage(1, 1),)}, 10_000_000),
        ({"delay": 1}, 10_000_000),
        ({"delay": 0.02}, 5_000_000),
        ({"delay": 0.001}, 1_000_000),
    ],
)
def test_it_looks_at_the_time_only_as_often_as_it_must(options, period):
    assert LoopbackOptions(**options).poll_period == period
