"""What makes a gateway reaches its process as it is, or is refused by name before anything begins."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from taktora import Executor
from taktora.connectors import (
    ChannelDescriptor,
    Connecting,
    Connector,
    ConnectorClosed,
    ConnectorError,
    Direction,
    ExponentialBackoff,
    InvalidDescriptor,
    LoopbackConnector,
    LoopbackOptions,
    LoopbackWorld,
)
from taktora.connectors.handover import (
    VERSION,
    Carried,
    Handover,
    Order,
    carried,
    decode,
    descriptor_of,
    encode,
    import_kind,
    importable,
    made_of,
)
from taktora.connectors.loopback import Outage
from taktora.connectors.own_process import prepared
from taktora.connectors.policies import recipe_of
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.connectors.reports import LONGEST, Failed, Logged, Printed
from taktora.connectors.reports import decode as decode_report
from taktora.connectors.reports import encode as encode_report
from taktora.errors import InvalidArgument, WrongType
from taktora.ipc import Node
from taktora.testing import SimulatedExecutor
from tests.connectors.process.planted import Link, Options, Planted


class Thrice:
    """A policy of the tests' own."""

    def __init__(self, left: int = 3) -> None:
        self.left = left

    def next_delay(self) -> timedelta | None:
        self.left -= 1
        return timedelta(seconds=1) if self.left >= 0 else None

    def reset(self) -> None:
        self.left = 3


@frozen
class Bits:
    """A routing."""

    offset: int
    names: tuple[str, ...] = ()

    @property
    def is_routing(self) -> bool:
        return True


class Routed(Planted):
    Routing: ClassVar[type[Any]] = Bits


def told(**given: Any) -> Handover:
    """What a process is told of a loopback connector."""
    facts: dict[str, Any] = {
        "queue": 64,
        "heartbeat": 100_000_000,
        "stale_after": 500_000_000,
        "connect_timeout": 30_000_000_000,
        "linger": 0,
        "policy": None,
        "checksum": "header",
        "domain": "rig-2",
        "process": None,
    } | given
    options = facts.pop("options", LoopbackOptions())
    kind = facts.pop("kind", LoopbackConnector)
    return prepared(kind, "lab", options, **facts)


@pytest.mark.rule("PROC-02")
def test_everything_arrives_as_it_is():
    options = LoopbackOptions(
        echo=False, room=3, delay=timedelta(milliseconds=5), outages=(Outage(1.5, 0.25),)
    )
    process = ProcessAttributes(fifo_priority=80, cpus=(0,), lock_memory=True, freeze_gc=True)
    channel = carried(ChannelDescriptor("a", Bits(3, ("x",)), 17), Direction.IN, Bits)
    sent = evolve(
        told(options=options, policy=ExponentialBackoff(0.2, 7, 3, seed=4), process=process),
        channels=(channel,),
        instance="abc",
    )
    came = decode(encode(sent), Handover)
    assert came == sent
    assert import_kind(came.kind) is LoopbackConnector
    again = made_of(came.options, LoopbackOptions)
    assert (again.echo, again.room) == (False, 3)
    assert again.delay == timedelta(milliseconds=5)
    assert again.outages == (Outage(timedelta(seconds=1.5), timedelta(seconds=0.25)),)
    assert descriptor_of(came.channels[0], Bits) == ChannelDescriptor("a", Bits(3, ("x",)), 17)
    assert came.channels[0].direction is Direction.IN
    assert came.path == tuple(sys.path)
    assert (came.plugin, came.domain, came.queue, came.checksum) == (
        os.getpid(),
        "rig-2",
        64,
        "header",
    )
    mine, its = ExponentialBackoff(0.2, 7, 3, seed=4), came.reconnect.make()
    assert [mine.next_delay() for _ in range(9)] == [its.next_delay() for _ in range(9)]


@pytest.mark.rule("PROC-02")
def test_another_policy_arrives_pickled_and_is_made_as_often_as_needed():
    recipe = decode(encode(told(policy=Thrice(2))), Handover).reconnect
    for _ in range(2):
        policy = recipe.make()
        assert type(policy) is Thrice
        delays = [policy.next_delay() for _ in range(3)]
        assert delays == [timedelta(seconds=1), timedelta(seconds=1), None]


@pytest.mark.rule("PROC-02")
def test_without_a_policy_there_is_the_default_one():
    assert recipe_of(None).make().arguments == ExponentialBackoff().arguments


@pytest.mark.rule("PROC-02")
@given(
    st.builds(
        ExponentialBackoff,
        st.floats(0.001, 1),
        st.floats(1, 1000),
        st.floats(1, 10),
        jitter=st.floats(0, 1),
        max_attempts=st.none() | st.integers(0, 100),
        seed=st.none() | st.integers(0, 2**32),
    )
)
def test_every_backoff_arrives_with_its_settings(policy):
    recipe = recipe_of(policy)
    assert recipe.make().arguments == policy.arguments


@pytest.mark.rule("PROC-02")
@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_durations_arrive_to_the_microsecond_and_what_is_not_zero_stays_so(heartbeat, linger):
    came = decode(encode(told(heartbeat=heartbeat, linger=linger)), Handover)
    for sent, its in ((heartbeat, came.heartbeat), (linger, came.linger)):
        assert its > timedelta(0)
        assert abs(its / timedelta(microseconds=1) - max(sent / 1000, 1)) <= 0.5


@pytest.mark.rule("PROC-02")
@given(
    st.sampled_from(Direction),
    st.integers(1, 2**32 - 65),
    st.builds(Bits, st.integers(-(2**63), 2**63), st.lists(st.text(max_size=5)).map(tuple)),
)
def test_orders_arrive(direction, size, routing):
    try:
        order = Order(carry=carried(ChannelDescriptor("a", routing, size), direction, Bits))
    except InvalidArgument:  # half a character
        assert any(ord(one) >= 0xD800 for name in routing.names for one in name) or (
            routing.offset == 2**63
        )
        return
    came = decode(encode(order), Order)
    assert came == order
    assert came.carry is not None
    assert descriptor_of(came.carry, Bits) == ChannelDescriptor("a", routing, size)
    assert decode(encode(Order(leave=True)), Order) == Order(leave=True)


@pytest.mark.rule("PROC-02")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense\n", "no line of a connector"),
        (b"{}\n", "version None of the handover, not 1"),
        (b'{"version": 2}\n', "version 2 of the handover, not 1"),
        (b'{"version": 1}\n', "plugin: is missing"),
        (b"[]\n", "must be a table"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(line, words):
    assert VERSION == 1
    with pytest.raises(InvalidArgument, match=words):
        decode(line, Handover)


class Unpicklable(Thrice):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


def local() -> type[Connector]:
    class Local(Planted):
        pass

    return Local


@frozen
class Sink:
    to: Any = None


class WithSink(Planted):
    Options: ClassVar[type[Any]] = Sink

    def make_link(self) -> Any:
        return Link(Options())


def program(name: str, base: type[Any]) -> type[Any]:
    made = type(name, (base,), {})
    made.__module__ = "__main__"
    return made


@pytest.mark.rule("PROC-05")
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": local()}, "Local is defined where no import finds it"),
        ({"kind": program("Mine", Planted)}, "Mine is defined in the program that was started"),
        ({"policy": Unpicklable()}, "reconnect: .* cannot be pickled"),
        ({"policy": program("Own", Thrice)()}, "reconnect: Own is defined in the program"),
        ({"kind": WithSink, "options": Sink(print)}, "options.to: is <built-in function print>"),
        ({"kind": WithSink, "options": Sink((1, {"a": b"x"}))}, r"options.to\[1\].a: is b'x'"),
        ({"options": Options()}, "options: is Options.* and no LoopbackOptions"),
        ({"options": LoopbackOptions(delay=1.5e-7)}, "options.delay: .* microseconds"),
    ],
)
def test_what_cannot_be_handed_over_is_named_and_so_is_the_way_out(given, words):
    with pytest.raises(ConnectorError, match=words) as refused:
        told(**given)
    assert 'gateway="here"' in str(refused.value)
    assert "connector 'lab'" in str(refused.value)


@pytest.mark.rule("PROC-05")
def test_where_there_is_no_interpreter_to_start_it_is_said(monkeypatch):
    monkeypatch.setattr(sys, "executable", None)
    with pytest.raises(ConnectorError, match=r"sys.executable names none"):
        told()


@pytest.mark.rule("PROC-05")
def test_registering_what_cannot_be_handed_over_is_as_if_it_had_not_been_tried(domain):
    with (
        Executor(domain=domain) as executor,
        WithSink("lab", gateway="own process", node=executor) as lab,
    ):
        lab.options = Sink(print)
        before = lab.health
        with pytest.raises(ConnectorError, match=r"options.to"):
            lab.register_with(executor)
        assert lab.health == before
        assert isinstance(before, Connecting)
        assert executor.stats().items == {}
        lab.options = Sink("a file")
        lab.register_with(executor)
        with pytest.raises(ConnectorError, match="already"):
            lab.register_with(executor)


@pytest.mark.rule("PROC-05")
def test_a_routing_that_leads_nowhere_is_refused_here_and_now(domain):
    with (
        Executor(domain=domain) as executor,
        Planted("lab", gateway="own process", node=executor) as lab,
    ):
        nowhere = ChannelDescriptor("nowhere")
        writer = lab.create_writer(nowhere, int)
        with pytest.raises(InvalidDescriptor, match="leads nowhere"):
            lab.register_with(executor)
        writer.close()
        lab._channels.clear()
        lab.register_with(executor)
        for make in (lab.create_writer, lab.create_reader):
            with pytest.raises(InvalidDescriptor, match="leads nowhere"):
                make(nowhere, int)
        with pytest.raises(InvalidDescriptor, match="leads nowhere"):
            lab.carry(nowhere, Direction.OUT)


@pytest.mark.rule("PROC-05")
def test_a_routing_that_cannot_be_told_is_refused(domain):
    class Finer(Bits):
        pass

    with (
        Executor(domain=domain) as executor,
        Routed("lab", gateway="own process", node=executor) as lab,
    ):
        lab.register_with(executor)
        with pytest.raises(
            InvalidDescriptor, match=r"channel 'a' .* routing: is .*Finer.* no Bits"
        ):
            lab.create_writer(ChannelDescriptor("a", Finer(1)), int)
        lab.create_writer(ChannelDescriptor("a", Bits(1)), int)


@pytest.mark.rule("PROC-05")
def test_a_simulation_has_no_processes():
    with (
        SimulatedExecutor() as sim,
        LoopbackConnector("lab", gateway="own process", node=sim) as lab,
        pytest.raises(ConnectorError, match=r"simulation: make it with gateway=\"here\""),
    ):
        lab.register_with(sim)


@pytest.mark.rule("PROC-05")
def test_ports_in_another_domain_are_out_of_reach(domain):
    with (
        Node(domain=f"{domain}-b") as node,
        Executor(domain=domain) as executor,
        LoopbackConnector("lab", gateway="own process", node=node) as lab,
        pytest.raises(ConnectorError, match=f"'{domain}-b'.*'{domain}'.*both in one"),
    ):
        lab.register_with(executor)


@pytest.mark.rule("PROC-05")
def test_a_world_of_this_process_is_out_of_reach():
    with pytest.raises(InvalidArgument, match="leave the world out"):
        LoopbackConnector("lab", LoopbackWorld(), gateway="own process")


@pytest.mark.rule("PROC-01")
def test_where_a_gateway_lives_is_said_in_two_ways_that_may_not_contradict():
    assert Planted("a").gateway == "here"
    assert Planted("a").in_process
    assert Planted("a", in_process=False).gateway == "elsewhere"
    assert Planted("a", gateway="own process").in_process is False
    assert Planted("a", gateway="elsewhere", in_process=False).gateway == "elsewhere"
    for both in (
        {"gateway": "here", "in_process": False},
        {"gateway": "elsewhere", "in_process": True},
    ):
        with pytest.raises(InvalidArgument, match="contradict"):
            Planted("a", **both)
    with pytest.raises(InvalidArgument, match="'here', 'own process', 'elsewhere', not 'there'"):
        Planted("a", gateway="there")
    with pytest.raises(WrongType, match="in_process must be true or false"):
        Planted("a", in_process="no")
    with pytest.raises(WrongType, match="process must be ProcessAttributes"):
        Planted("a", process={"cpus": [1]})


@pytest.mark.rule("PROC-01")
def test_whoever_serves_is_the_gateway():
    with SimulatedExecutor() as sim, Planted("a", gateway="own process", node=sim) as lab:
        lab.serve_with(sim)
        assert lab.gateway == "here"
        sim.start()
        sim.run_until_idle()
        assert type(lab.health).__name__ == "Up"


@pytest.mark.rule("PROC-13")
@given(st.integers(0, 100), st.text(max_size=300), st.text(max_size=6000))
def test_a_line_of_a_log_fits_in_a_pipe_and_arrives_as_far_as_it_does(level, logger, text):
    for report in (Logged(level, logger, text), Failed(text)):
        line = encode_report(report)
        assert len(line) <= LONGEST
        assert line.count(b"\n") == 1
        came = decode_report(line)
        assert type(came) is type(report)
        said = came.text if isinstance(came, Logged) else came.reason
        assert said == text or (text.startswith(said[:-1]) and said.endswith("…"))


@pytest.mark.rule("PROC-13")
@given(
    st.binary(max_size=50) | st.sampled_from([b'{"taktora gateway": ["failed", 3]}', b"[" * 9999])
)
def test_whatever_else_is_printed_is_text(line):
    assert isinstance(decode_report(line), Printed)


def test_these_are_importable_themselves():
    assert importable(Planted) == "tests.connectors.process.planted:Planted"
    assert pickle.loads(pickle.dumps(Carried("a", Direction.IN, 1, {}))).name == "a"
    with pytest.raises(ConnectorClosed), Planted("a") as lab:
        lab.close()
        lab.register_with(None)
