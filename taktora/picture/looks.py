"""The colours of each kind of node, channel and edge, for every format."""

from __future__ import annotations

from typing import Final

from attrs import frozen

__all__ = ["EDGES", "LOOKS", "EdgeLook", "Look"]


@frozen
class Look:
    """Shape and colours of one kind of node or channel."""

    shape: str
    fill: str
    stroke: str
    ink: str = "#0f172a"
    dashed: bool = False


@frozen
class EdgeLook:
    """Colour and name of one kind of edge."""

    colour: str
    name: str
    dotted: bool = False


LOOKS: Final = {
    "item": Look("rounded", "#f8fafc", "#475569"),
    "node": Look("rounded", "#ffffff", "#475569"),
    "vertex": Look("rounded", "#ffffff", "#475569"),
    "actor": Look("rounded", "#f8fafc", "#475569", dashed=True),
    "chain": Look("frame", "#f5f3ff", "#7c3aed", "#5b21b6"),
    "graph": Look("frame", "#ecfdf5", "#059669", "#065f46"),
    "channel": Look("pill", "#e0f2fe", "#0284c7", "#0c4a6e"),
    "service": Look("octagon", "#fef3c7", "#b45309", "#78350f"),
}

EDGES: Final = {
    "publishes": EdgeLook("#0369a1", "publishes"),
    "wakes": EdgeLook("#c2410c", "wakes"),
    "next": EdgeLook("#334155", "is followed by"),
    "watches": EdgeLook("#7e22ce", "watches", dotted=True),
}
