"""Short names that every text format accepts, in place of ids that may hold anything."""

from __future__ import annotations

from taktora.topology import ChannelNode, Node, Topology

__all__ = ["Names"]


class Names:
    """``n0``, ``n1``, ... for nodes and ``c0``, ``c1``, ... for channels, in their order."""

    def __init__(self, topology: Topology) -> None:
        self._nodes = {node.id: f"n{i}" for i, node in enumerate(topology.nodes)}
        self._channels = {channel.id: f"c{i}" for i, channel in enumerate(topology.channels)}

    def of(self, thing: Node | ChannelNode) -> str:
        """The short name of ``thing``."""
        return (self._nodes if isinstance(thing, Node) else self._channels)[thing.id]
