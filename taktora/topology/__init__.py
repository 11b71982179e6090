"""An executor's topology as plain, frozen facts: who runs, what wakes it, and where data flows.

Ends of an edge, by its kind::

    next       a member of a composition -> the member that follows it
    publishes  a node -> the channel or service that it sends to
    wakes      a channel or service -> the node that it wakes
    watches    a node -> the node, or channel, that it keeps an eye on

Nodes and channels are two name spaces: an item and a channel may share a name.
"""

from __future__ import annotations

from taktora.topology.nodes import ChannelNode, Edge, Node, TriggerNode
from taktora.topology.whole import Topology

__all__ = ["ChannelNode", "Edge", "Node", "Topology", "TriggerNode"]
