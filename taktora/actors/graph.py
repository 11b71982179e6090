"""Building a graph: vertices, edges, one root."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from taktora.actors.compositions import CompositionRef
from taktora.actors.item import Item
from taktora.actors.node import NodeSpec, Sketch, node
from taktora.core.plan import Plan, graph
from taktora.core.supervision import Supervision
from taktora.errors import GraphInvalid, WrongType

__all__ = ["GraphBuilder", "Vertex", "shape_of"]

Shape = Callable[[Sequence[str]], Plan]
"""Makes the plan once every node has its name."""


class Compose(Protocol):
    """What adds the finished graph to its executor."""

    def __call__(self, nodes: Sequence[NodeSpec], shape: Shape) -> CompositionRef:
        """Check, build, add."""


class Vertex:
    """A place in a graph; made by :meth:`GraphBuilder.vertex`."""

    __slots__ = ("_builder", "_number", "label")

    def __init__(self, builder: GraphBuilder, number: int, label: str) -> None:
        self._builder = builder
        self._number = number
        self.label = label

    def __repr__(self) -> str:
        return f"<Vertex {self.label}>"


class GraphBuilder:
    """Collects a graph; nothing is added to the executor before :meth:`build`.

    One thread. ``vertex``, ``edge`` and ``root`` in any order; then ``build``, once.
    """

    def __init__(self, compose: Compose) -> None:
        self._compose = compose
        self._nodes: list[NodeSpec] = []
        self._edges: list[tuple[int, int]] = []
        self._roots: list[int] = []
        self._built = False

    def __repr__(self) -> str:
        return f"<GraphBuilder: {len(self._nodes)} vertices, {len(self._edges)} edges>"

    def vertex(
        self,
        item: Item | Callable[[], Item] | NodeSpec,
        *,
        id: str | None = None,
        placement: str | None = None,
        fault_handler: Item | Callable[[], Item] | None = None,
        supervision: Supervision | None = None,
    ) -> Vertex:
        """A vertex that runs ``item``; options as of :meth:`Executor.add`.

        Raises:
            GraphInvalid: the graph was built already.
        """
        self._check_open()
        made = item
        if not isinstance(made, NodeSpec):
            made = node(
                made,
                id=id,
                placement=placement,
                fault_handler=fault_handler,
                supervision=supervision,
            )
        self._nodes.append(made)
        return Vertex(self, len(self._nodes) - 1, made.label)

    def edge(self, before: Vertex, after: Vertex) -> None:
        """``after`` starts when ``before``, and every other predecessor of it, is done.

        Raises:
            GraphInvalid: a vertex of another graph, or the graph was built already.
        """
        self._check_open()
        self._edges.append((self._number_of(before), self._number_of(after)))

    def root(self, vertex: Vertex) -> None:
        """The vertex that runs first; its triggers wake the graph.

        Raises:
            GraphInvalid: a vertex of another graph, or the graph was built already.
        """
        self._check_open()
        self._roots.append(self._number_of(vertex))

    def build(self) -> CompositionRef:
        """Check the graph, add it to the executor, and return its ref.

        Raises:
            GraphInvalid: empty, no root, two roots, a vertex that follows itself, a cycle, or
                vertices that cannot be reached; nothing was added.
            Whatever ``Executor.add`` raises: for one of the items; nothing was added.
        """
        self._check_open()
        edges, roots = tuple(self._edges), tuple(self._roots)
        ref = self._compose(self._nodes, lambda ids: graph(ids, edges, roots))
        self._built = True
        return ref

    def _number_of(self, vertex: Any) -> int:
        if not isinstance(vertex, Vertex):
            raise WrongType(f"a graph connects what vertex() returned, not {vertex!r}")
        if vertex._builder is not self:  # noqa: SLF001
            raise GraphInvalid(f"{vertex!r} is a vertex of another graph", [vertex.label])
        return vertex._number  # noqa: SLF001

    def _check_open(self) -> None:
        if self._built:
            raise GraphInvalid("this graph was built already; make a new one with add_graph()")


def shape_of(sketch: Sketch) -> tuple[list[Any], Shape]:
    """The parts of a ``>>`` sketch, and the graph that it draws.

    Every item of a stage is followed by every item of the next one.
    """
    parts: list[Any] = []
    stages: list[range] = []
    for stage in sketch.stages:
        stages.append(range(len(parts), len(parts) + len(stage)))
        parts += stage
    edges = [
        (source, target)
        for before, after in itertools.pairwise(stages)
        for source in before
        for target in after
    ]
    return parts, lambda ids: graph(ids, edges, tuple(stages[0]))
