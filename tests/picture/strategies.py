"""Random topologies: nested compositions, cycles, and names that hold anything."""

from __future__ import annotations

from hypothesis import strategies as st

from taktora.errors import InvalidArgument
from taktora.topology import ChannelNode, Edge, Node, Topology, TriggerNode

names = st.one_of(
    st.text(min_size=1, max_size=12),
    st.text("ab/_-.<>&\"'\\;#`[](){}|\n\x00\u202e …Wm", min_size=1, max_size=60),
    st.sampled_from(["imu", "end", "graph", "subgraph", "n0", "c0", "1. x", "\\N", "&lt;", "<b>"]),
)
nanos = st.integers(1, 10**12)


@st.composite
def triggers(draw: st.DrawFn) -> TriggerNode:
    kind = draw(
        st.sampled_from(["subscriber", "interval", "deadline_missed", "server", "client", "fd"])
    )
    if kind == "interval":
        return TriggerNode("interval", None, draw(nanos))
    if kind == "deadline_missed":
        return TriggerNode("deadline_missed", draw(names), None, draw(nanos))
    return TriggerNode(kind, draw(st.none() | names))


@st.composite
def topologies(draw: st.DrawFn, most: int = 9) -> Topology:
    nodes: list[Node] = []
    compositions: list[Node] = []
    for node_id in draw(st.lists(names, unique=True, max_size=most)):
        home = draw(st.none() | st.sampled_from(compositions)) if compositions else None
        kinds = ["item", "actor", "chain", "graph"]
        if home is not None:
            kinds += ["node" if home.kind == "chain" else "vertex"] * 6
        node = Node(
            node_id,
            draw(st.sampled_from(kinds)),
            draw(st.just("") | names),
            home.id if home else None,
            tuple(draw(st.lists(triggers(), max_size=6))),
            draw(st.sampled_from(["inline", "pool"])),
        )
        nodes.append(node)
        if node.is_composition:
            compositions.append(node)
    channels = [
        ChannelNode(name, draw(st.sampled_from(["channel", "service"])), draw(st.text(max_size=30)))
        for name in draw(st.lists(names, unique=True, max_size=6))
    ]
    edges: list[Edge] = []
    node_ids, channel_ids = [node.id for node in nodes], [channel.id for channel in channels]
    for kind in draw(
        st.lists(st.sampled_from(["next", "publishes", "wakes", "watches"]), max_size=16)
    ):
        sources = channel_ids if kind == "wakes" else node_ids
        targets = channel_ids if kind == "publishes" else node_ids
        if not sources or not targets:
            continue
        edge = Edge(draw(st.sampled_from(sources)), draw(st.sampled_from(targets)), kind)
        try:
            Topology("", nodes, [*edges, edge], channels)
        except InvalidArgument:
            continue  # joins what may not be joined, or is there already
        edges.append(edge)
    return Topology(draw(st.text(max_size=40)), nodes, edges, channels)
