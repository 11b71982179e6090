"""Hypothesis strategies for what taktora is configured with. Needs the extra ``testing``."""

from __future__ import annotations

from hypothesis import strategies as st

from taktora.core.plan import Plan, graph

__all__ = ["dags"]


@st.composite
def dags(draw: st.DrawFn, most: int = 30) -> Plan:
    """Graphs of up to ``most`` vertices with one root that reaches all, numbered in any order.

    They shrink to few vertices and few edges. Vertices are called ``v0``, ``v1``, ...
    """
    size = draw(st.integers(1, most))
    names = draw(st.permutations(range(size)))
    edges = set()
    for number in range(1, size):
        before = draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=4))
        edges |= {(names[source], names[number]) for source in before}
    ordered = draw(st.permutations(sorted(edges)))
    return graph([f"v{number}" for number in range(size)], ordered, [names[0]])
