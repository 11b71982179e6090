"""The shape of chains and graphs: what is refused, and what the plan says about the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.core.plan import Plan, chain, graph
from taktora.errors import GraphInvalid
from taktora.testing.strategies import dags

ABC = ["a", "b", "c"]


@pytest.mark.rule("GRAPH-01")
@pytest.mark.parametrize(
    ("ids", "edges", "roots", "offenders", "words"),
    [
        ([], [], [], (), "at least one vertex"),
        (ABC, [(0, 1), (1, 2)], [], (), "no root"),
        (ABC, [(0, 1), (1, 2)], [0, 2], ("a", "c"), "two roots, 'a', 'c'"),
        (ABC, [(0, 1), (1, 1), (1, 2)], [0], ("b",), "'b' follows itself"),
        (ABC, [(0, 1), (1, 2), (2, 0)], [0], ("a", "b", "c"), "a -> b -> c -> a"),
        (ABC, [(0, 1)], [0], ("c",), "'c' cannot be reached from the root 'a'"),
        (ABC, [(0, 1), (1, 2)], [1], ("a",), "'a' cannot be reached from the root 'b'"),
    ],
)
def test_a_shape_that_cannot_run_is_refused_and_the_offenders_are_named(
    ids: list[str],
    edges: list[tuple[int, int]],
    roots: list[int],
    offenders: tuple[str, ...],
    words: str,
) -> None:
    with pytest.raises(GraphInvalid) as caught:
        graph(ids, edges, roots)
    assert words in str(caught.value)
    assert set(caught.value.vertices) == set(offenders)


@pytest.mark.rule("GRAPH-01")
def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(GraphInvalid, match="at least one item"):
        chain([])


@pytest.mark.rule("GRAPH-01")
@given(dags(), st.data())
def test_the_cycle_that_is_printed_is_one(plan: Plan, data: st.DataObject) -> None:
    later = data.draw(st.integers(0, len(plan.order) - 1))
    earlier = data.draw(st.integers(0, later))
    closing = (plan.order[later], plan.order[earlier])
    edges = [*plan.edges, closing]
    connected = earlier == later or descends(plan, plan.order[earlier], plan.order[later])
    if not connected:
        graph(plan.ids, edges, [plan.root])
        return
    with pytest.raises(GraphInvalid) as caught:
        graph(plan.ids, edges, [plan.root])
    ring = [plan.ids.index(name) for name in caught.value.vertices]
    assert all(pair in edges for pair in zip(ring, [*ring[1:], ring[0]], strict=True))


def descends(plan: Plan, above: int, below: int) -> bool:
    seen, line = {above}, [above]
    while line:
        for target in plan.successors[line.pop()]:
            if target not in seen:
                seen.add(target)
                line.append(target)
    return below in seen


@pytest.mark.rule("GRAPH-02")
def test_an_edge_given_twice_is_one_edge() -> None:
    plan = graph(ABC, [(0, 1), (0, 1), (1, 2), (0, 1)], [0])
    assert plan.successors == ((1,), (2,), ())
    assert plan.predecessors == ((), (0,), (1,))


@pytest.mark.rule("GRAPH-10")
@given(dags())
def test_the_order_puts_every_vertex_after_its_predecessors(plan: Plan) -> None:
    assert sorted(plan.order) == list(range(len(plan.ids)))
    at = {number: place for place, number in enumerate(plan.order)}
    for number, before in enumerate(plan.predecessors):
        assert all(at[source] < at[number] for source in before)
        assert all(number in plan.successors[source] for source in before)


def test_a_chain_is_a_graph_in_line() -> None:
    line = graph(ABC, [(0, 1), (1, 2)], [0])
    assert chain(ABC) == Plan("chain", line.ids, line.successors, line.predecessors, line.order)
    assert chain(ABC).sinks == (2,)
