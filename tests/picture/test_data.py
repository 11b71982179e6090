"""The topology as data: what holds together, what is refused, what can be asked."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given

from taktora.errors import InvalidArgument, TaktoraError, UnknownItem, WrongType
from taktora.topology import ChannelNode, Edge, Node, Topology, TriggerNode
from tests.picture.strategies import topologies

A, B, C = Node("a"), Node("b"), ChannelNode("c", "channel", "double")
CHAIN = Node("chain", "chain")
HEAD, TAIL = Node("head", "node", composition="chain"), Node("tail", "node", composition="chain")


@pytest.mark.rule("TOPO-01")
@given(topologies())
def test_a_topology_is_plain_frozen_and_comparable(topology: Topology) -> None:
    told = topology.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert set(told) == {"name", "nodes", "edges", "channels"}
    assert [node["id"] for node in told["nodes"]] == [node.id for node in topology.nodes]
    again = copy.deepcopy(topology)
    assert again == topology
    assert hash(again) == hash(topology)
    assert pickle.loads(pickle.dumps(topology)) == topology
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        topology.name = "other"  # type: ignore[misc]


@pytest.mark.rule("TOPO-02")
def test_a_node_and_a_channel_may_share_a_name() -> None:
    topology = Topology("t", [Node("x")], [Edge("x", "x", "publishes")], [ChannelNode("x")])
    source, target = topology.ends(topology.edges[0])
    assert isinstance(source, Node)
    assert isinstance(target, ChannelNode)


@pytest.mark.rule("TOPO-02", "TOPO-05")
@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"nodes": [A, Node("a", "actor")]}, "node 'a' is in the topology twice"),
        ({"channels": [C, ChannelNode("c")]}, "channel 'c' is in the topology twice"),
        (
            {"nodes": [A], "channels": [C], "edges": [Edge("a", "c", "publishes")] * 2},
            "'a' publishes 'c' is in the topology twice",
        ),
    ],
)
def test_nothing_is_in_it_twice(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        Topology("t", **parts)


@pytest.mark.rule("TOPO-03", "TOPO-05")
@pytest.mark.parametrize(
    ("edge", "says"),
    [
        (Edge("a", "b", "publishes"), "no channel 'b'"),
        (Edge("c", "b", "publishes"), "no node 'c'"),
        (Edge("a", "c", "wakes"), "no channel 'a'"),
        (Edge("c", "gone", "wakes"), "no node 'gone'"),
        (Edge("a", "gone", "watches"), "no channel 'gone'"),
        (Edge("a", "a", "watches"), "joins a node to itself"),
        (Edge("chain", "head", "watches"), "joins a composition to its own member"),
        (Edge("tail", "chain", "watches"), "joins a composition to its own member"),
        (Edge("a", "b", "next"), "not in one composition"),
        (Edge("head", "b", "next"), "not in one composition"),
        (Edge("head", "head", "next"), "joins a node to itself"),
    ],
    ids=str,
)
def test_an_edge_that_does_not_fit_is_refused(edge: Edge, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says) as caught:
        Topology("t", [A, B, CHAIN, HEAD, TAIL], [edge], [C])
    assert str(edge) in str(caught.value)


@pytest.mark.rule("TOPO-03")
def test_every_kind_of_edge_that_fits_is_accepted() -> None:
    edges = (
        Edge("head", "tail", "next"),
        Edge("tail", "c", "publishes"),
        Edge("c", "chain", "wakes"),
        Edge("a", "chain", "watches"),
        Edge("a", "c", "watches"),
    )
    topology = Topology("t", [A, CHAIN, HEAD, TAIL], edges, [C])
    assert [tuple(end.id for end in topology.ends(edge)) for edge in edges] == [
        (edge.source, edge.target) for edge in edges
    ]


@pytest.mark.rule("TOPO-04", "TOPO-05")
@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([HEAD], "node 'head' is a member of 'chain', which is no chain or graph here"),
        ([Node("chain"), HEAD], "which is no chain or graph here"),
        (
            [Node("x", "chain", composition="y"), Node("y", "graph", composition="x")],
            "composition 'x' is inside itself",
        ),
        ([Node("x", "chain", composition="x")], "composition 'x' is inside itself"),
    ],
)
def test_a_member_is_somewhere_and_no_composition_is_inside_itself(
    nodes: list[Node], says: str
) -> None:
    with pytest.raises(InvalidArgument, match=says):
        Topology("t", nodes)


@pytest.mark.rule("TOPO-05")
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Node(""), InvalidArgument),
        (lambda: Node(7), WrongType),
        (lambda: Node("x", "thing"), InvalidArgument),
        (lambda: Node("x", "vertex"), InvalidArgument),
        (lambda: Node("x", triggers=["on imu"]), WrongType),
        (lambda: Node("x", triggers=3), WrongType),
        (lambda: Node("x", composition=""), WrongType),
        (lambda: ChannelNode("x", "pipe"), InvalidArgument),
        (lambda: Edge("a", "b", "likes"), InvalidArgument),
        (lambda: TriggerNode("sometimes"), InvalidArgument),
        (lambda: TriggerNode("interval"), InvalidArgument),
        (lambda: TriggerNode("interval", None, 0), InvalidArgument),
        (lambda: TriggerNode("interval", None, 0.5), WrongType),
        (lambda: TriggerNode("interval", None, True), WrongType),
        (lambda: TriggerNode("deadline_missed", "imu"), InvalidArgument),
        (lambda: Topology(None), WrongType),
        (lambda: Topology("t", [C]), WrongType),
        (lambda: Topology("t", None), WrongType),
    ],
)
def test_a_part_that_cannot_be_is_refused(make: Any, error: type[TaktoraError]) -> None:
    with pytest.raises(error):
        make()


def test_questions_have_answers_and_unknown_names_an_error() -> None:
    topology = Topology("t", [A, CHAIN, HEAD, TAIL], [], [C])
    assert topology.node("a") is A
    assert topology.channel("c") is C
    assert topology.members("chain") == (HEAD, TAIL)
    assert topology.members("a") == ()
    assert topology.within(HEAD) == ("chain",)
    assert topology.triggers == {"a": (), "chain": (), "head": (), "tail": ()}
    for ask in (topology.node, topology.channel, topology.members):
        with pytest.raises(UnknownItem, match="'x'"):
            ask("x")


@pytest.mark.parametrize(
    ("trigger", "says"),
    [
        (TriggerNode("interval", None, 10_000_000), "every 10 ms"),
        (TriggerNode("interval", None, 2_500_000_000), "every 2.5 s"),
        (TriggerNode("interval", None, 250_000), "every 250 µs"),
        (TriggerNode("interval", None, 333_333_333), "every 333.333 ms"),
        (TriggerNode("interval", None, 7), "every 7 ns"),
        (TriggerNode("deadline_missed", "imu", None, 50_000_000), "deadline 50 ms on imu"),
        (TriggerNode("subscriber", "imu"), "on imu"),
        (TriggerNode("server", "add"), "on requests to add"),
        (TriggerNode("client", "add"), "on responses of add"),
        (TriggerNode("fd"), "on a file descriptor"),
        (TriggerNode("listener"), "on a raw listener"),
    ],
)
def test_a_trigger_reads_as_people_say_it(trigger: TriggerNode, says: str) -> None:
    assert str(trigger) == says


def test_a_topology_reads_as_a_list() -> None:
    topology = Topology(
        "rig",
        [
            Node("item-0", label="measure", triggers=[TriggerNode("interval", None, 10**7)]),
            CHAIN,
            HEAD,
        ],
        [Edge("item-0", "c", "publishes")],
        [C],
    )
    assert repr(topology) == "<Topology 'rig': 3 nodes, 1 channel, 1 edge>"
    assert str(topology).splitlines() == [
        "topology 'rig': 3 nodes, 1 channel, 1 edge",
        "  item-0 (measure): item, every 10 ms, publishes c",
        "  chain: chain",
        "    head: node",
        "  channel c of double",
    ]
