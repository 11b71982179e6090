"""Chains and graphs as data: who follows whom, checked once, before anything runs.

A chain is a graph whose vertices stand in line. Vertices are numbers here (their place in
``ids``); names are for people.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from taktora.errors import GraphInvalid

__all__ = ["Plan", "chain", "graph"]


@frozen
class Plan:
    """A directed acyclic graph with one root, from which every vertex can be reached."""

    kind: Literal["chain", "graph"]
    ids: tuple[str, ...]
    successors: tuple[tuple[int, ...], ...]
    predecessors: tuple[tuple[int, ...], ...]
    """In the order in which the edges were given."""
    order: tuple[int, ...]
    """Every vertex after all its predecessors; the root first."""

    @property
    def root(self) -> int:
        """The vertex that runs first."""
        return self.order[0]

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Every edge, by source."""
        return tuple((a, b) for a, after in enumerate(self.successors) for b in after)

    @property
    def sinks(self) -> tuple[int, ...]:
        """The vertices that nobody follows."""
        return tuple(i for i, after in enumerate(self.successors) if not after)

    def named(self, ids: Sequence[str]) -> Plan:
        """The same shape with other names."""
        return Plan(self.kind, tuple(ids), self.successors, self.predecessors, self.order)


def chain(ids: Sequence[str]) -> Plan:
    """``ids`` in line.

    Raises:
        GraphInvalid: there are none.
    """
    if not ids:
        raise GraphInvalid("a chain needs at least one item")
    numbers = range(len(ids))
    after = [(number + 1,) for number in numbers]
    after[-1] = ()  # type: ignore[assignment]
    before: list[tuple[int, ...]] = [(), *((number,) for number in numbers[:-1])]
    return Plan("chain", tuple(ids), tuple(after), tuple(before), tuple(numbers))


def graph(ids: Sequence[str], edges: Sequence[tuple[int, int]], roots: Sequence[int]) -> Plan:
    """The graph with these vertices, edges and named roots.

    An edge given twice is one edge.

    Raises:
        GraphInvalid: empty, no root, two roots, a root with predecessors, a self-loop, a cycle,
            or vertices that cannot be reached from the root; ``vertices`` are the offenders.
    """
    if not ids:
        raise GraphInvalid("a graph needs at least one vertex")
    if not roots:
        raise GraphInvalid(f"no root: name the vertex that runs first, one of {_names(ids)}")
    if len(set(roots)) > 1:
        named = [ids[number] for number in dict.fromkeys(roots)]
        raise GraphInvalid(f"two roots, {_names(named)}: a graph has one", named)
    after: list[list[int]] = [[] for _ in ids]
    before: list[list[int]] = [[] for _ in ids]
    for source, target in edges:
        if source == target:
            raise GraphInvalid(f"{ids[source]!r} follows itself", [ids[source]])
        if target not in after[source]:
            after[source].append(target)
            before[target].append(source)
    order = _in_order(after, before)
    if len(order) < len(ids):
        found = [ids[number] for number in _cycle(before, set(range(len(ids))) - set(order))]
        raise GraphInvalid(f"a cycle: {' -> '.join([*found, found[0]])}", found)
    root = roots[0]
    lost = sorted(set(range(len(ids))) - _reached(after, root))
    if lost:
        names = [ids[number] for number in lost]
        raise GraphInvalid(f"{_names(names)} cannot be reached from the root {ids[root]!r}", names)
    return Plan(
        "graph", tuple(ids), tuple(map(tuple, after)), tuple(map(tuple, before)), tuple(order)
    )


def _in_order(after: list[list[int]], before: list[list[int]]) -> list[int]:
    """Kahn's order: as many vertices as can be put after all their predecessors."""
    missing = [len(sources) for sources in before]
    ready = deque(number for number, count in enumerate(missing) if count == 0)
    order: list[int] = []
    while ready:
        number = ready.popleft()
        order.append(number)
        for target in after[number]:
            missing[target] -= 1
            if missing[target] == 0:
                ready.append(target)
    return order


def _cycle(before: list[list[int]], left: set[int]) -> list[int]:
    """One cycle among the vertices that could not be ordered: each has a predecessor in there."""
    trail: list[int] = []
    number = min(left)
    while number not in trail:
        trail.append(number)
        number = next(source for source in before[number] if source in left)
    ring = trail[trail.index(number) :][::-1]
    first = ring.index(min(ring))
    return ring[first:] + ring[:first]


def _reached(after: list[list[int]], root: int) -> set[int]:
    seen, line = {root}, [root]
    while line:
        for target in after[line.pop()]:
            if target not in seen:
                seen.add(target)
                line.append(target)
    return seen


def _names(ids: Sequence[str]) -> str:
    shown = ", ".join(map(repr, ids[:10]))
    return shown if len(ids) <= 10 else f"{shown} and {len(ids) - 10} more"
