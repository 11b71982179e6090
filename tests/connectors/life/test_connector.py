"""A connector's life: made, registered, closed, in every order; and what is refused on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from attrs import frozen

from taktora import Runner, every, on
from taktora.connectors import (
    ChannelDescriptor,
    ConnectorClosed,
    ConnectorDown,
    ConnectorError,
    Direction,
    Down,
    InvalidDescriptor,
    LoopbackConnector,
    LoopbackWorld,
    RawCodec,
    RemoteConnector,
    Routing,
    Up,
)
from taktora.errors import (
    DuplicateItem,
    InvalidArgument,
    LimitsMismatch,
    PortClosed,
    TaktoraError,
    WrongType,
)
from taktora.testing import SimulatedExecutor
from tests.conftest import leftovers
from tests.runtimes import driven, eventually

A = ChannelDescriptor("a")


@frozen
class Topic(Routing):
    """Where a value goes, in a protocol that there is not."""

    path: str = "here"


class Routed(LoopbackConnector):
    """A loopback that wants a routing, and knows one that leads nowhere."""

    Routing = Topic

    def make_link(self) -> Any:
        link = super().make_link()

        def refuse(descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
            if descriptor.routing.path == "nowhere":
                raise InvalidDescriptor(f"channel {descriptor.name!r} {direction.value}: no way")

        link.add_channel = refuse  # type: ignore[method-assign]
        return link


@pytest.fixture
def sim() -> Iterator[SimulatedExecutor]:
    with SimulatedExecutor() as one:
        yield one


@pytest.fixture
def world() -> LoopbackWorld:
    return LoopbackWorld(echo=True)


# --- ports and registering ----------------------------------------------------------------------


@pytest.mark.rule("LIVE-01")
@pytest.mark.parametrize("first", ["ports", "register"])
def test_ports_made_before_and_after_registering_work_alike(
    sim: SimulatedExecutor, world: LoopbackWorld, first: str
) -> None:
    lab = LoopbackConnector("lab", world, node=sim)
    if first == "register":
        lab.register_with(sim)
        sim.start()
        sim.advance(1)
    writer, reader = lab.create_writer(A, int), lab.create_reader(A, int)
    if first == "ports":
        lab.register_with(sim)
        sim.start()
        sim.advance(1)
    for number in range(3):
        writer.send(number)
    sim.run_until_idle()
    assert [one.value for one in reader] == [0, 1, 2]
    shown = {name: port.messages for name, port in sim.stats().ports.items()}
    assert shown == {
        "lab out a": 3,
        "lab in a": 3,
        "lab gateway out a": 3,
        "lab gateway in a": 3,
    }
    lab.close()
    assert not sim.stats().ports


@pytest.mark.rule("LIVE-01")
def test_stats_tell_several_ports_of_a_channel_apart(sim: SimulatedExecutor) -> None:
    lab = LoopbackConnector("lab", node=sim)
    lab.register_with(sim)
    sim.start()
    sim.advance(1)
    writers = [lab.create_writer(A, int) for _ in range(3)]
    writers[2].send(7)
    counted = {name: port.messages for name, port in lab.stats().items()}
    assert counted == {"out a": 0, "out a #2": 0, "out a #3": 1}
    lab.close()


@pytest.mark.rule("LIVE-02")
def test_a_channel_has_one_routing(sim: SimulatedExecutor) -> None:
    lab = Routed("lab", node=sim)
    lab.create_writer(ChannelDescriptor("a", Topic("x")), int)
    with pytest.raises(InvalidDescriptor, match=r"in use with another routing: .*'x'"):
        lab.create_writer(ChannelDescriptor("a", Topic("y")), int)
    lab.create_reader(ChannelDescriptor("a", Topic("y")), int)  # the other way is another one
    with pytest.raises(InvalidDescriptor, match="another routing"):
        lab.create_reader(ChannelDescriptor("a", Topic("x")), int)
    with pytest.raises(InvalidDescriptor, match="another routing"):
        lab.carry(ChannelDescriptor("a", Topic("x")), Direction.IN)
    assert sorted(lab.stats()) == ["in a", "out a"]
    lab.close()


@pytest.mark.rule("LIVE-02")
def test_a_routing_of_another_protocol_is_refused_and_named(sim: SimulatedExecutor) -> None:
    lab = Routed("lab", node=sim)
    for call in (
        lambda: lab.create_writer(A, int),
        lambda: lab.create_reader(A, int),
        lambda: lab.carry(A, Direction.OUT),
        lambda: lab.describe(A),
    ):
        with pytest.raises(InvalidDescriptor, match="'a': connector 'lab' needs a Topic, not NoR"):
            call()
    with pytest.raises(WrongType, match="expected a ChannelDescriptor, not 7"):
        lab.create_writer(7, int)  # type: ignore[arg-type]
    assert lab.stats() == {}
    lab.close()


@pytest.mark.rule("LIVE-02")
def test_a_routing_that_leads_nowhere_is_refused_when_the_gateway_is_there(
    sim: SimulatedExecutor,
) -> None:
    nowhere = ChannelDescriptor("a", Topic("nowhere"))
    lab = Routed("lab", node=sim)
    lab.register_with(sim)
    kept = []  # and with each what its frames hold
    for make in (lab.create_writer, lab.create_reader):
        for _ in range(20):  # more than a channel has places
            with pytest.raises(InvalidDescriptor, match="no way") as raised:
                make(nowhere, int)
            kept.append(raised.value)
    assert lab.stats() == {} == lab.gateway_stats()
    sim.start()
    sim.advance(1)
    somewhere = ChannelDescriptor("a", Topic("here"))
    writer, reader = lab.create_writer(somewhere, int), lab.create_reader(somewhere, int)
    writer.send(1)
    sim.run_until_idle()
    assert [one.value for one in reader] == [1]
    lab.close()


@pytest.mark.rule("LIVE-02")
def test_a_channel_of_other_limits_is_refused_and_can_be_made_rightly_then(
    sim: SimulatedExecutor, world: LoopbackWorld
) -> None:
    small, large = ChannelDescriptor("a", max_payload=64), ChannelDescriptor("a", max_payload=128)
    other = LoopbackConnector("other", node=sim)
    other.create_writer(large, int)
    other.create_reader(large, int)
    lab = LoopbackConnector("lab", world, node=sim)
    for make in (lab.create_writer, lab.create_reader):
        with pytest.raises(LimitsMismatch):
            make(small, int)
    lab.register_with(sim)  # what was refused is not carried
    sim.start()
    sim.advance(1)
    writer, reader = lab.create_writer(large, int), lab.create_reader(large, int)
    writer.send(1)
    sim.run_until_idle()
    assert [one.value for one in reader] == [1]
    lab.close()
    other.close()


@pytest.mark.rule("LIVE-03")
def test_what_was_described_is_found_by_name_and_with_its_codec(
    sim: SimulatedExecutor, world: LoopbackWorld
) -> None:
    lab = LoopbackConnector("lab", world, node=sim)
    with pytest.raises(InvalidDescriptor, match="no channel 'a' was described; known: none"):
        lab.create_writer("a", bytes)
    lab.describe(A, RawCodec())
    lab.describe(ChannelDescriptor("b"))
    for make in (lab.create_writer, lab.create_reader):
        with pytest.raises(InvalidDescriptor, match="no channel 'c' was described; known: a, b"):
            make("c", bytes)
    writer, other = lab.create_writer("a", bytes), lab.create_writer("b", int)
    lab.register_with(sim)
    sim.start()
    sim.advance(1)
    writer.send(b"raw")
    other.send(5)
    sim.run_until_idle()
    assert [one.payload for one in world.arrived("a")] == [b"raw"]
    assert [one.payload for one in world.arrived("b")] == [b"5"]
    lab.close()


# --- arguments ----------------------------------------------------------------------------------


@pytest.mark.rule("LIVE-04")
@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"name": 5}, WrongType, "name must be a string, not 5"),
        ({"name": ""}, InvalidArgument, "name must not be empty"),
        ({"queue": 0}, InvalidArgument, "'lab': queue must be 1 or more, not 0"),
        ({"queue": True}, WrongType, "queue must be an integer, not True"),
        ({"queue": 1.5}, WrongType, "queue must be an integer, not 1.5"),
        ({"heartbeat": 0}, InvalidArgument, "heartbeat"),
        ({"heartbeat": "1"}, WrongType, "heartbeat"),
        ({"stale_after": -1}, InvalidArgument, "stale_after"),
        ({"heartbeat": 0.5, "stale_after": 0.5}, InvalidArgument, "longer than heartbeat"),
        ({"connect_timeout": 0}, InvalidArgument, "connect_timeout"),
        ({"connect_timeout": None}, WrongType, "connect_timeout"),
        ({"checksum": "none"}, InvalidArgument, "checksum"),
    ],
)
def test_what_cannot_be_an_argument_is_refused_by_name(
    options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        LoopbackConnector(**{"name": "lab", **options})


@pytest.mark.rule("LIVE-04")
def test_durations_are_seconds_or_timedeltas() -> None:
    lab = LoopbackConnector("lab", heartbeat=timedelta(milliseconds=20), stale_after=0.1)
    assert (lab.heartbeat, lab.stale_after) == (20_000_000, 100_000_000)
    lab.close()


@pytest.mark.rule("LIVE-04")
def test_what_opens_no_channels_is_no_node() -> None:
    lab = LoopbackConnector("lab", node=object())
    with pytest.raises(WrongType, match="needs an executor or a node"):
        lab.create_writer(A, int)
    lab.close()


# --- registering --------------------------------------------------------------------------------


@pytest.mark.rule("LIVE-05")
def test_registering_twice_is_refused_and_changes_nothing(
    sim: SimulatedExecutor, world: LoopbackWorld
) -> None:
    lab = LoopbackConnector("lab", world, node=sim)
    writer = lab.create_writer(A, int)
    lab.register_with(sim)
    for register in (lab.register_with, lab.serve_with):
        with pytest.raises(ConnectorError, match=r"'lab' is registered with .* already"):
            register(sim)
    sim.start()
    sim.advance(1)
    writer.send(1)
    sim.run_until_idle()
    assert len(world.arrived("a")) == 1
    lab.close()


@pytest.mark.rule("LIVE-05")
def test_serving_twice_says_that_it_is_registered(sim: SimulatedExecutor) -> None:
    lab = LoopbackConnector("lab", node=sim)
    lab.serve_with(sim)
    for register in (lab.register_with, lab.serve_with):
        with pytest.raises(ConnectorError, match=r"'lab' is registered with .* already"):
            register(sim)
    lab.close()


@pytest.mark.rule("LIVE-05")
def test_a_gateway_elsewhere_is_not_served_here(sim: SimulatedExecutor) -> None:
    lab = RemoteConnector("lab")
    with pytest.raises(ConnectorError, match="'lab' has its gateway elsewhere"):
        lab.serve_with(sim)
    lab.register_with(sim)
    lab.close()


@pytest.mark.rule("LIVE-06")
@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("way", ["register_with", "serve_with"])
def test_registering_that_fails_changes_nothing(running: bool, way: str) -> None:
    with SimulatedExecutor() as sim:
        if running:
            sim.start()
        lab = Routed("lab", node=sim)
        health = lab.subscribe_health()
        before = lab.health
        good = ChannelDescriptor("good", Topic("here"))
        writer, reader = lab.create_writer(good, int), lab.create_reader(good, int)
        bad = lab.create_writer(ChannelDescriptor("bad", Topic("nowhere")), int)
        for _ in range(2):
            with pytest.raises(InvalidDescriptor, match="no way") as kept:
                getattr(lab, way)(sim)
        if running:
            sim.advance(1)
        assert lab.health == before
        assert list(health) == []
        assert not sim.stats().ports
        assert lab.gateway_stats() == {}
        with pytest.raises(ConnectorDown, match="no gateway reads"):
            writer.send(1)
        assert sorted(lab.stats()) == ["in good", "out bad", "out good"]
        assert not bad.closed
        assert not reader.closed
        other = LoopbackConnector("lab", node=sim)  # nothing is in its way
        other.serve_with(sim)
        other.close()
        del kept
        lab.close()


@pytest.mark.rule("LIVE-06")
def test_registering_can_be_tried_again_elsewhere(world: LoopbackWorld) -> None:
    with SimulatedExecutor() as sim:
        lab = LoopbackConnector("lab", world, node=sim)
        reader, writer = lab.create_reader(A, int), lab.create_writer(A, int)
        taken = LoopbackConnector("lab", node=sim)
        taken.register_with(sim)
        with pytest.raises(TaktoraError):  # an actor of that name is there
            lab.register_with(sim)
        taken.close()
        lab.register_with(sim)
        sim.start()
        sim.advance(1)
        writer.send(1)
        sim.run_until_idle()
        assert [one.value for one in reader] == [1]
        lab.close()


@pytest.mark.rule("LIVE-06")
@pytest.mark.parametrize("running", [False, True])
def test_actors_that_had_begun_are_gone_at_once(running: bool, world: LoopbackWorld) -> None:
    with SimulatedExecutor() as sim:
        if running:
            sim.start()
        taken = sim.add(every(1)(lambda: None), id="lab/gateway")
        lab = LoopbackConnector("lab", world, node=sim)
        writer = lab.create_writer(A, int)
        for _ in range(2):
            with pytest.raises(DuplicateItem, match="'lab/gateway'"):
                lab.register_with(sim)
        taken.stop()
        lab.register_with(sim)
        if not running:
            sim.start()
        sim.advance(1)
        writer.send(1)
        sim.run_until_idle()
        assert len(world.arrived("a")) == 1
        lab.close()


@pytest.mark.rule("LIVE-06")
def test_after_registering_failed_it_belongs_to_no_executor(world: LoopbackWorld) -> None:
    with SimulatedExecutor() as first, SimulatedExecutor() as second:
        first.add(every(1)(lambda: None), id="lab/a.out")  # the id that its own actor wants
        lab = LoopbackConnector("lab", world)
        lab.carry(A, Direction.OUT)
        with pytest.raises(DuplicateItem):
            lab.register_with(first)
        lab.register_with(second)
        second.start()
        second.advance(1)
        spy = second.channel("a.out", bytes).subscriber()
        lab.create_writer(A, int).send(1)
        second.run_until_idle()
        assert len(world.arrived("a")) == len(list(spy)) == 1
        lab.close()


@pytest.mark.rule("LIVE-07")
def test_two_connectors_live_on_one_executor(sim: SimulatedExecutor) -> None:
    worlds = [LoopbackWorld(), LoopbackWorld()]
    labs = [LoopbackConnector(f"lab{n}", one, node=sim) for n, one in enumerate(worlds)]
    writers = [lab.create_writer(ChannelDescriptor(f"{lab.name}/a"), int) for lab in labs]
    for lab in labs:
        lab.register_with(sim)
    sim.start()
    sim.advance(1)
    worlds[0].cut()
    sim.advance(0.01)
    assert isinstance(labs[0].health, Down)
    assert isinstance(labs[1].health, Up)
    with pytest.raises(ConnectorDown):
        writers[0].send(1)
    writers[1].send(1)
    sim.run_until_idle()
    labs[0].close()
    writers[1].send(2)
    sim.run_until_idle()
    assert [one.payload for one in worlds[1].arrived("lab1/a")] == [b"1", b"2"]
    labs[1].close()


# --- closing ------------------------------------------------------------------------------------

STATES = {
    "made": lambda lab, world, sim: None,
    "with ports": lambda lab, world, sim: None,
    "registered": lambda lab, world, sim: lab.register_with(sim),
    "serving": lambda lab, world, sim: lab.serve_with(sim),
    "connecting": lambda lab, world, sim: (lab.register_with(sim), sim.start()),
    "up": lambda lab, world, sim: (lab.register_with(sim), sim.start(), sim.advance(1)),
    "degraded": lambda lab, world, sim: (
        lab.register_with(sim),
        sim.start(),
        sim.advance(1),
        world.degrade("tired"),
        sim.run_until_idle(),
    ),
    "down": lambda lab, world, sim: (
        world.cut(),
        lab.register_with(sim),
        sim.start(),
        sim.advance(0.15),
    ),
}


@pytest.mark.rule("LIVE-08")
@pytest.mark.parametrize("state", STATES)
def test_close_in_every_state_ends_down_with_one_lawful_story(
    sim: SimulatedExecutor, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = LoopbackWorld()
    lab = LoopbackConnector("lab", world, node=sim)
    if state != "made":
        lab.create_writer(A, int)
        lab.create_reader(A, int)
    health = lab.subscribe_health()
    STATES[state](lab, world, sim)
    lab.close()
    lab.close()
    assert lab.closed
    assert isinstance(lab.health, Down)
    events = list(health)
    assert isinstance(events[-1].to, Down)
    assert all(one.to == two.from_ for one, two in pairwise(events))
    assert not sim.stats().ports
    assert "closed" in repr(lab)
    again = LoopbackConnector("lab", world, node=sim)  # everything it had is free
    again.serve_with(sim)
    again.create_writer(A, int)
    if state not in ("made", "with ports", "registered", "serving"):
        world.mend()
        sim.advance(1)
        assert isinstance(again.health, Up)
    again.close()
    assert "raised" not in caplog.text


@pytest.mark.rule("LIVE-08")
def test_close_after_the_executor_was_closed() -> None:
    sim = SimulatedExecutor()
    lab = LoopbackConnector("lab", node=sim)
    writer = lab.create_writer(A, int)
    lab.register_with(sim)
    sim.start()
    sim.advance(1)
    sim.close()
    assert isinstance(lab.health, Down)
    with pytest.raises((PortClosed, ConnectorDown)):
        writer.send(1)
    lab.close()
    assert lab.closed


@pytest.mark.rule("LIVE-09")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("serve", [False, True])
def test_close_by_an_item_does_not_wait_and_closes_all(
    make_executor: Callable[..., Any], workers: int, serve: bool
) -> None:
    executor = make_executor(worker_threads=workers)
    world = LoopbackWorld()
    lab = LoopbackConnector("lab", world, node=executor)
    health = lab.subscribe_health()
    writer = lab.create_writer(A, int)
    (lab.serve_with if serve else lab.register_with)(executor)
    raised: list[BaseException] = []
    done: list[bool] = []

    def end() -> None:
        if isinstance(lab.health, Up) and not done:
            try:
                lab.close()
                lab.close()
            except BaseException as error:
                raised.append(error)
            done.append(lab.closed)

    executor.add(every(0.005)(end))
    with driven(executor):
        eventually(executor, lambda: done)
        eventually(executor, lambda: isinstance(lab.health, Down))
        again = LoopbackConnector("lab", world, node=executor)

        def is_free() -> bool:
            try:
                (again.serve_with if serve else again.register_with)(executor)
            except TaktoraError:
                return False
            return True

        eventually(executor, is_free)
        eventually(executor, lambda: isinstance(again.health, Up))
        again.close()
    assert raised == []
    assert done == [True]
    assert writer.closed
    assert isinstance(list(health)[-1].to, Down)


@pytest.mark.rule("LIVE-09")
@pytest.mark.parametrize("workers", [0, 2])
def test_close_by_the_item_that_a_reader_wakes(
    make_executor: Callable[..., Any], workers: int
) -> None:
    executor = make_executor(worker_threads=workers)
    world = LoopbackWorld(echo=True)
    lab = LoopbackConnector("lab", world, node=executor)
    reader = lab.create_reader(A, int)
    lab.register_with(executor)
    got: list[int] = []

    def take() -> None:
        for one in reader:
            got.append(one.value)
            lab.close()
            return

    executor.add(on(reader)(take))
    with driven(executor):
        world.send("a", b"1")
        world.send("a", b"2")
        eventually(executor, lambda: lab.closed and isinstance(lab.health, Down))
    assert got == [1]


@pytest.mark.rule("LIVE-10")
def test_after_close_everything_says_so(sim: SimulatedExecutor) -> None:
    lab = LoopbackConnector("lab", node=sim)
    lab.describe(A)
    writer, reader = lab.create_writer(A, int), lab.create_reader(A, int)
    lab.close()
    for call in (
        lambda: lab.create_writer(A, int),
        lambda: lab.create_writer("a", int),
        lambda: lab.create_reader("nothing", int),
        lambda: lab.carry(A, Direction.OUT),
        lambda: lab.describe(A),
        lambda: lab.subscribe_health(),
        lambda: lab.register_with(sim),
        lambda: lab.serve_with(sim),
    ):
        with pytest.raises(ConnectorClosed, match="'lab' was closed; make a new one"):
            call()
    with pytest.raises(PortClosed):
        writer.send(1)
    with pytest.raises(PortClosed):
        reader.try_recv()
    assert sorted(lab.stats()) == ["in a", "out a"]
    assert isinstance(lab.health, Down)


# --- where it runs ------------------------------------------------------------------------------


@pytest.mark.rule("LIVE-11")
def test_without_a_node_it_has_one_of_its_own_in_the_domain_of_the_environment(
    make_executor: Callable[..., Any], domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKTORA_DOMAIN", domain)
    world = LoopbackWorld(echo=True)
    executor = make_executor()
    with LoopbackConnector("lab", world) as lab:
        writer, reader = lab.create_writer(A, int), lab.create_reader(A, int)
        lab.register_with(executor)
        with Runner(executor):
            eventually(executor, lambda: isinstance(lab.health, Up))
            writer.send(1)
            eventually(executor, lambda: world.arrived("a"))
            eventually(executor, reader.try_recv)


@pytest.mark.rule("LIVE-11")
def test_its_own_node_is_closed_with_it(domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTORA_DOMAIN", domain)
    lab = LoopbackConnector("lab")
    lab.create_writer(A, int)
    assert leftovers(domain)
    lab.close()
    assert not leftovers(domain)


@pytest.mark.rule("LIVE-11")
def test_ports_of_its_own_node_are_not_served_in_another_domain_or_a_simulation(
    make_executor: Callable[..., Any],
    domain: str,
    monkeypatch: pytest.MonkeyPatch,
    sim: SimulatedExecutor,
) -> None:
    monkeypatch.setenv("TAKTORA_DOMAIN", f"{domain}y")
    executor = make_executor()
    with LoopbackConnector("lab") as lab:
        lab.create_writer(A, int)
        before = lab.health
        with pytest.raises(ConnectorError, match=rf"in domain '{domain}y', and .*'{domain}'"):
            lab.register_with(executor)
        with pytest.raises(ConnectorError, match="in a simulation: register it first"):
            lab.serve_with(sim)
        assert lab.health == before


@pytest.mark.rule("LIVE-11")
def test_registered_first_it_is_where_its_executor_is(sim: SimulatedExecutor) -> None:
    lab = LoopbackConnector("lab")
    lab.register_with(sim)
    sim.start()
    sim.advance(1)
    lab.create_writer(A, int).send(1)
    assert isinstance(lab.health, Up)
    lab.close()
