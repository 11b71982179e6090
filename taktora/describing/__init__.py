"""From what an executor runs to its :class:`~taktora.topology.Topology`.

A :class:`Record` is one thing that runs; :func:`describe` needs nothing else, so whoever makes a
new kind of thing (a chain, a graph) hands in its records: one for the composition, with the
triggers of its head, and one per member with ``composition`` and ``predecessors``.
"""

from __future__ import annotations

from taktora.describing.builder import describe
from taktora.describing.outlets import outlets
from taktora.describing.records import Record, records_of

__all__ = ["Record", "describe", "outlets", "records_of"]
