"""``executor.topology()``: what runs, what wakes it, and what it can be seen to publish to."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import iceoryx2 as iox
import pytest

import taktora
from taktora import Actor, Executor, Item, TriggerDeclarer, every, on
from taktora.core.triggers import SubscriberTrigger
from taktora.describing import Record, describe
from taktora.errors import WrongType
from taktora.topology import ChannelNode, Edge, Topology, TriggerNode
from tests.runtimes import driven

pytestmark = pytest.mark.virtual

Make = Callable[..., Executor]


class Declared(Item):
    """An item with whatever triggers a test wants."""

    def __init__(self, declare: Callable[[TriggerDeclarer], object] = lambda on: None) -> None:
        self.declare_triggers = declare  # type: ignore[method-assign]


def published(topology: Topology) -> dict[str, set[str]]:
    """Channels by the node that publishes to them."""
    found: dict[str, set[str]] = {}
    for edge in topology.edges:
        if edge.kind == "publishes":
            found.setdefault(edge.source, set()).add(edge.target)
    return found


def raw_ones(listener: Any, read: int, on: TriggerDeclarer) -> None:
    on.listener(listener).fd(read)


# --- nodes ----------------------------------------------------------------------------------------


@pytest.mark.rule("TOPO-10", "TOPO-11", "TOPO-12")
@pytest.mark.real("a raw iceoryx2 listener")
def test_every_trigger_is_told_and_every_source_is_an_edge(make_executor: Make) -> None:
    executor = make_executor(name="rig")
    imu = executor.channel("imu", ctypes.c_double)
    add = executor.service("add", ctypes.c_int32, ctypes.c_int64)
    executor.channel("unused", bytes)
    subscriber, server, client = imu.subscriber(), add.server(), add.client()
    raw = executor.iceoryx_node
    event = raw.service_builder(iox.ServiceName.new("raw")).event().open_or_create()
    listener = event.listener_builder().create()
    read, write = os.pipe()
    try:
        executor.add(Declared(lambda on: on.interval(0.01).subscriber(subscriber)), id="both")
        executor.add(Declared(lambda on: on.deadline(subscriber, 0.05)), id="guard")
        executor.add(Declared(lambda on: on.server(server)), id="serves")
        executor.add(Declared(lambda on: on.client(client)), id="asks")
        executor.add(Declared(partial(raw_ones, listener, read)), id="raw")
        topology = executor.topology()
    finally:
        os.close(read)
        os.close(write)
        executor.close()
        del event, listener, raw
    assert topology.name == "rig"
    assert topology.triggers == {
        "both": (TriggerNode("interval", None, 10_000_000), TriggerNode("subscriber", "imu")),
        "guard": (TriggerNode("deadline_missed", "imu", None, 50_000_000),),
        "serves": (TriggerNode("server", "add"),),
        "asks": (TriggerNode("client", "add"),),
        "raw": (TriggerNode("listener"), TriggerNode("fd")),
    }
    assert [edge for edge in topology.edges if edge.kind == "wakes"] == [
        Edge("imu", "both", "wakes"),
        Edge("imu", "guard", "wakes"),
        Edge("add", "serves", "wakes"),
        Edge("add", "asks", "wakes"),
    ]
    assert topology.channels == (
        ChannelNode("imu", "channel", "c_double"),
        ChannelNode("add", "service", "c_int -> c_long"),
        ChannelNode("unused", "channel", "bytes"),
    )


@pytest.mark.rule("TOPO-10")
@pytest.mark.parametrize(("threads", "default"), [(0, "inline"), (2, "pool")])
def test_items_and_actors_are_nodes_with_their_placement(
    make_executor: Make, threads: int, default: str
) -> None:
    class Counter(Actor):
        pass

    executor = make_executor(worker_threads=threads)
    executor.add(Item(), id="one")
    executor.add(Item(), id="other", placement="inline")
    executor.spawn(Counter, id="counter")
    topology = executor.topology()
    assert [(node.id, node.kind, node.placement) for node in topology.nodes] == [
        ("one", "item", default),
        ("other", "item", "inline"),
        ("counter", "actor", default),
    ]


@pytest.mark.rule("TOPO-10")
def test_what_was_just_added_is_there_and_what_was_removed_is_not(executor: Executor) -> None:
    with driven(executor):
        executor.add(Declared(lambda on: on.interval(10)), id="new")
        assert executor.topology().node("new").triggers[0].period_ns == 10**10
        executor.scheduler.tell(taktora.Remove("new"))
        executor.scheduler.ask(taktora.Describe())
        assert executor.topology().nodes == ()


@pytest.mark.rule("TOPO-10")
@pytest.mark.real("threads that ask at once")
def test_any_thread_may_ask_while_others_add_and_items_run(executor: Executor) -> None:
    channel = executor.channel("c", ctypes.c_uint64)
    publisher = channel.publisher()
    asked = threading.Event()
    errors: list[BaseException] = []

    def add_many() -> None:
        try:
            for i in range(60):
                item = Declared(lambda on: on.interval(0.001))
                item.out = publisher  # type: ignore[attr-defined]
                item.seen = {}  # type: ignore[attr-defined]
                executor.add(item, id=f"added {i}")
        except BaseException as error:
            errors.append(error)
        finally:
            asked.set()

    with driven(executor):
        adder = threading.Thread(target=add_many)
        adder.start()
        while not asked.is_set():
            for node in executor.topology().nodes:
                assert node.triggers
        adder.join()
    assert errors == []
    assert len(executor.topology().nodes) == 60


@pytest.mark.rule("TOPO-15")
def test_a_label_is_the_id_or_what_its_author_called_it(executor: Executor) -> None:
    class Watchdog(Item):
        pass

    @every(1)
    def measure() -> None:
        pass

    @every(1, id="named")
    def control() -> None:
        pass

    for one in (measure, control, Watchdog, taktora.item(lambda: None)):
        executor.add(one)
    executor.add(Watchdog(), id="my watchdog")
    labels = [node.label for node in executor.topology().nodes]
    assert labels == ["measure", "named", "Watchdog", "item-2", "my watchdog"]


@pytest.mark.rule("TOPO-01")
def test_a_topology_outlives_its_executor_and_keeps_nothing_of_it_alive(
    make_executor: Make,
) -> None:
    executor = make_executor()
    item = Item()
    item.out = executor.channel("c", bytes).publisher()  # type: ignore[attr-defined]
    alive = weakref.ref(item)
    executor.add(item, id="one")
    topology = executor.topology()
    executor.close()
    assert executor.topology().nodes == ()
    del item, executor
    gc.collect()
    assert topology.node("one").label == "one"
    assert topology.channel("c").payload == "bytes"
    assert alive() is None


# --- channels -------------------------------------------------------------------------------------


@pytest.mark.rule("TOPO-12")
def test_a_channel_that_only_its_ports_know_any_more_is_told(executor: Executor) -> None:
    subscriber = executor.channel("imu", ctypes.c_double).subscriber()
    gc.collect()
    executor.add(Declared(lambda on: on.subscriber(subscriber)), id="one")
    assert executor.topology().channels == (ChannelNode("imu", "channel", "c_double"),)


@pytest.mark.rule("TOPO-12")
@pytest.mark.real("nodes of iceoryx2")
def test_channels_of_other_nodes_are_told_and_another_domain_is_named(
    executor: Executor, domain: str
) -> None:
    executor.channel("imu", ctypes.c_double)
    other = f"{domain}b"
    try:
        with taktora.Node(domain=domain) as same, taktora.Node(domain=other) as foreign:
            near = same.channel("near", bytes).subscriber()
            far = foreign.channel("imu", ctypes.c_float).subscriber()
            executor.add(Declared(lambda on: on.subscriber(near).subscriber(far)), id="one")
            topology = executor.topology()
            executor.close()
    finally:
        from tests.conftest import leftovers

        assert leftovers(other) == []
    far_id = f"imu ({other})"
    assert topology.channels == (
        ChannelNode("imu", "channel", "c_double"),
        ChannelNode("near", "channel", "bytes"),
        ChannelNode(far_id, "channel", "c_float"),
    )
    assert [edge.source for edge in topology.edges] == ["near", far_id]


# --- what is published ------------------------------------------------------------------------------


module_publisher: Any = None
module_other: Any = None


def module_helper() -> None:
    module_other.send_copy(1)


@pytest.fixture
def outs(executor: Executor) -> Iterator[list[Any]]:
    """Four publishers, on channels c0 to c3; the first two in this module's globals."""
    global module_publisher, module_other
    made = [executor.channel(f"c{i}", ctypes.c_uint64).publisher() for i in range(4)]
    module_publisher, module_other = made[:2]
    yield made
    module_publisher = module_other = None


@pytest.mark.rule("TOPO-13")
def test_publishers_are_seen_where_an_item_can_hold_them(
    executor: Executor, outs: list[Any]
) -> None:
    out = outs[2]

    class Attribute(Item):
        def __init__(self) -> None:
            self.out = out

    class InContainers(Item):
        def __init__(self) -> None:
            self.outs = {"a": [outs[0]], "b": (outs[1], {outs[2]})}

    class OfTheClass(Item):
        out = outs[3]

    class Slotted(Item):
        __slots__ = ("out",)

        def __init__(self) -> None:
            self.out = outs[1]

    class UsesGlobals(Item):
        def execute(self) -> None:
            module_publisher.send_copy(1)

    class Silent(Item):
        def execute(self) -> None:
            self.module_publisher = 1  # a name of an attribute is no global
            Attribute()

    class Plain(Actor):
        def __init__(self) -> None:
            super().__init__()
            self.out = out

    def closure() -> None:
        out.send_copy(1)

    def default(*, out: Any = outs[1]) -> None:
        out.send_copy(1)

    def uses_helper() -> None:
        module_helper()

    def nested() -> list[Any]:
        return [lambda: module_publisher.send_copy(1)]

    def given(_ctx: Any, out: Any) -> None:
        out.send_copy(1)

    class Machine:
        def __init__(self) -> None:
            self.out = outs[3]

        def step(self) -> None:
            pass

    def unset() -> None:
        later.send_copy(1)

    for name, item in {
        "attribute": Attribute(),
        "containers": InContainers(),
        "class": OfTheClass(),
        "slots": Slotted(),
        "globals": UsesGlobals(),
        "silent": Silent(),
        "closure": taktora.item(closure),
        "default": every(1)(default),
        "helper": taktora.item(uses_helper),
        "nested": taktora.item(nested),
        "partial": taktora.item(partial(given, out=outs[0])),
        "method": taktora.item(Machine().step),
        "unset": taktora.item(unset),
    }.items():
        executor.add(item, id=name)
    executor.spawn(Plain, id="actor")
    assert published(executor.topology()) == {
        "attribute": {"c2"},
        "containers": {"c0", "c1", "c2"},
        "class": {"c3"},
        "slots": {"c1"},
        "globals": {"c0"},
        "closure": {"c2"},
        "default": {"c1"},
        "helper": {"c1"},
        "nested": {"c0"},
        "partial": {"c0"},
        "method": {"c3"},
        "actor": {"c2"},
    }
    later: Any = None


@pytest.mark.rule("TOPO-13")
def test_a_client_is_something_to_send_with_unless_it_only_wakes(executor: Executor) -> None:
    service = executor.service("add", ctypes.c_int32, ctypes.c_int32)
    client, other = service.client(), service.client()

    class Asks(Item):
        def __init__(self) -> None:
            self.client = client

    class Listens(Item):
        def declare_triggers(self, on: TriggerDeclarer) -> None:
            on.client(other)

    executor.add(Asks(), id="asks")
    executor.add(Listens(), id="listens")
    executor.add(on(other, id="also listens")(lambda: None))
    assert published(executor.topology()) == {"asks": {"add"}}


@pytest.mark.rule("TOPO-13")
def test_a_function_of_another_module_is_not_looked_into(
    executor: Executor, outs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs: dict[str, Any] = {"out": outs[2]}
    exec("def module_helper():\n    out.send_copy(1)", theirs)
    monkeypatch.setitem(globals(), "module_helper", theirs["module_helper"])

    def uses_a_library() -> None:
        module_helper()

    executor.add(taktora.item(uses_a_library))
    assert published(executor.topology()) == {}


@pytest.mark.rule("TOPO-13")
def test_an_item_around_another_one_publishes_what_that_does(
    executor: Executor, outs: list[Any]
) -> None:
    class Inner(Item):
        def __init__(self) -> None:
            self.out = outs[0]

    class Gate(Item):
        def __init__(self, item: Item) -> None:
            self.__wrapped__ = item

    executor.add(Gate(Inner()))
    topology = executor.topology()
    assert published(topology) == {"item-0": {"c0"}}
    assert topology.nodes[0].label == "Inner"


@pytest.mark.rule("TOPO-13")
def test_after_a_restart_the_new_item_is_looked_at(make_executor: Make) -> None:
    executor = make_executor()
    outs = [executor.channel(f"c{i}", ctypes.c_uint64).publisher() for i in range(2)]
    fresh = iter(zip(outs, (True, False), strict=True))

    class Fails(Item):
        def __init__(self) -> None:
            self.out, self.fails = next(fresh)

        def declare_triggers(self, on: TriggerDeclarer) -> None:
            on.interval(0.001)

        def execute(self) -> None:
            if self.fails:
                raise ValueError

    executor.add(Fails, id="one", supervision=taktora.Supervision.restart())
    assert published(executor.topology()) == {"one": {"c0"}}
    executor.run_n(3)
    assert published(executor.topology()) == {"one": {"c1"}}


@pytest.mark.rule("TOPO-14")
def test_an_item_that_says_what_it_publishes_is_believed(
    executor: Executor, outs: list[Any]
) -> None:
    service = executor.service("add", ctypes.c_int32, ctypes.c_int32)

    class Says(Item):
        def __init__(self, *publishes: Any) -> None:
            self.out = outs[0]
            self.publishes = publishes

    executor.add(Says(outs[1], service, "by name"), id="says")
    executor.add(Says(), id="says nothing")
    topology = executor.topology()
    assert published(topology) == {"says": {"c1", "add", "by name"}}
    assert topology.channel("by name") == ChannelNode("by name")
    assert topology.channel("add").kind == "service"


@pytest.mark.rule("TOPO-14")
@pytest.mark.parametrize("wrong", ["c0", 7, [object()], (None,)])
def test_what_cannot_be_read_is_an_error_that_names_the_item(
    executor: Executor, wrong: Any
) -> None:
    class Wrong(Item):
        publishes = wrong

        def __repr__(self) -> str:
            return "<the wrong one>"

    executor.add(Wrong())
    with pytest.raises(WrongType, match="<the wrong one>"):
        executor.topology()


# --- compositions -----------------------------------------------------------------------------------


@pytest.mark.rule("TOPO-16")
def test_records_of_a_composition_become_members_with_edges_between_them(
    executor: Executor, outs: list[Any]
) -> None:
    class Sends(Item):
        def __init__(self) -> None:
            self.out = outs[1]

    trigger = SubscriberTrigger(executor.channel("c0", ctypes.c_uint64).subscriber())
    topology = describe(
        "t",
        [
            Record("see", None, (trigger,), "pool", "chain"),
            Record("head", Item(), (), "pool", "node", "see"),
            Record("tail", Sends(), (), "pool", "node", "see", ("head",)),
        ],
        executor.node.opened.values(),
        domain=executor.domain,
    )
    assert [node.id for node in topology.members("see")] == ["head", "tail"]
    assert topology.edges == (
        Edge("c0", "see", "wakes"),
        Edge("head", "tail", "next"),
        Edge("tail", "c1", "publishes"),
    )


@pytest.mark.rule("TOPO-16")
def test_chains_and_graphs_are_nodes_with_members_and_edges(executor: Executor) -> None:
    channel = executor.channel("in", ctypes.c_uint64)
    subscriber = channel.subscriber()

    @taktora.on(subscriber)
    def head() -> None:
        pass

    def work() -> None:
        pass

    executor.add_chain([head, taktora.item(work), taktora.item(work, id="end")], id="line")
    executor.add(
        taktora.item(work, id="a", triggers=lambda on: on.interval(1))
        >> [taktora.item(work, id="b"), taktora.item(work, id="c")]
        >> taktora.item(work, id="d"),
        id="net",
    )
    topology = executor.topology()
    line, net = topology.node("line"), topology.node("net")
    assert (line.kind, net.kind) == ("chain", "graph")
    assert line.triggers[0].channel == "in"
    assert net.triggers[0].period_ns == 1_000_000_000
    members = {node.id: (node.kind, node.label) for node in topology.nodes if node.composition}
    assert members == {
        "line.0": ("node", "head"),
        "line.1": ("node", "work"),
        "end": ("node", "end"),
        "a": ("vertex", "a"),
        "b": ("vertex", "b"),
        "c": ("vertex", "c"),
        "d": ("vertex", "d"),
    }
    edges = {(edge.source, edge.target) for edge in topology.edges if edge.kind == "next"}
    assert edges == {
        ("line.0", "line.1"),
        ("line.1", "end"),
        ("a", "b"),
        ("a", "c"),
        ("b", "d"),
        ("c", "d"),
    }
    assert ("in", "line") in {(e.source, e.target) for e in topology.edges if e.kind == "wakes"}


@pytest.mark.rule("TOPO-13", "TOPO-15")
def test_a_gate_shows_what_is_behind_it(executor: Executor) -> None:
    publisher = executor.channel("out", ctypes.c_uint64).publisher()

    @every(1)
    def measure() -> None:
        publisher.send_copy(1)

    ref = executor.add(taktora.conditional(measure, lambda: True))
    topology = executor.topology()
    assert topology.node(ref.item_id).label == "measure"
    assert Edge(ref.item_id, "out", "publishes") in topology.edges
