"""The plug-in's side: ports, registering, closing."""

from __future__ import annotations

import threading

import pytest
from attrs import frozen

import taktora
from taktora.actors.item import item
from taktora.connectors import (
    BackPressure,
    ChannelDescriptor,
    ConnectorClosed,
    ConnectorDown,
    ConnectorError,
    InvalidDescriptor,
)
from taktora.connectors.codecs import JsonCodec, RawCodec
from taktora.connectors.connector import Connector
from taktora.connectors.link import Direction
from taktora.connectors.remote import RemoteConnector
from taktora.errors import (
    DuplicateItem,
    InvalidArgument,
    LimitsMismatch,
    PortClosed,
    TaktoraError,
    WrongType,
)
from taktora.testing import SimulatedExecutor
from tests.runtimes import eventually

from .links import AConnector, ALink, Bench

C = ChannelDescriptor("c", max_payload=64)


@frozen
class Elsewhere:
    """A routing."""

    place: int

    @property
    def is_routing(self) -> bool:
        return True


class Routed(AConnector):
    Routing = Elsewhere


# --- what it is made with ---------------------------------------------------------------------------


@pytest.mark.rule("GATE-40")
@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"name": ""}, InvalidArgument, "must not be empty"),
        ({"name": 3}, WrongType, "must be a string, not 3"),
        ({"queue": 0}, InvalidArgument, "'lab': queue must be 1 or more, not 0"),
        ({"queue": True}, WrongType, "'lab': queue must be an integer, not True"),
        ({"heartbeat": 1, "stale_after": 1}, InvalidArgument, "must be longer than heartbeat"),
        ({"heartbeat": 0}, InvalidArgument, "heartbeat"),
        ({"connect_timeout": -1}, InvalidArgument, "connect_timeout"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made(arguments, error, text):
    with pytest.raises(error, match=text) as caught:
        AConnector(**arguments)
    assert isinstance(caught.value, TaktoraError)


@pytest.mark.rule("GATE-40")
def test_a_connector_without_a_link_says_what_is_missing():
    with pytest.raises(NotImplementedError, match=r"Connector must define make_link"):
        Connector("lab").register_with(SimulatedExecutor())


# --- ports ------------------------------------------------------------------------------------------


@pytest.mark.rule("GATE-41")
@pytest.mark.parametrize("before", [True, False])
def test_ports_work_whether_made_before_or_after_registering(bench_of, before):
    bench = bench_of()
    if before:
        writer, reader = bench.writer(), bench.reader()
    bench.begin()
    if not before:
        writer, reader = bench.writer(), bench.reader()
    writer.send(b"out")
    bench.link.session.received("c", b"in", correlation_id=b"7")
    bench.executor.run_until_idle()
    assert bench.link.sent == [b"out"]
    received = reader.try_recv()
    assert (received.value, received.correlation_id) == (b"in", b"7".ljust(32, b"\0"))
    assert sorted(bench.link.channels, key=str) == sorted(
        [("c", Direction.OUT), ("c", Direction.IN)], key=str
    )


@pytest.mark.rule("GATE-42")
def test_a_channel_leads_to_one_place(bench_of):
    executor = SimulatedExecutor()
    connector = Routed(node=executor)
    here, there = (ChannelDescriptor("c", Elsewhere(n), max_payload=64) for n in (1, 2))
    connector.create_reader(here, bytes)
    ports = len(connector.stats())
    with pytest.raises(InvalidDescriptor, match=r"'c' is in use with another routing: .*place=1"):
        connector.create_reader(there, bytes)
    assert len(connector.stats()) == ports
    held = []  # with their tracebacks, which hold what those frames held
    for _ in range(100):  # a reader that was refused does not take up a place
        with pytest.raises(InvalidDescriptor) as caught:
            connector.create_reader(there, bytes)
        held.append(caught.value)
    connector.create_reader(here, bytes)
    connector.create_writer(there, bytes)  # the other direction is another way
    connector.close()
    executor.close()


@pytest.mark.rule("GATE-42")
def test_a_routing_of_another_protocol_is_refused(bench):
    with pytest.raises(InvalidDescriptor, match=r"'lab' needs a NoRouting, not Elsewhere"):
        bench.connector.create_writer(ChannelDescriptor("c", Elsewhere(1)), bytes)
    with pytest.raises(WrongType, match=r"expected a ChannelDescriptor, not 3"):
        bench.connector.create_writer(3, bytes)


@pytest.mark.rule("GATE-42")
def test_a_channel_that_the_link_refuses_leaves_nothing_behind(bench):
    def refuses(_: object) -> None:
        raise InvalidDescriptor("leads nowhere")

    bench.link.adding = refuses
    for make in (bench.writer, bench.reader):
        with pytest.raises(InvalidDescriptor, match="leads nowhere"):
            make()
    assert bench.connector.stats() == {}
    bench.link.adding = lambda _: None
    bench.writer().send(b"1")
    bench.executor.run_until_idle()
    assert bench.link.sent == [b"1"]


@pytest.mark.rule("GATE-42")
def test_a_channel_has_one_size(bench):
    bench.writer()
    with pytest.raises(LimitsMismatch):
        bench.connector.create_writer(ChannelDescriptor("c", max_payload=65), bytes)


@pytest.mark.rule("GATE-43")
def test_channels_that_were_described_are_known_by_name(bench):
    bench.connector.describe(C, JsonCodec())
    bench.connector.create_writer("c", dict).send({"a": 1})
    bench.connector.create_writer("c", bytes, codec=RawCodec()).send(b"raw")
    bench.executor.run_until_idle()
    assert bench.link.sent == [b'{"a":1}', b"raw"]
    with pytest.raises(InvalidDescriptor, match=r"no channel 'd' was described; known: c"):
        bench.connector.create_reader("d", dict)


@pytest.mark.rule("GATE-43")
def test_every_port_has_numbers_of_its_own(bench):
    first, second, _ = bench.writer(), bench.writer(), bench.reader()
    first.send(b"1")
    second.send(b"22")
    stats = bench.connector.stats()
    assert list(stats) == ["out c", "out c #2", "in c"]
    assert [one.bytes for one in stats.values()] == [1, 2, 0]


@pytest.mark.rule("GATE-43")
def test_a_writer_of_a_connector_that_nobody_runs_says_so():
    executor = SimulatedExecutor()
    connector = AConnector(node=executor)
    with pytest.raises(ConnectorDown, match="no gateway reads what it sends"):
        connector.create_writer(C, bytes).send(b"")
    connector.close()
    executor.close()


@pytest.mark.rule("GATE-41")
def test_many_threads_make_ports_of_one_channel():
    bench = Bench()
    bench.connector.register_with(bench.executor)
    gate, failed = threading.Barrier(8), []

    def makes() -> None:
        gate.wait()
        try:
            bench.writer()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=makes) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(bench.connector.stats()) == 8
    assert bench.link.channels == [("c", Direction.OUT)]
    bench.connector.close()
    bench.executor.close()


# --- registering ------------------------------------------------------------------------------------


@pytest.mark.rule("GATE-44")
def test_it_is_registered_once(bench):
    with pytest.raises(ConnectorError, match=r"'lab' is registered with .* already"):
        bench.connector.register_with(bench.executor)


@pytest.mark.rule("GATE-44")
def test_two_connectors_live_on_one_executor_and_two_of_a_name_do_not(bench):
    other = AConnector(name="other", node=bench.executor)
    other.register_with(bench.executor)
    other.create_writer(ChannelDescriptor("d", max_payload=64), bytes).send(b"d")
    bench.writer().send(b"c")
    bench.executor.run_until_idle()
    assert (bench.link.sent, other.link.sent) == ([b"c"], [b"d"])
    twin = AConnector(node=bench.executor)
    with pytest.raises(DuplicateItem, match="'lab/gateway'"):
        twin.register_with(bench.executor)
    other.close()
    bench.writer().send(b"still")
    bench.executor.run_until_idle()
    assert bench.link.sent == [b"c", b"still"]


@pytest.mark.rule("GATE-44")
def test_registering_that_fails_is_as_if_it_had_not_been_tried(bench_of):
    bench = bench_of()
    bench.reader()
    bench.writer("d")

    def refuses(descriptor: ChannelDescriptor) -> None:
        if descriptor.name == "d":
            raise InvalidDescriptor("leads nowhere")

    bench.link.adding = refuses
    with pytest.raises(InvalidDescriptor, match="leads nowhere"):
        bench.connector.register_with(bench.executor)
    bench.executor.run_until_idle()
    bench.link.adding = lambda _: None
    bench.begin()
    assert bench.state == "Up"


# --- the end ----------------------------------------------------------------------------------------


@pytest.mark.rule("GATE-45")
@pytest.mark.parametrize("state", ["made", "registered", "up", "down", "trying", "executor closed"])
def test_it_can_be_closed_in_any_state(state):
    link = ALink()
    if state == "trying":
        link.opening = lambda _: None
    bench = Bench(link)
    writer, reader = bench.writer(), bench.reader()
    if state != "made":
        bench.connector.register_with(bench.executor)
    if state not in ("made", "registered"):
        bench.executor.run_until_idle()
    if state == "down":
        link.session.down("gone")
        bench.executor.run_until_idle()
    if state == "executor closed":
        bench.executor.close()
    bench.connector.close()
    bench.connector.close()
    assert (bench.connector.closed, bench.state) == (True, "Down")
    assert link.calls.count("close") >= link.calls.count("open")
    for use in (
        lambda: writer.send(b""),
        reader.try_recv,
        lambda: bench.connector.create_writer(C, bytes),
        lambda: bench.connector.create_reader(C, bytes),
        lambda: bench.connector.create_reader("c", bytes),
        lambda: bench.connector.describe(C),
        lambda: bench.connector.carry(C, Direction.IN),
        bench.connector.subscribe_health,
        lambda: bench.connector.register_with(bench.executor),
        lambda: bench.connector.serve_with(bench.executor),
    ):
        with pytest.raises((ConnectorClosed, PortClosed)):
            use()
    assert "'lab', closed" in repr(bench.connector)
    bench.executor.close()


@pytest.mark.rule("GATE-45")
def test_closing_says_down_to_whoever_follows_health(bench):
    bench.connector.close()
    assert bench.states() == ["Up", "Down"]
    bench.executor.advance(1)
    assert bench.states() == []


@pytest.mark.rule("GATE-45")
def test_another_connector_takes_the_closed_ones_place(bench):
    bench.connector.close()
    other = AConnector(node=bench.executor)
    other.register_with(bench.executor)
    other.create_writer(C, bytes).send(b"new")
    bench.executor.run_until_idle()
    assert other.link.sent == [b"new"]
    other.close()


@pytest.mark.rule("GATE-45")
@pytest.mark.real
def test_an_actor_closes_the_connector_that_its_own_executor_runs(domain):
    with taktora.Executor(domain=domain) as executor, taktora.Runner(executor):
        connector = AConnector(node=executor)
        connector.register_with(executor)
        connector.create_writer(C, bytes)
        eventually(executor, lambda: type(connector.health).__name__ == "Up")
        executor.add(item(connector.close, id="closer")).tell("now")
        eventually(executor, lambda: type(connector.health).__name__ == "Down")
        eventually(executor, lambda: connector.link.calls[-1] == "close")


@pytest.mark.rule("GATE-41", "GATE-46")
@pytest.mark.real
def test_without_a_node_it_has_one_of_its_own_and_values_go_both_ways():
    executor = taktora.Executor()
    connector = AConnector(name="own-node")
    c = ChannelDescriptor("own-node/c", max_payload=64)
    writer, reader = connector.create_writer(c, bytes), connector.create_reader(c, bytes)
    woken = threading.Event()
    executor.add(item(woken.set, triggers=lambda on: on.subscriber(reader), id="woken"))
    connector.register_with(executor)
    with executor, taktora.Runner(executor):
        eventually(executor, lambda: type(connector.health).__name__ == "Up")
        writer.send(b"out")
        eventually(executor, lambda: connector.link.sent == [b"out"])
        connector.link.session.received(c.name, b"in")
        eventually(executor, woken)
        assert reader.try_recv().value == b"in"
        connector.close()
    assert connector._home.node().closed


@pytest.mark.rule("GATE-46")
def test_ports_that_an_executor_could_not_serve_are_no_secret(domain):
    connector = AConnector(name="own-node")
    connector.create_reader(ChannelDescriptor("own-node/d", max_payload=64), bytes)
    simulated = SimulatedExecutor()
    with pytest.raises(ConnectorError, match=r"is in a simulation: register it first, or make it"):
        connector.register_with(simulated)
    with (
        taktora.Executor(domain=domain) as executor,
        pytest.raises(ConnectorError, match=r"in domain None, and .* is in domain 't"),
    ):
        connector.register_with(executor)
    connector.close()
    simulated.close()


@pytest.mark.rule("GATE-45")
@pytest.mark.real
def test_closing_while_writers_and_the_world_are_busy_stops_nobody_else(domain):
    for _ in range(5):
        with taktora.Executor(domain=domain, worker_threads=1) as executor:
            connector = AConnector(name="busy", node=executor)
            connector.register_with(executor)
            writer, reader = connector.create_writer(C, bytes), connector.create_reader(C, bytes)
            with taktora.Runner(executor):
                eventually(executor, lambda c=connector: type(c.health).__name__ == "Up")
                session, stop = connector.link.session, threading.Event()

                def writes(writer=writer, stop=stop) -> None:
                    while not stop.is_set():
                        try:
                            writer.send(b"x")
                        except BackPressure:
                            pass
                        except (ConnectorDown, ConnectorClosed, PortClosed):
                            return

                def talks(session=session, stop=stop) -> None:
                    while not (stop.is_set() or session.over):
                        session.received("c", b"y")

                threads = [threading.Thread(target=one) for one in (writes, talks)]
                for thread in threads:
                    thread.start()
                eventually(executor, lambda c=connector: len(c.link.sent) > 20)
                eventually(executor, lambda reader=reader: reader.try_recv())
                connector.close()
                stop.set()
                for thread in threads:
                    thread.join()
                assert executor.running


@pytest.mark.rule("GATE-47")
def test_a_connector_whose_gateway_is_elsewhere_serves_nobody():
    executor = SimulatedExecutor()
    connector = RemoteConnector("lab", node=executor)
    with pytest.raises(ConnectorError, match="'lab' has its gateway elsewhere"):
        connector.serve_with(executor)
    connector.create_reader(ChannelDescriptor("c", Elsewhere(3)), bytes)  # any protocol's routing
    connector.close()
    executor.close()
